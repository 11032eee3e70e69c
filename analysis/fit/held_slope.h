#pragma once
#include <vector>

#include "analysis/fit/fit_form.h"
#include "analysis/fit/least_squares.h"

namespace leafcast::analysis {

/// χ² of a line y = slope·a + intercept in the scale of the values, slope held and intercept fitted: the profile of χ² over
/// the slope. Where most values are noise it has several valleys, and need not rise towards either end.
class HeldSlope {
 public:
  /// Whether the form is such a line, and the scale one in which a line is not linear.
  static bool applies(const Form& form, const FitData& data);
  HeldSlope(const Form& form, const FitData& data);

  struct At {
    double intercept, chi2;  ///< −∞ where no intercept is better than values of 0
  };
  At operator()(double slope) const;
  /// Slopes that show the valleys, ascending; at both ends the line is a step, and steeper ones are the same.
  const std::vector<double>& slopes() const { return slopes_; }

 private:
  At as_factor(double slope) const;
  At by_search(double slope) const;
  double chi2(const Eigen::VectorXd& y) const;

  FitData data_;
  Eigen::VectorXd abscissae_, target_;  ///< a by point; whitened values
  std::vector<double> sigma_;
  Whitening whitening_;
  std::vector<double> slopes_;
};

}  // namespace leafcast::analysis
