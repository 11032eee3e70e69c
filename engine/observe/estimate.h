#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "engine/observe/statistic_name.h"
#include "engine/unknown.h"

namespace leafcast {

/// How the deviation of a statistic from an exact value is measured, so that z is nearly Gaussian although the error
/// goes with the value (analysis/README.md, Errors).
enum class Scale : std::uint8_t {
  linear,
  log,       ///< of variances
  kurtosis,  ///< m₂²/m₄ = 1/(excess kurtosis + 3)
  binder,    ///< the same, of 1 − m₄/(3m₂²)
  rate,      ///< of a binomial law
  square,    ///< |c|² without its noise, of a vector c: of a noncentral χ²
  root       ///< of such a square, with its sign
};

/// A statistic of a cell with its standard error, beside the exact value where theory gives one.
struct Estimate {
  std::size_t cell;         ///< index in the plan
  StatisticName statistic;  ///< e.g. "variance", "valid_rate@3" (@j: subtrees of height j)
  double value = kUnknown;
  double error = kUnknown;  ///< standard error; NaN if it cannot be known (too few bins, or samples)
  double exact = kUnknown;  ///< NaN if unknown
  double exact_error = 0;   ///< standard error of `exact` itself (population dynamics); 0 if it is exact
  Scale scale = Scale::linear;
  /// Of a rate: 1/(independent trials that would spread as much). Of a square or root: the variance of a component of c.
  double noise = 0;
  double freedom = 0;  ///< of a square or root: components of c
  /// Deviation of the value from the exact one in standard errors, √(error² + exact_error²), measured on the scale:
  ///   linear    value − exact
  ///   log       value·log(value/exact)
  ///   kurtosis  (value − exact)·(value + 3)/(exact + 3), and so the Binder ratio's
  ///   rate, square, root: the Gaussian's quantile at the probability of a smaller value if `exact` is true (half of that of
  ///     the same value included: mid-P, Lancaster 1961), by the binomial law of 1/noise trials, or by the noncentral χ².
  /// NaN if value, error or exact is unknown. If both errors are 0: 0 where the values agree, else ±∞.
  double z() const;
};

}  // namespace leafcast
