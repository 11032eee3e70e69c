#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace leafcast::analysis {

/// Delete-one jackknife. Given f_b, a statistic computed without bin b (b = 1…B, bins of about equal size),
///   SE² = (B−1)/B · Σ_b (f_b − f̄)²,
/// and what is known of SE² itself: the kurtosis of the f_b, of which it is a mean square.
/// (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch. 3)
struct Jackknife {
  double error = std::numeric_limits<double>::quiet_NaN();  ///< NaN for fewer than two bins
  double mean = 0;                                          ///< f̄
  double kurtosis = 3;  ///< m₄/m₂² of the f_b, at most about B: then one of them is all there is

  explicit Jackknife(std::span<const double> without_bin) {
    const auto bins = static_cast<double>(without_bin.size());
    if (bins < 2) return;
    for (const double f : without_bin) mean += f / bins;
    double squares = 0, fourths = 0;
    for (const double f : without_bin) {
      const double square = (f - mean) * (f - mean);
      squares += square;
      fourths += square * square;
    }
    error = std::sqrt((bins - 1) / bins * squares);
    if (squares > 0) kurtosis = bins * fourths / (squares * squares);
  }
};

/// Its error. Below 1e-13 of the statistic it is rounding, and 0: a true one that small would need 1e26 samples.
inline double jackknife_error(std::span<const double> without_bin) {
  const Jackknife jackknife(without_bin);
  return jackknife.error <= 1e-13 * std::abs(jackknife.mean) ? 0 : jackknife.error;
}

/// Two errors of Student's t of ν degrees of freedom, over two of a Gaussian, to 0.01 for ν ≥ 3 (Cornish and Fisher).
inline double student_width(double freedom) {
  const double x = 1 / std::max(freedom, 2.0);
  return 1 + x * (1.25 + x * (1.53 + x * 1.43));
}

/// How much wider than the jackknife's an interval must be because SE² is uncertain: a mean square of values of
/// this kurtosis has the relative variance (kurtosis − 1)/B, and so 2B/(kurtosis − 1) degrees of freedom
/// (Satterthwaite 1946). 1 for 64 bins of Gaussian values, whose 63 degrees those who use errors allow for.
inline double widening(double kurtosis, std::size_t bins) {
  const auto count = static_cast<double>(bins);
  const double freedom = std::min(count - 1, 2 * count / (std::max(kurtosis, 3.0) - 1));
  return student_width(freedom) / student_width(63);
}

}  // namespace leafcast::analysis
