// The upward pass of belief propagation over a streamed sentence: messages of subtrees as they complete
// (MATH.md §3).
#if defined(LEAFCAST_LANES_UPWARD_PASS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_UPWARD_PASS_H_
#undef LEAFCAST_LANES_UPWARD_PASS_H_
#else
#define LEAFCAST_LANES_UPWARD_PASS_H_
#endif

#include "engine/lanes/channel.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Keeps, for every level j, left(j) = Π K μ_s over the completed children s of the height-j node that is
/// being written. When the node completes, left(j) is its message μ_v(c) ∝ P(leaves below v | symbol of v =
/// c). Memory: O(q h) lanes.
template <class C>
class UpwardPass {
 public:
  UpwardPass(const C& channel, int levels)
      : channel_(channel),
        levels_(levels),
        left_(static_cast<std::size_t>(levels + 2) * channel.q()),
        pulled_(channel.q()) {
    reset();
  }

  void reset() {
    for (int j = 1; j <= levels_ + 1; ++j) clear(j);
  }
  HWY_INLINE void leaf(I32 x) {
    channel_.pull_symbol(x, pulled_.data());
    multiply(left(1), pulled_.data(), channel_.q());
  }
  /// A complete child of a level-j node with the given symbol.
  HWY_INLINE void known_child(int j, I32 symbol) {
    channel_.pull_symbol(symbol, pulled_.data());
    multiply(left(j), pulled_.data(), channel_.q());
  }
  /// Completes the height-j node: returns K μ of it, valid until the next call, and multiplies it into its
  /// parent's product.
  HWY_INLINE const F32* complete(int j) {
    channel_.pull(left(j), pulled_.data());
    clear(j);
    multiply(left(j + 1), pulled_.data(), channel_.q());
    return pulled_.data();
  }
  HWY_INLINE F32* left(int j) { return left_.data() + static_cast<std::size_t>(j) * channel_.q(); }
  HWY_INLINE void clear(int j) {
    for (int c = 0; c < channel_.q(); ++c) left(j)[c] = splat(1.0f);
  }

 private:
  C channel_;
  int levels_;
  LaneArray<F32> left_, pulled_;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
