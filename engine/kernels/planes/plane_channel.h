// A symmetric channel of two, three or four symbols on planes.
#if defined(LEAFCAST_PLANES_PLANE_CHANNEL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_PLANES_PLANE_CHANNEL_H_
#undef LEAFCAST_PLANES_PLANE_CHANNEL_H_
#else
#define LEAFCAST_PLANES_PLANE_CHANNEL_H_
#endif

#include <cmath>

#include "engine/kernels/planes/plane.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Draws planes whose bits are 1 with probability p, independently: compares a uniform of each sample with p,
/// binary digit by digit from the top, until every sample is decided. Exact for the double p: all of its
/// digits count.
class BernoulliPlane {
 public:
  explicit BernoulliPlane(double p) : always_(p >= 1) {
    for (double rest = p; !always_ && rest > 0 && count_ < kMost; ++count_) {
      rest *= 2;
      digits_[count_] = rest >= 1 ? ~0u : 0u;
      if (rest >= 1) rest -= 1;
    }
  }

  // Not inlined: here the stream's state stays in registers for a dozen steps, which it does not in a long
  // function.
  HWY_NOINLINE Plane draw(PlaneStream& stream) const {
    if (always_) return all_samples();
    PlaneStream local = stream;
    Plane below = no_samples(), undecided = all_samples();
    for (int t = 0; t < count_; ++t) {
      const Plane random = local.bits(), digit = Plane::all(digits_[t]);
      below |= undecided & digit & ~random;
      undecided &= ~(random ^ digit);
      // After t digits a sample is undecided with probability 2^−t: before this it is not worth asking.
      if (t >= kBlind && t % 2 == 1 && !any(undecided)) break;
    }
    stream = local;
    return below;
  }

 private:
  static constexpr int kMost = 1080;  // more than a double has
  static constexpr int kBlind = 8;
  bool always_;
  int count_ = 0;
  std::array<std::uint32_t, kMost> digits_{};
};

/// Symbols of 512 samples, a plane for each binary digit of the symbol.
template <int Q>
struct PlaneSymbol {
  Plane digit[Q == 2 ? 1 : 2];
};

template <int Q>
class PlaneChannel {
 public:
  using Symbol = PlaneSymbol<Q>;

  static HWY_INLINE Symbol draw_root(PlaneStream& stream) {
    if constexpr (Q == 2) return {{stream.bits()}};
    Symbol x;
    x.digit[0] = stream.bits();
    x.digit[1] = stream.bits();
    if constexpr (Q == 3)
      for (Plane again = x.digit[0] & x.digit[1]; any(again); again = x.digit[0] & x.digit[1]) {
        x.digit[0] = select(again, stream.bits(), x.digit[0]);
        x.digit[1] = select(again, stream.bits(), x.digit[1]);
      }
    return x;
  }

  /// The child keeps the parent's symbol where `leaves` is 0, and has one of the others, each alike, where it
  /// is 1.
  static HWY_INLINE Symbol draw_child(Symbol parent, const BernoulliPlane& leave, bool always,
                                      PlaneStream& stream) {
    if (always) return draw_other(parent, stream);
    const Plane leaves = leave.draw(stream);
    if constexpr (Q == 2) return {{parent.digit[0] ^ leaves}};
    Symbol child = draw_other(parent, stream);
    for (int b = 0; b < 2; ++b) child.digit[b] = select(leaves, child.digit[b], parent.digit[b]);
    return child;
  }

  static HWY_INLINE Plane matches(const Symbol& x, int c) {
    Plane plane = c & 1 ? x.digit[0] : ~x.digit[0];
    if constexpr (Q > 2) plane &= c & 2 ? x.digit[1] : ~x.digit[1];
    return plane;
  }

 private:
  static HWY_INLINE Symbol draw_other(const Symbol& parent, PlaneStream& stream) {
    if constexpr (Q == 2) {
      return {{~parent.digit[0]}};
    } else if constexpr (Q == 3) {
      // One more or one less, modulo 3: 0 → 1 → 2 → 0.
      const Plane random = stream.bits(), zero = ~(parent.digit[0] | parent.digit[1]);
      return {{select(random, zero, parent.digit[1]), select(random, parent.digit[0], zero)}};
    } else {
      // The parent's digits, at least one of them flipped: of four draws three are kept.
      Plane flip0 = stream.bits(), flip1 = stream.bits();
      for (Plane again = ~(flip0 | flip1); any(again); again = ~(flip0 | flip1)) {
        flip0 |= again & stream.bits();
        flip1 |= again & stream.bits();
      }
      return {{parent.digit[0] ^ flip0, parent.digit[1] ^ flip1}};
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
