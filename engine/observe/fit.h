#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/observe/estimate.h"

namespace leafcast {

/// A fitted coefficient beside its prediction.
struct Coefficient {
  std::string name;  ///< e.g. "slope"
  /// The error is half of the interval in which χ² rises by less than 1, the larger half. Both NaN where the points do not
  /// determine the coefficient: χ² does not rise by 9 on both sides.
  double value, error;
  double predicted = kUnknown;  ///< what the law says; NaN if it says nothing
  double exact = kUnknown;      ///< what the exact values of the same cells give; NaN unless all are known
  double bootstrap_error = kUnknown;  ///< standard error by the bootstrap, beside `error`
  double bootstrap_bias = kUnknown;   ///< mean over the bootstrap's replicas − value
  /// Of the value from the prediction, and from the exact one, in standard errors: signed root of the rise of χ² with the
  /// coefficient held there. NaN if not known.
  double deviation = kUnknown, exact_deviation = kUnknown;

  bool is_determined() const { return !std::isnan(value); }
  double z() const { return std::isnan(deviation) ? (value - predicted) / error : deviation; }
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
  /// The statistic itself at domain_x. It is fitted in this scale, where its errors are symmetric; y is NaN, and an end of
  /// its bar −∞ or ∞, where y knows no such value: the logarithm of what noise made negative.
  std::vector<double> domain_value, domain_value_error, domain_y_low, domain_y_high;
  /// Points of the series outside the law's domain: no part of any fit.
  std::vector<double> outside_x, outside_y;
  /// The law at domain_x with its coefficients as predicted, those not predicted fitted; empty without any.
  std::vector<double> predicted_y;
  std::vector<FormFit> forms;  ///< the law and its rivals on the whole domain; empty without a fit
  /// All windows of at least three abscissae whose points determine the first coefficient.
  std::vector<WindowFit> windows;
  /// First coefficient, averaged over the windows by exp(−AIC/2); its error holds their spread. NaN where nothing is claimed
  /// of it: not determined by the points of the fit, or the law excluded.
  double averaged = kUnknown, averaged_error = kUnknown;

  /// Whether all points of the law's domain exclude it: then nothing may be claimed of it, whatever window was found.
  bool is_excluded() const { return !forms.empty() && forms.front().p_value < kExclusion; }
  static constexpr double kExclusion = 0.01;  ///< p below which a law is excluded
  /// Whether there is a fit and its points determine the first coefficient.
  bool is_determined() const { return !coefficients.empty() && coefficients.front().is_determined(); }
};

}  // namespace leafcast
