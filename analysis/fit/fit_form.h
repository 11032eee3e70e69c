#pragma once
#include <optional>
#include <span>
#include <vector>

#include "analysis/fit/law.h"
#include "analysis/fit/least_squares.h"

namespace leafcast::analysis {

/// Points with their values, ready to be fitted: values against value(y) of a form y.
struct FitData {
  std::vector<LawPoint> points;  ///< by x
  Eigen::VectorXd values;
  Covariance covariance;            ///< of the values
  std::optional<LawScale> scale{};  ///< of the values; nothing: they are y
  double sign = 1;                  ///< of the values, in a scale of sizes
  bool is_exact = false;            ///< no errors: theirs is the scatter about the form, the same for all

  FitData select(std::span<const std::size_t> indices) const;  ///< which ascend
  FitData window(double first, double last) const;             ///< of abscissae, both included
  /// Whether a point is but a bound: nothing was seen, or nothing else (a rate of 0 or 1, which has no ordinate).
  bool is_bound(std::size_t point) const;
  std::vector<double> x() const;
  std::vector<double> abscissae() const;  ///< those that differ, ascending
  /// Value at an ordinate, and its derivative.
  Ordinate value(double y) const;
  /// Ordinate of a value, ±∞ beyond what has one, and its derivative.
  Ordinate y(double value) const;
};

/// The form at the points: y.
Eigen::VectorXd evaluate(const Form& form, std::span<const LawPoint> points, const Eigen::VectorXd& beta);
/// The form at the points of the data, in the scale of their values.
Eigen::VectorXd evaluate_values(const Form& form, const FitData& data, const Eigen::VectorXd& beta);

/// Fits the form. A form that is not linear, and any in a scale of its own, starts from `start` (then zeros), else from
/// the ordinates of the points that are clear of noise, or, if that is lower, the lowest valley of χ² over the slope. Nothing
/// if the points do not determine the coefficients. Of exact values: χ² and p are unknown, the covariance is scaled by the
/// scatter. Bounds that agree with the form are no degrees of freedom: they hardly could have disagreed.
std::optional<LeastSquares> fit_form(const Form& form, const FitData& data,
                                     const Eigen::VectorXd& start = Eigen::VectorXd());

/// The form of the coefficients that are not NaN in `fixed` held: of the others alone. Refers to the form.
Form hold(const Form& form, std::span<const double> fixed);

/// The form with the coefficients that are not NaN in `fixed` held, the others fitted; at data's points and,
/// of these coefficients, at others. The form is linear.
Eigen::VectorXd complete(const Form& form, const FitData& data, std::span<const double> fixed);

}  // namespace leafcast::analysis
