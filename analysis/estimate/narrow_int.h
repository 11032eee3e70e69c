#pragma once
#include <cstdint>
#include <span>
#include <type_traits>

#include "analysis/estimate/moments.h"
#include "engine/int128.h"

namespace leafcast::analysis {

/// An integer of 128 bits that throws instead of overflowing. Statistics of most cells fit, and take a tenth of the
/// time of VastInt; as a double, a number is the same in both.
class NarrowInt {
 public:
  struct Overflow {};

  NarrowInt() = default;
  NarrowInt(Int128 value) : value_(value) {}
  template <class Integer>
  requires std::is_integral_v<Integer> NarrowInt(Integer value) : value_(value) {}
  /// Of two's complement words, least significant first; none: 0.
  static NarrowInt of_limbs(std::span<const std::uint64_t> limbs) {
    if (limbs.empty()) return 0;
    if (limbs.size() == 1) return static_cast<std::int64_t>(limbs[0]);
    const std::uint64_t rest = limbs[1] >> 63 ? ~std::uint64_t{0} : 0;
    for (const std::uint64_t limb : limbs.subspan(2))
      if (limb != rest) throw Overflow{};
    return NarrowInt(static_cast<Int128>(static_cast<UInt128>(limbs[1]) << 64 | limbs[0]));
  }

  friend NarrowInt operator+(NarrowInt a, NarrowInt b) {
    Int128 sum;
    if (__builtin_add_overflow(a.value_, b.value_, &sum)) throw Overflow{};
    return sum;
  }
  friend NarrowInt operator-(NarrowInt a, NarrowInt b) {
    Int128 difference;
    if (__builtin_sub_overflow(a.value_, b.value_, &difference)) throw Overflow{};
    return difference;
  }
  friend NarrowInt operator*(NarrowInt a, NarrowInt b) {
    Int128 product;
    if (__builtin_mul_overflow(a.value_, b.value_, &product)) throw Overflow{};
    return product;
  }
  bool operator==(const NarrowInt&) const = default;

  /// As Boost.Multiprecision rounds: word by word.
  friend double as_double(NarrowInt number) {
    const UInt128 magnitude =
        number.value_ < 0 ? -static_cast<UInt128>(number.value_) : static_cast<UInt128>(number.value_);
    const double sum = static_cast<double>(static_cast<std::uint64_t>(magnitude)) +
                       0x1p64 * static_cast<double>(static_cast<std::uint64_t>(magnitude >> 64));
    return number.value_ < 0 ? -sum : sum;
  }

 private:
  Int128 value_ = 0;
};

inline double ratio(NarrowInt numerator, NarrowInt denominator) {
  if (denominator == NarrowInt(0)) return kUnknown;
  return as_double(numerator) / as_double(denominator);
}

}  // namespace leafcast::analysis
