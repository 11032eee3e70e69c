#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace leafcast {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// A statistic of a cell with its jackknife standard error, beside the exact value where theory gives one.
struct Estimate {
  std::size_t cell;       ///< index in the plan
  std::string statistic;  ///< e.g. "variance", "valid_rate@3" (@j: subtrees of height j)
  double value = kUnknown;
  double error = kUnknown;  ///< standard error; NaN if it cannot be known (fewer than two bins)
  double exact = kUnknown;  ///< NaN if unknown
  double exact_error = 0;   ///< standard error of `exact` itself (population dynamics); 0 if it is exact
  /// (value − exact)/√(error² + exact_error²); NaN if either is unknown. If both errors are 0: 0 where the
  /// values agree, else ±∞.
  double z() const;
};

/// A fitted coefficient beside its prediction.
struct Coefficient {
  std::string name;  ///< e.g. "slope"
  double value, error;
  double predicted = kUnknown;  ///< what the law says; NaN if it says nothing
};

/// A law fitted to the cells of one group (all keys equal but the abscissa).
struct Fit {
  std::string law;      ///< e.g. "variance-context-depth"
  std::string group;    ///< the common keys, for people: "ising d=3 ρ=0.9 h=8 · block root sampled"
  std::string formula;  ///< e.g. "log(Var S/n) = slope·w + intercept"
  std::vector<std::size_t> cells;     ///< the cells used
  std::vector<double> x, y, y_error;  ///< the points fitted
  std::vector<Coefficient> coefficients;
  double chi2 = kUnknown;
  int degrees_of_freedom = 0;
  double p_value = kUnknown;
  std::string note;  ///< what was left out, or why there is no fit (then coefficients is empty)
};

}  // namespace leafcast
