// How a k-gram, of channels or of grammars, comes from the law of the next leaf to the leaf.
#if defined(LEAFCAST_LANES_LAW_DRAW_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_LAW_DRAW_H_
#undef LEAFCAST_LANES_LAW_DRAW_H_
#else
#define LEAFCAST_LANES_LAW_DRAW_H_
#endif

#include "engine/kernels/lanes/channel.h"
#include "engine/kernels/lanes/stream.h"
#include "engine/writers/kgram.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

class LawDraw {
 public:
  explicit LawDraw(const KgramGenerator&) {}

  /// What the writer makes of the conditional law of a leaf, both up to a factor.
  HWY_INLINE void shape(F32*, int) const {}
  /// A symbol of what came of it.
  template <class Count>
  HWY_INLINE I32 operator()(const F32* weight, Count q, LaneStream& stream) {
    return draw_weighted(weight, q, stream.uniform(), least_weight_);
  }
  /// The least sum of weights that a symbol was drawn from: 0 if a window was impossible.
  F32 least_weight() const { return least_weight_; }

 private:
  F32 least_weight_ = splat(1);
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
