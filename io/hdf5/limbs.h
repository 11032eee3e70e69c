#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "engine/observe/tally.h"

namespace leafcast::io {

/// Exact sums in files: 384 bits, two's complement, as 64-bit limbs, least significant first.
inline constexpr std::size_t kLimbs = 6;
using Limbs = std::array<std::uint64_t, kLimbs>;

/// Throws std::overflow_error unless −2^383 < value < 2^383.
Limbs to_limbs(const WideInt& value);
WideInt from_limbs(std::span<const std::uint64_t, kLimbs> limbs);

/// Weights of splitting runs in files: 512 bits, never negative, least significant first.
inline constexpr std::size_t kWeightLimbs = 8;
using WeightLimbs = std::array<std::uint64_t, kWeightLimbs>;

/// Throws std::overflow_error if the weight is negative or does not fit.
WeightLimbs to_weight_limbs(const WideInt& weight);
WideInt from_weight_limbs(std::span<const std::uint64_t, kWeightLimbs> limbs);

}  // namespace leafcast::io
