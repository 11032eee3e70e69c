#pragma once
#include <cmath>

#include "engine/observe/estimate.h"
#include "engine/observe/power_sums.h"

namespace leafcast::analysis {

/// Holds N³·Σs⁴ for every tally: N subtrees of l leaves and |s| < (q−1)l give N·(q−1)l < 2^122 in practice,
/// and the fourth power of that, times small integers.
using VastInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

inline double as_double(const VastInt& number) { return number.convert_to<double>(); }

/// Numerator over denominator, NaN for 0/0: the one place where a statistic leaves the integers, so nothing
/// cancels.
inline double ratio(const VastInt& numerator, const VastInt& denominator) {
  if (denominator == 0) return kUnknown;
  return as_double(numerator) / as_double(denominator);
}

/// Shape of the empirical law of N integers s with given power sums. With C_p = N^p·(p-th central moment), an
/// integer:
///   skewness = C₃ / C₂^{3/2},  excess kurtosis = (C₄ − 3C₂²) / C₂²;  NaN if all s are equal.
/// Integer: VastInt or NarrowInt.
struct Shape {
  double skewness, excess_kurtosis;
};
template <class Integer>
Shape shape(const std::array<Integer, kPowers>& sums, const Integer& count) {
  const Integer &n = count, &s1 = sums[0], &s2 = sums[1], &s3 = sums[2], &s4 = sums[3];
  const Integer s1s1 = s1 * s1, nn = n * n;
  const Integer c2 = n * s2 - s1s1;
  if (c2 == Integer(0)) return {kUnknown, kUnknown};
  const Integer c3 = nn * s3 - Integer(3) * n * s1 * s2 + Integer(2) * s1 * s1s1;
  const Integer c4 =
      nn * n * s4 - Integer(4) * nn * s1 * s3 + Integer(6) * n * s1s1 * s2 - Integer(3) * s1s1 * s1s1;
  const Integer c2c2 = c2 * c2;
  return {as_double(c3) / std::pow(as_double(c2), 1.5), ratio(Integer(c4 - Integer(3) * c2c2), c2c2)};
}
Shape shape(const PowerSums& sums, const VastInt& count);

/// (Σ_a S_a)² − Σ_a S_a² = Σ_{a≠b} S_a S_b over independent sums S_a: N(N−1) times an unbiased estimate of (E
/// S)².
template <class Integer>
Integer square_of_mean(const Integer& sum, const Integer& sum_of_squares) {
  return sum * sum - sum_of_squares;
}

}  // namespace leafcast::analysis
