// How a k-gram, of channels or of grammars, comes from the law of the next leaf to the leaf.
#if defined(LEAFCAST_LANES_LAW_DRAW_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_LAW_DRAW_H_
#undef LEAFCAST_LANES_LAW_DRAW_H_
#else
#define LEAFCAST_LANES_LAW_DRAW_H_
#endif

#include "engine/kernels/lanes/channel.h"
#include "engine/kernels/lanes/information.h"
#include "engine/kernels/lanes/stream.h"
#include "engine/writers/kgram.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

class LawDraw {
 public:
  explicit LawDraw(const KgramGenerator& writer) : power_(static_cast<float>(1 / writer.temperature)) {}

  /// What the writer makes of the conditional law of a leaf, both up to a factor: powers of its temperature.
  HWY_INLINE void shape(F32* weight, int q) const {
    if (power_ != 1) raise(weight, q);
  }
  /// The same, for one that is in registers: only a copy has an address, and only where it must.
  template <int Q>
  HWY_INLINE void shape(Message<Q>& law, int q) const {
    if (power_ == 1) return;
    Message<Q> copy = law;
    raise(copy.weight, q);
    law = copy;
  }
  /// A symbol of what came of it.
  template <class Count>
  HWY_INLINE I32 operator()(const F32* weight, Count q, LaneStream& stream) {
    return draw_weighted(weight, q, stream.uniform(), least_weight_);
  }
  /// The least sum of weights that a symbol was drawn from: 0 if a window was impossible.
  F32 least_weight() const { return least_weight_; }

 private:
  /// w → (w / max w)^power; what is impossible stays so, and so does a law of nothing but zeros.
  HWY_NOINLINE void raise(F32* weight, int q) const {
    F32 most = weight[0];
    for (int c = 1; c < q; ++c) most = choose(weight[c] > most, weight[c], most);
    // A power of two first, so that the least weights do not end below the normal range.
    const F32 scale = power_of_two_scale(most), whole = most * scale;
    const F32 inverse = 1.0f / choose(whole > 0.0f, whole, splat(1));
    for (int c = 0; c < q; ++c) {
      const F32 w = weight[c] * scale * inverse;
      weight[c] = choose(w >= 0x1p-126f, exponential(natural_log(w) * power_), F32{});
    }
  }
  /// e^y to about 2e-7 of itself, the same on every instruction set; 1 for y > 0, which is rounding, and 0 below
  /// 2^-126. e^y = 2^n e^r with |r| ≤ ½ log 2.
  static HWY_INLINE F32 exponential(F32 y) {
    constexpr float kLeast = -126 * 0.693147181f;
    const F32 t = choose(y > kLeast, smaller(y, F32{}), splat(kLeast)) * 1.44269504f;
    const I32 n = convert<I32>(t - 0.5f);
    const F32 r = (t - convert<F32>(n)) * 0.693147181f;
    const F32 series =
        (((((r * (1 / 720.0f) + 1 / 120.0f) * r + 1 / 24.0f) * r + 1 / 6.0f) * r + 0.5f) * r + 1.0f) * r +
        1.0f;
    return choose(y > kLeast, as<F32>((n + 127) << 23) * series, F32{});
  }

  float power_;
  F32 least_weight_ = splat(1);
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
