// Coloring validity on planes: Boolean algebra on one plane a color (MATH.md §4).
#if defined(LEAFCAST_PLANES_PLANE_VALIDITY_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_PLANES_PLANE_VALIDITY_H_
#undef LEAFCAST_PLANES_PLANE_VALIDITY_H_
#else
#define LEAFCAST_PLANES_PLANE_VALIDITY_H_
#endif

#include "engine/cell/cell.h"
#include "engine/kernels/planes/plane.h"
#include "engine/observe/tally.h"
#include "engine/observe/validity.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Colors that are removed from a node by the children seen so far: all but c by none, c by a child frozen to
/// c.
template <int Q>
struct RemovedColors {
  Plane color[Q];
};

template <int Q>
class PlaneValidity {
 public:
  PlaneValidity(const Cell& cell, Tally& tally)
      : valid_subtrees_(tally.counts(fields::valid)),
        first_inconsistency_(tally.counts(fields::first_inconsistency)),
        frozen_roots_(tally.counts(fields::frozen_roots)[0]),
        free_roots_(tally.counts(fields::free_roots)[0]),
        height_(cell.language().height),
        d_(static_cast<std::uint64_t>(cell.language().d)),
        leaves_(static_cast<std::uint64_t>(cell.language().leaves())),
        levels_(static_cast<std::size_t>(height_) + 1) {}

  void begin(const Plane& active, int count) {
    active_ = active;
    count_ = static_cast<std::uint64_t>(count);
  }

  /// The level-1 node with these removed colors is complete, and the subtrees of heights 2…carry that end
  /// with it.
  HWY_INLINE void complete(RemovedColors<Q> removed, int carry) {
    for (int j = 1;; ++j) {
      Level& level = levels_[j];
      Plane empty = removed.color[0];
      for (int c = 1; c < Q; ++c) empty &= removed.color[c];
      level.empties.add(empty & active_, level.nodes++);
      level.any_empty |= empty;
      RemovedColors<Q> by_this;
      for (int c = 0; c < Q; ++c) {
        Plane others = all_samples();
        for (int e = 0; e < Q; ++e)
          if (e != c) others &= removed.color[e];
        by_this.color[c] = others;  // frozen to c, or empty: then every color is removed above
      }
      if (j == height_) return end_sentence(by_this, empty);
      RemovedColors<Q>& above = levels_[j + 1].removed;
      for (int c = 0; c < Q; ++c) above.color[c] |= by_this.color[c];
      if (j == carry) return;
      removed = std::exchange(above, RemovedColors<Q>{});
    }
  }

 private:
  struct Level {
    RemovedColors<Q> removed{};
    Plane any_empty{};
    PlaneCounter empties;
    std::uint32_t nodes = 0;
  };

  HWY_NOINLINE void end_sentence(const RemovedColors<Q>& by_root, const Plane& empty) {
    Plane frozen = no_samples();
    for (int c = 0; c < Q; ++c) frozen |= by_root.color[c];
    frozen_roots_ += population(frozen & ~empty & active_);
    free_roots_ += population(~frozen & active_);
    valid_subtrees_[0] += leaves_ * count_;  // a leaf by itself is valid
    Plane consistent = active_;
    std::uint64_t nodes = leaves_;
    for (int j = 1; j <= height_; ++j) {
      Level& level = levels_[j];
      const Plane first = consistent & level.any_empty;
      first_inconsistency_[static_cast<std::size_t>(j)] += population(first);
      consistent &= ~first;
      level.any_empty = no_samples();
      nodes /= d_;
      valid_subtrees_[static_cast<std::size_t>(j)] +=
          nodes * count_ - level.empties.take(std::exchange(level.nodes, 0));
    }
  }

  std::span<std::uint64_t> valid_subtrees_, first_inconsistency_;  // [height 0…h]
  std::uint64_t &frozen_roots_, &free_roots_;
  int height_;
  std::uint64_t d_, leaves_, count_ = 0;
  Plane active_{};
  LaneArray<Level> levels_;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
