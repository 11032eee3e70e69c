// Random numbers for one batch: a xoshiro128++ generator a lane (Blackman and Vigna, 2021), its state drawn
// by Philox4x64-10 (Salmon et al., 2011) from the batch's address, so that the same batch has the same
// numbers on any rank, lane or day.
#if defined(LEAFCAST_LANES_STREAM_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_STREAM_H_
#undef LEAFCAST_LANES_STREAM_H_
#else
#define LEAFCAST_LANES_STREAM_H_
#endif

#include <Random123/philox.h>

#include "engine/kernels/lanes/vectors.h"
#include "engine/streams/stream_address.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// A generator a lane of the pack: one 32-bit word each a step.
template <class Word>
class Stream {
 public:
  /// The streams of neighbouring samples of a batch, from the given even one on: a sample's numbers do
  /// not depend on how many lanes ride together.
  HWY_NOINLINE Stream(const StreamAddress& address, int first) {
    const r123::Philox4x64::key_type key = {{address.seed, address.cell}};
    // Two words of 64 bits are the state of one sample's generator.
    for (int lane = 0; lane < Word::kPackLanes; lane += 2) {
      const auto pair = static_cast<std::uint64_t>(first + lane) / 2;
      const auto words = r123::Philox4x64{}(
          {{address.chunk, address.batch, pair, static_cast<std::uint64_t>(address.purpose)}}, key);
      for (int half = 0; half < 2; ++half) {
        const auto low = words[2 * half], high = words[2 * half + 1];
        s0_.set(lane + half, static_cast<std::uint32_t>(low));
        s1_.set(lane + half, static_cast<std::uint32_t>(low >> 32));
        s2_.set(lane + half, static_cast<std::uint32_t>(high));
        s3_.set(lane + half, static_cast<std::uint32_t>(high >> 32));
      }
    }
  }

  HWY_INLINE Word bits() {
    Word result;
    LEAFCAST_FOR_PARTS(Word::kPackParts,
                       result.part[p] = step(s0_.part[p], s1_.part[p], s2_.part[p], s3_.part[p]));
    return result;
  }

 private:
  using Vector = typename Word::Vector;
  static HWY_INLINE Vector step(Vector& s0, Vector& s1, Vector& s2, Vector& s3) {
    const Vector result = rotate<7>(s0 + s3) + s0, shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate<11>(s3);
    return result;
  }
  template <int Shift>
  static HWY_INLINE Vector rotate(Vector x) {
    return (x << Shift) | (x >> (32 - Shift));
  }
  Word s0_ = {}, s1_ = {}, s2_ = {}, s3_ = {};
};

class LaneStream : public Stream<U32> {
 public:
  using Stream<U32>::Stream;
  /// Uniform in (0, 1), never 0 or 1: (r + 1/2) 2^{-31} for 31 bits r, rounded to single precision and kept
  /// below 1.
  HWY_INLINE F32 uniform() {
    const I32 r = as<I32>(bits() >> 1);
    return smaller(convert<F32>(r) * 0x1p-31f + 0x1p-32f, splat(1 - 0x1p-24f));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
