#include "analysis/estimate/moments.h"

#include <cmath>

#include "engine/observe/estimate.h"

namespace leafcast::analysis {

double ratio(const VastInt& numerator, const VastInt& denominator) {
  if (denominator == 0) return kUnknown;
  return numerator.convert_to<double>() / denominator.convert_to<double>();
}

Shape shape(const PowerSums& sums, const VastInt& count) {
  const VastInt &n = count, s1 = sums[0], s2 = sums[1], s3 = sums[2], s4 = sums[3];
  const VastInt s1s1 = s1 * s1, nn = n * n;
  const VastInt c2 = n * s2 - s1s1;
  if (c2 == 0) return {kUnknown, kUnknown};
  const VastInt c3 = nn * s3 - 3 * n * s1 * s2 + 2 * s1 * s1s1;
  const VastInt c4 = nn * n * s4 - 4 * nn * s1 * s3 + 6 * n * s1s1 * s2 - 3 * s1s1 * s1s1;
  const VastInt c2c2 = c2 * c2;
  return {c3.convert_to<double>() / std::pow(c2.convert_to<double>(), 1.5), ratio(c4 - 3 * c2c2, c2c2)};
}

VastInt square_of_mean(const PowerSums& sums) {
  const VastInt s1 = sums[0], s2 = sums[1];
  return s1 * s1 - s2;
}

}  // namespace leafcast::analysis
