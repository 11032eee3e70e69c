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

#include "engine/lanes/vectors.h"
#include "engine/stream_address.h"

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
    for (int lane = 0; lane < kLanes;
         lane += 2) {  // two words of 64 bits are the state of one sample's generator
      const auto pair = static_cast<std::uint64_t>(first + lane) / 2;
      const auto words = r123::Philox4x64{}(
          {{address.chunk, address.batch, pair, static_cast<std::uint64_t>(address.purpose)}}, key);
      for (int half = 0; half < 2; ++half)
        for (int i = 0; i < 2; ++i) {
          state_[2 * i].set(lane + half, static_cast<std::uint32_t>(words[2 * half + i]));
          state_[2 * i + 1].set(lane + half, static_cast<std::uint32_t>(words[2 * half + i] >> 32));
        }
    }
  }

  HWY_INLINE Word bits() {
    const Word result = rotate<7>(state_[0] + state_[3]) + state_[0];
    const Word shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate<11>(state_[3]);
    return result;
  }

 private:
  template <int Shift>
  static HWY_INLINE Word rotate(Word x) {
    return (x << Shift) | (x >> (32 - Shift));
  }
  Word state_[4] = {};
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
