#include "io/hdf5/limbs.h"

#include <stdexcept>

namespace leafcast::io {

namespace {

Limbs negated(Limbs limbs) {
  bool carry = true;
  for (std::uint64_t& limb : limbs) {
    limb = ~limb + carry;
    carry = carry && limb == 0;
  }
  return limbs;
}

bool is_negative(const Limbs& limbs) { return limbs.back() >> 63; }

}  // namespace

Limbs to_limbs(const WideInt& value) {
  if (value.is_zero()) return {};
  const WideInt magnitude = abs(value);
  if (msb(magnitude) >= 64 * kLimbs - 1) throw std::overflow_error("a sum does not fit 384 bits");
  Limbs limbs{};
  export_bits(magnitude, limbs.begin(), 64, false);
  return value < 0 ? negated(limbs) : limbs;
}

WideInt from_limbs(std::span<const std::uint64_t, kLimbs> limbs) {
  Limbs magnitude;
  std::copy(limbs.begin(), limbs.end(), magnitude.begin());
  const bool negative = is_negative(magnitude);
  if (negative) magnitude = negated(magnitude);
  WideInt value;
  import_bits(value, magnitude.begin(), magnitude.end(), 64, false);
  return negative ? WideInt(-value) : value;
}

WeightLimbs to_weight_limbs(const WideInt& weight) {
  if (weight < 0 || (!weight.is_zero() && msb(weight) >= 64 * kWeightLimbs))
    throw std::overflow_error("a weight does not fit 512 bits");
  WeightLimbs limbs{};
  if (!weight.is_zero()) export_bits(weight, limbs.begin(), 64, false);
  return limbs;
}

WideInt from_weight_limbs(std::span<const std::uint64_t, kWeightLimbs> limbs) {
  WideInt weight;
  import_bits(weight, limbs.begin(), limbs.end(), 64, false);
  return weight;
}

}  // namespace leafcast::io
