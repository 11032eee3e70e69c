#pragma once
#include <Random123/philox.h>

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "engine/streams/stream_address.h"

namespace leafcast::scalar {

using State = std::array<std::uint32_t, 4>;

/// The linear engine of the xoshiro128 generators (Blackman and Vigna, 2021, section 4.5).
inline void advance(State& s) {
  const std::uint32_t t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = std::rotl(s[3], 11);
}

/// xoshiro128++: the output is rotl(s0 + s3, 7) + s0.
inline std::uint32_t plus_plus(State& s) {
  const std::uint32_t word = std::rotl(s[0] + s[3], 7) + s[0];
  advance(s);
  return word;
}

/// xoshiro128+: the output is s0 + s3, whose lowest bit is linear in the state.
inline std::uint32_t plus(State& s) {
  const std::uint32_t word = s[0] + s[3];
  advance(s);
  return word;
}

/// The initial state of sample i of a batch: half i mod 2 of Philox4x64-10 at the counter (chunk, batch, i /
/// 2, purpose) under the key (seed, cell), lower halves of words first.
inline State initial_state(const StreamAddress& a, int i) {
  const auto x = r123::Philox4x64{}(
      {{a.chunk, a.batch, static_cast<std::uint64_t>(i / 2), static_cast<std::uint64_t>(a.purpose)}},
      {{a.seed, a.cell}});
  State s;
  for (std::size_t k = 0; k < 4; ++k)
    s[k] = static_cast<std::uint32_t>(x[static_cast<std::size_t>(i % 2) * 2 + k / 2] >> (32 * (k % 2)));
  return s;
}

/// stream_words() for a generator given by its initial state and its step.
template <class Initial, class Next>
void words(const StreamAddress& address, std::span<std::uint32_t> out, Initial initial, Next next) {
  for (int i = 0; i < 16; ++i) {
    State s = initial(address, i);
    for (std::size_t at = static_cast<std::size_t>(i); at < out.size(); at += 16) out[at] = next(s);
  }
}

}  // namespace leafcast::scalar
