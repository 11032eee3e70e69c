// The upward pass of belief propagation over a streamed sentence: messages of subtrees as they complete
// (MATH.md §3).
#if defined(LEAFCAST_LANES_UPWARD_PASS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_UPWARD_PASS_H_
#undef LEAFCAST_LANES_UPWARD_PASS_H_
#else
#define LEAFCAST_LANES_UPWARD_PASS_H_
#endif

#include <cmath>

#include "engine/kernels/lanes/channel.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Keeps, for every level j, left(j) ∝ Π K μ_s over the completed children s of the height-j node that is
/// being written. When the node completes, left(j) is its message μ_v(c) ∝ P(leaves below v | symbol of v =
/// c). Memory: O(q h) lanes.
template <class C>
class UpwardPass {
 public:
  UpwardPass(const C& channel, const SamplerTables& tables, int levels)
      : channel_(channel),
        // Unless even a product of d least entries stays far from underflow.
        rescale_every_factor_(tables.d * std::log2(tables.least_entry) < -40),
        levels_(levels),
        left_(static_cast<std::size_t>(levels + 2) * channel.q()) {
    reset();
  }

  void reset() {
    for (int j = 1; j <= levels_ + 1; ++j) clear(j);
  }
  HWY_INLINE void leaf(I32 x) { known_child(1, x); }
  /// A complete child of a level-j node with the given symbol.
  HWY_INLINE void known_child(int j, I32 symbol) {
    Message<C::kQ> factor;
    channel_.pull_symbol(symbol, factor);
    absorb(left(j), factor);
  }
  /// Completes the height-j node: its K μ is multiplied into its parent's product and returned.
  HWY_INLINE Message<C::kQ> complete(int j) {
    Message<C::kQ> pulled;
    channel_.pull(left(j), pulled);
    rescale(pulled.weight, channel_.q());
    clear(j);
    absorb(left(j + 1), pulled);
    return pulled;
  }
  HWY_INLINE F32* left(int j) { return left_.data() + static_cast<std::size_t>(j) * channel_.q(); }
  HWY_INLINE void clear(int j) {
    for (int c = 0; c < channel_.q(); ++c) left(j)[c] = splat(1.0f);
  }
  /// into ⊙= factor.
  HWY_INLINE void absorb(F32* into, const F32* factor) const {
    multiply(into, factor, channel_.q());
    if (rescale_every_factor_) rescale(into, channel_.q());
  }

 private:
  C channel_;
  bool rescale_every_factor_;
  int levels_;
  LaneArray<F32> left_;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
