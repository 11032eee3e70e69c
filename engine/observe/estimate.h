#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/observe/statistic_name.h"

namespace leafcast {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::size_t kNoCell = std::numeric_limits<std::size_t>::max();

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

/// A fitted coefficient beside its prediction.
struct Coefficient {
  std::string name;  ///< e.g. "slope"
  double value, error;
  double predicted = kUnknown;  ///< what the law says; NaN if it says nothing
  double exact = kUnknown;      ///< what the exact values of the same cells give; NaN unless all are known
  double bootstrap_error = kUnknown;  ///< standard error by the bootstrap, beside `error`
  double bootstrap_bias = kUnknown;   ///< mean over the bootstrap's replicas − value

  double z() const { return (value - predicted) / error; }
};

/// One form of a law (the law, the law with a correction, an alternative), fitted to all points of the law's
/// domain, so that forms can be compared.
struct FormFit {
  std::string name;     ///< "law", "corrected", "constant", "power" …
  std::string formula;  ///< e.g. "log(Var S/n) = slope·w + intercept + log(1 + c·d^−(h−w))"
  std::string nesting;  ///< "contains the law", "within the law", "" if neither (or the law itself)
  std::vector<Coefficient> coefficients;
  std::vector<double> y;  ///< the form at Fit::domain_x
  double chi2 = kUnknown;
  int degrees_of_freedom = 0;
  double p_value = kUnknown;
  double aic = kUnknown, bic = kUnknown;  ///< −2 log likelihood + 2K or + K log(points); smaller is better
  /// Of nested forms: 2·log of the ratio of likelihoods, larger form over smaller, and the probability of as
  /// much or more if the smaller one is true.
  double likelihood_ratio = kUnknown, ratio_p_value = kUnknown;
};

/// The law fitted to the points of one window.
struct WindowFit {
  double first, last;  ///< abscissae, both included
  int points;
  double value, error;  ///< of the law's first coefficient
  double chi2;
  int degrees_of_freedom;
  double p_value;
};

/// A law fitted to the cells of one group (all keys equal but the abscissa).
struct Fit {
  std::string law;      ///< e.g. "variance-context-depth"
  std::string group;    ///< the common keys, for people: "ising d=3 ρ=0.9 h=8 · block root sampled"
  std::string formula;  ///< e.g. "log(Var S/n) = slope·w + intercept"
  std::vector<std::size_t> cells;     ///< by point: the cell that it comes from, kNoCell if from none
  std::vector<double> x, y, y_error;  ///< the points fitted
  std::vector<Coefficient> coefficients;
  double chi2 = kUnknown;  ///< scaled so that degrees_of_freedom is its mean, whatever the number of bins
  int degrees_of_freedom = 0;
  double p_value = kUnknown;
  std::string note;  ///< what was left out, or why there is no fit (then coefficients is empty)

  std::string source;          ///< paper and equation
  std::string domain;          ///< where the law holds, for people
  std::string x_name, y_name;  ///< of the axes
  std::string covariance;      ///< how the errors of the points were had
  /// All points of the domain that could be fitted; the window x, y is a part of them.
  std::vector<double> domain_x, domain_y, domain_y_error;
  /// The law at domain_x with its coefficients as predicted, those not predicted fitted; empty without any.
  std::vector<double> predicted_y;
  std::vector<FormFit> forms;      ///< the law and its rivals on the whole domain; empty without a fit
  std::vector<WindowFit> windows;  ///< all windows of at least three abscissae
  /// First coefficient, averaged over the windows by exp(−AIC/2); its error holds their spread.
  double averaged = kUnknown, averaged_error = kUnknown;
};

}  // namespace leafcast
