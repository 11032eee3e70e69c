// The writers that keep the symbols of the current leaf's ancestors up to a block's height w, on planes: the
// language itself (w = h), block with root memory and reasoning with path encoding.
#if defined(LEAFCAST_PLANES_PLANE_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_PLANES_PLANE_SAMPLER_H_
#undef LEAFCAST_PLANES_PLANE_SAMPLER_H_
#else
#define LEAFCAST_PLANES_PLANE_SAMPLER_H_
#endif

#include "engine/kernels/planes/plane_channel.h"
#include "engine/kernels/tables/sampler_tables.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

template <int Q>
class PlaneSampler {
  using C = PlaneChannel<Q>;

 public:
  using Symbol = typename C::Symbol;

  explicit PlaneSampler(const SamplerTables& tables)
      : tables_(&tables),
        w_(tables.block_height),
        always_leaves_(tables.leave >= 1),
        leave_(tables.leave),
        across_(tables.across_leave.begin(), tables.across_leave.end()),
        ancestor_(static_cast<std::size_t>(w_) + 1) {}

  /// Draws the level-1 node whose first leaf is reached by this carry; `first` says that it opens the
  /// sentence.
  HWY_INLINE void descend(bool first, int carry, PlaneStream& stream) {
    if (w_ == 0) {
      ancestor_[0] = first ? C::draw_root(stream) : cross(ancestor_[0], carry, stream);
      leaf_is_drawn_ = true;
      return;
    }
    int below = carry;  // ancestors of heights 1…below are new
    if (first || carry >= w_) {
      ancestor_[w_] = first ? C::draw_root(stream) : cross(ancestor_[w_], carry, stream);
      below = w_ - 1;
    }
    for (int j = below; j >= 1; --j) ancestor_[j] = child(ancestor_[j + 1], stream);
  }
  /// The next leaf of that node.
  HWY_INLINE Symbol leaf(PlaneStream& stream) {
    if (w_ > 0) return child(ancestor_[1], stream);
    if (!std::exchange(leaf_is_drawn_, false)) ancestor_[0] = cross(ancestor_[0], 0, stream);
    return ancestor_[0];
  }

  /// The current leaf's ancestor of height j ≤ w; those of heights 1 … carry are new.
  const Symbol& node(int j) const { return ancestor_[j]; }

  /// Symbols that the writer carries from one step to the next.
  int memory_symbols() const { return w_ > 0 ? w_ : 1; }

 private:
  HWY_INLINE Symbol child(const Symbol& parent, PlaneStream& stream) const {
    return C::draw_child(parent, leave_, always_leaves_, stream);
  }
  /// The next block's root given the last one's.
  HWY_INLINE Symbol cross(const Symbol& last_root, int carry, PlaneStream& stream) const {
    const BernoulliPlane& leave = across_[tables_->boundary_law(carry)];
    return C::draw_child(last_root, leave, false, stream);
  }

  const SamplerTables* tables_;
  int w_;
  bool always_leaves_, leaf_is_drawn_ = false;
  BernoulliPlane leave_;
  std::vector<BernoulliPlane> across_;
  LaneArray<Symbol> ancestor_;  // [height 0…w]
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
