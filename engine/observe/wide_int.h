#pragma once
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <span>

#include "engine/int128.h"
#include "engine/observe/tally.h"

namespace leafcast {

/// Exact signed integer for Σ s^p: |s| ≤ (q−1)n < 2^62 (Cell::make), so s^4 < 2^248; with 2^62 subtrees a
/// sample and 2^60 samples, < 2^370.
using WideInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    512, 512, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

WideInt wide_int(Int128 value);
/// The number whose two's complement words are given, least significant first. None: 0.
WideInt from_limbs(std::span<const std::uint64_t> limbs);
/// Fills all words. Throws std::overflow_error if the number does not fit.
void to_limbs(const WideInt& value, std::span<std::uint64_t> limbs);

/// An entry of a tally; 0 if the cell does not tally it.
inline WideInt wide(const Tally& tally, const Field& field, int index = 0) {
  return from_limbs(tally.limbs(field, index));
}
/// Adds to an entry. Throws std::overflow_error if the sum is more than the cell's samples can give.
void add(Tally& tally, const Field& field, int index, const WideInt& value);

/// Below 2^bits in magnitude, of either sign.
WideInt random_wide(std::mt19937_64& random, double bits);

}  // namespace leafcast
