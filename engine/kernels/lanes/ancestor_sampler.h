// Writers that keep the symbols of the current leaf's ancestors up to a block's height w: the language itself
// (w = h), block with root or leaf memory, and reasoning with path encoding (w = memory depth).
#if defined(LEAFCAST_LANES_ANCESTOR_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_ANCESTOR_SAMPLER_H_
#undef LEAFCAST_LANES_ANCESTOR_SAMPLER_H_
#else
#define LEAFCAST_LANES_ANCESTOR_SAMPLER_H_
#endif

#include "engine/kernels/lanes/upward_pass.h"
#include "engine/language/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Law across a block boundary: the next block's root given the last one's, by the carry of the boundary.
template <class C>
class BoundaryLaw {
 public:
  explicit BoundaryLaw(const SamplerTables& tables) : tables_(&tables) {}
  HWY_INLINE I32 draw(I32 last_root, int carry, F32 u) const {
    const std::size_t law = tables_->boundary_law(carry);
    if constexpr (C::kSymmetric)
      return C(tables_->q, tables_->across_symmetric[law]).draw_child(last_root, u);
    else
      return draw_from_row(tables_->across_cumulative[law].data(), tables_->q, tables_->q, last_root, u);
  }

 private:
  const SamplerTables* tables_;
};

template <class C, bool kLeafMemory>
class AncestorSampler {
 public:
  explicit AncestorSampler(const SamplerTables& tables)
      : channel_(tables),
        boundary_(tables),
        w_(tables.block_height),
        ancestor_(static_cast<std::size_t>(w_) + 1),
        upward_(channel_, tables, kLeafMemory ? w_ : 0),
        posterior_(tables.q) {}

  /// Draws leaf odometer.leaf(), reached by the given carry (the height of the tree before the first leaf).
  HWY_INLINE I32 next(const LeafOdometer& odometer, int carry, LaneStream& stream) {
    int below = carry;  // ancestors of heights 0…below are new
    if (odometer.leaf() == 0) {
      if constexpr (kLeafMemory) upward_.reset();
      ancestor_[w_] = channel_.draw_root(stream.uniform());
      below = w_ - 1;
    } else if (carry >= w_) {
      if constexpr (kLeafMemory) recall(stream);
      ancestor_[w_] = boundary_.draw(ancestor_[w_], carry, stream.uniform());
      below = w_ - 1;
    } else if constexpr (kLeafMemory) {
      for (int j = 1; j <= carry; ++j) upward_.complete(j);
    }
    for (int j = below; j >= 0; --j) ancestor_[j] = channel_.draw_child(ancestor_[j + 1], stream.uniform());
    if constexpr (kLeafMemory)
      if (w_ > 0) upward_.leaf(ancestor_[0]);
    return ancestor_[0];
  }

  /// Symbol of the current leaf's ancestor of height j ≤ w; those of heights 1 … carry are new.
  static constexpr bool kKnowsAncestors = true;
  HWY_INLINE I32 node(int j) const { return ancestor_[j]; }

  /// Symbols that the writer carries from one step to the next: the ancestors of heights 1…w (the leaf itself
  /// if w = 0).
  int memory_symbols() const { return w_ > 0 ? w_ : 1; }
  /// The least sum of weights that a symbol was drawn from: 0 if a window was impossible.
  F32 least_weight() const { return least_weight_; }

 private:
  /// Replaces the last block's root by a draw from its posterior ν ⊙ μ given the block's leaves.
  HWY_INLINE void recall(LaneStream& stream) {
    if (w_ == 0) return;  // the block is its root
    for (int j = 1; j < w_; ++j) upward_.complete(j);
    const F32* message = upward_.left(w_);
    for (int c = 0; c < channel_.q(); ++c) posterior_[c] = channel_.stationary(c) * message[c];
    ancestor_[w_] = draw_weighted(posterior_.data(), channel_.q(), stream.uniform(), least_weight_);
    upward_.clear(w_);
  }

  C channel_;
  BoundaryLaw<C> boundary_;
  int w_;
  LaneArray<I32> ancestor_;  // [height 0…w]
  UpwardPass<C> upward_;
  LaneArray<F32> posterior_;
  F32 least_weight_ = splat(1);
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
