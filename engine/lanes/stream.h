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

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

class LaneStream {
 public:
  /// Address: key (seed, cell id), counter (chunk, batch, state word, purpose = 0: sentences).
  LaneStream(std::uint64_t seed, std::uint64_t cell, std::uint32_t chunk, std::uint64_t batch) {
    const r123::Philox4x64::key_type key = {{seed, cell}};
    for (std::uint64_t block = 0; block < kLanes / 2; ++block) {
      const auto words = r123::Philox4x64{}({{chunk, batch, block, 0}}, key);
      for (int half = 0; half < 2; ++half) {  // two words of 64 bits are the state of one lane
        const int lane = static_cast<int>(2 * block) + half;
        for (int i = 0; i < 2; ++i) {
          state_[2 * i][lane] = static_cast<std::uint32_t>(words[2 * half + i]);
          state_[2 * i + 1][lane] = static_cast<std::uint32_t>(words[2 * half + i] >> 32);
        }
      }
    }
  }

  HWY_INLINE U32 bits() {
    const U32 result = rotate<7>(state_[0] + state_[3]) + state_[0];
    const U32 shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate<11>(state_[3]);
    return result;
  }

  /// Uniform in (0, 1), never 0 or 1: (r + 1/2) 2^{-31} for 31 bits r, rounded to single precision and kept
  /// below 1.
  HWY_INLINE F32 uniform() {
    const I32 r = reinterpret_cast<I32>(bits() >> 1);
    return smaller(__builtin_convertvector(r, F32) * 0x1p-31f + 0x1p-32f, splat(1 - 0x1p-24f));
  }

 private:
  template <int Shift>
  static HWY_INLINE U32 rotate(U32 x) {
    return (x << Shift) | (x >> (32 - Shift));
  }
  U32 state_[4];
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
