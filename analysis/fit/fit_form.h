#pragma once
#include <optional>
#include <span>
#include <vector>

#include "analysis/fit/law.h"
#include "analysis/fit/least_squares.h"

namespace leafcast::analysis {

/// Points with their ordinates, ready to be fitted.
struct FitData {
  std::vector<LawPoint> points;  ///< by x
  Eigen::VectorXd y;
  Covariance covariance;  ///< of y
  bool is_exact = false;  ///< no errors: theirs is the scatter about the form, the same for all

  FitData select(std::span<const std::size_t> indices) const;  ///< which ascend
  FitData window(double first, double last) const;             ///< of abscissae, both included
  std::vector<double> x() const;
  std::vector<double> abscissae() const;  ///< those that differ, ascending
};

/// The form at the points.
Eigen::VectorXd evaluate(const Form& form, std::span<const LawPoint> points, const Eigen::VectorXd& beta);

/// Fits the form. A form that is not linear starts from `start` (then zeros), or from nothing but zeros.
/// Nothing if the points do not determine the coefficients. Of exact values: χ² and p are unknown, the
/// covariance is scaled by the scatter.
std::optional<LeastSquares> fit_form(const Form& form, const FitData& data,
                                     const Eigen::VectorXd& start = Eigen::VectorXd());

/// The form with the coefficients that are not NaN in `fixed` held, the others fitted; at data's points and,
/// of these coefficients, at others.
Eigen::VectorXd complete(const Form& form, const FitData& data, std::span<const double> fixed);

}  // namespace leafcast::analysis
