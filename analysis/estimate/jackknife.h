#pragma once
#include <cmath>
#include <limits>
#include <span>

namespace leafcast::analysis {

/// Delete-one jackknife. Given f_b, a statistic computed without bin b (b = 1…B, bins of about equal size),
///   SE² = (B−1)/B · Σ_b (f_b − f̄)².
/// NaN for fewer than two bins. An error below 1e-13 of the statistic is rounding, and is 0: a true one that
/// small would need 1e26 samples. (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch.
/// 3)
inline double jackknife_error(std::span<const double> without_bin) {
  const auto bins = static_cast<double>(without_bin.size());
  if (bins < 2) return std::numeric_limits<double>::quiet_NaN();
  double mean = 0;
  for (const double f : without_bin) mean += f / bins;
  double squares = 0;
  for (const double f : without_bin) squares += (f - mean) * (f - mean);
  const double error = std::sqrt((bins - 1) / bins * squares);
  return error <= 1e-13 * std::abs(mean) ? 0 : error;
}

}  // namespace leafcast::analysis
