#pragma once
#include <Random123/philox.h>

#include <bit>
#include <cstdint>

#include "engine/streams/stream_address.h"

namespace leafcast {

/// Random numbers for one sample: a xoshiro256++ generator (Blackman and Vigna, 2021), its state drawn by
/// Philox4x64-10 (Salmon et al., 2011) from the address, whose `batch` is the sample's index within its
/// chunk.
class ScalarStream {
 public:
  explicit ScalarStream(const StreamAddress& address) {
    const auto words =
        r123::Philox4x64{}({{address.chunk, address.batch, 0, static_cast<std::uint64_t>(address.purpose)}},
                           {{address.seed, address.cell}});
    for (int i = 0; i < 4; ++i) state_[i] = words[i];
  }

  std::uint64_t bits() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in (0, 1), never 0 or 1: (r + 1/2) 2^{-52} for 52 bits r, exactly.
  double uniform() { return static_cast<double>(static_cast<std::int64_t>(bits() >> 11 | 1)) * 0x1p-53; }

 private:
  std::uint64_t state_[4];
};

}  // namespace leafcast
