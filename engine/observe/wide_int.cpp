#include "engine/observe/wide_int.h"

#include <algorithm>
#include <stdexcept>

namespace leafcast {

namespace {

Int128 join(std::uint64_t high, std::uint64_t low) {
  return static_cast<Int128>(static_cast<UInt128>(high) << 64 | low);
}

/// Whether a number is below 2^126 in magnitude, and if so, which.
bool is_narrow(const WideInt& value, Int128& narrow) {
  const auto& backend = value.backend();
  static_assert(sizeof(*backend.limbs()) == sizeof(std::uint64_t));
  if (backend.size() > 2 || (backend.size() == 2 && backend.limbs()[1] >> 62)) return false;
  narrow = join(backend.size() == 2 ? backend.limbs()[1] : 0, backend.limbs()[0]);
  if (backend.sign()) narrow = -narrow;
  return true;
}

}  // namespace

WideInt wide_int(Int128 value) {
  const UInt128 magnitude = value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  WideInt wide = static_cast<std::uint64_t>(magnitude >> 64);
  if (wide != 0) wide <<= 64;
  wide += static_cast<std::uint64_t>(magnitude);
  return value < 0 ? WideInt(-wide) : wide;
}

WideInt from_limbs(std::span<const std::uint64_t> limbs) {
  if (limbs.empty()) return 0;
  if (limbs.size() == 1) return static_cast<std::int64_t>(limbs[0]);
  if (limbs.size() == 2) return wide_int(join(limbs[1], limbs[0]));
  const bool negative = limbs.back() >> 63;
  WideInt value = 0;
  for (std::size_t i = limbs.size(); i-- > 0;) {
    value <<= 64;
    value += negative ? ~limbs[i] : limbs[i];
  }
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
  if (Int128 narrow; limbs.size() <= 2 && is_narrow(value, narrow)) {
    const Int128 now = limbs.size() == 2 ? join(limbs[1], limbs[0])
                                         : static_cast<Int128>(static_cast<std::int64_t>(limbs[0]));
    Int128 sum;
    const bool overflows = __builtin_add_overflow(now, narrow, &sum);
    if (overflows || (limbs.size() == 1 && sum != static_cast<std::int64_t>(sum)))
      throw std::overflow_error("a sum does not fit the words that its cell's samples need");
    limbs[0] = static_cast<std::uint64_t>(sum);
    if (limbs.size() == 2) limbs[1] = static_cast<std::uint64_t>(static_cast<UInt128>(sum) >> 64);
    return;
  }
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
