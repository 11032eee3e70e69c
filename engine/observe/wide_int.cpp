#include "engine/observe/wide_int.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace leafcast {

WideInt from_limbs(std::span<const std::uint64_t> limbs) {
  if (limbs.empty()) return 0;
  std::vector<std::uint64_t> magnitude(limbs.begin(), limbs.end());
  const bool negative = magnitude.back() >> 63;
  if (negative)
    for (std::uint64_t& limb : magnitude) limb = ~limb;
  WideInt value;
  import_bits(value, magnitude.begin(), magnitude.end(), 64, false);
  return negative ? WideInt(-value - 1) : value;
}

void to_limbs(const WideInt& value, std::span<std::uint64_t> limbs) {
  const bool negative = value < 0;
  const WideInt magnitude = negative ? WideInt(-value - 1) : value;
  if (!magnitude.is_zero() && msb(magnitude) >= 64 * limbs.size() - 1)
    throw std::overflow_error("a sum does not fit the words that its cell's samples need");
  std::ranges::fill(limbs, 0);
  if (!magnitude.is_zero()) export_bits(magnitude, limbs.begin(), 64, false);
  if (negative)
    for (std::uint64_t& limb : limbs) limb = ~limb;
}

void add(Tally& tally, const Field& field, int index, const WideInt& value) {
  const std::span<std::uint64_t> limbs = tally.limbs(field, index);
  to_limbs(from_limbs(limbs) + value, limbs);
}

WideInt random_wide(std::mt19937_64& random, double bits) {
  WideInt value = 0;
  for (int i = 0; i < 7; ++i) value = (value << 64) + random();
  const auto wanted = static_cast<unsigned>(std::max(bits, 1.0));
  value >>= 448 - wanted + static_cast<unsigned>(random() % wanted);
  return random() % 2 ? value : WideInt(-value);
}

}  // namespace leafcast
