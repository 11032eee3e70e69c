#pragma once
#include "engine/observe/power_sums.h"

namespace leafcast::analysis {

/// Holds N³·Σs⁴ for every tally: N subtrees of l leaves and |s| < (q−1)l give N·(q−1)l < 2^122 in practice,
/// and the fourth power of that, times small integers.
using VastInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

/// Numerator over denominator, NaN for 0/0: the one place where a statistic leaves the integers, so nothing
/// cancels.
double ratio(const VastInt& numerator, const VastInt& denominator);

/// Shape of the empirical law of N integers s with given power sums. With C_p = N^p·(p-th central moment), an
/// integer:
///   skewness = C₃ / C₂^{3/2},  excess kurtosis = (C₄ − 3C₂²) / C₂²;  NaN if all s are equal.
struct Shape {
  double skewness, excess_kurtosis;
};
Shape shape(const PowerSums& sums, const VastInt& count);

/// (Σ_a S_a)² − Σ_a S_a² = Σ_{a≠b} S_a S_b over independent sums S_a: N(N−1) times an unbiased estimate of (E
/// S)².
VastInt square_of_mean(const PowerSums& sums);

}  // namespace leafcast::analysis
