#pragma once
#include <map>
#include <optional>

#include "analysis/fit/fit_form.h"
#include "analysis/fit/held_slope.h"

namespace leafcast::analysis {

/// What χ² says of one coefficient of a form when the others are fitted anew (profile likelihood; Venzon & Moolgavkar,
/// Appl. Stat. 37 (1988) 87). Of a form that is linear in the values it is what the covariance says. Refers to its parts.
class Profile {
 public:
  /// Rise of χ² below which a value is not ruled out: three standard errors. A coefficient is determined if values far on
  /// either side are.
  static constexpr double kRuledOut = 9;

  /// `k`: the coefficient; `fit`: of that form to these data.
  Profile(const Form& form, const FitData& data, const LeastSquares& fit, int k);
  bool is_determined() const { return is_determined_; }
  /// The larger half of the interval in which χ² rises by less than 1; NaN if the coefficient is not determined.
  double error() const { return error_; }
  /// Signed root of the rise of χ² with the coefficient held at a value: (fit − value)/error where that is linear. NaN if
  /// the coefficient is not determined.
  double deviation(double value);

 private:
  using Rises = std::map<double, double>;  // by value of the coefficient
  double rise(double value);
  double least_chi2(double value);
  double chi2(const Eigen::VectorXd& beta) const;
  Rises scan();
  Rises steps();
  void take_interval(const Rises& rises);

  const Form& form_;
  const FitData& data_;
  const LeastSquares& fit_;
  Eigen::Index k_;
  Whitening whitening_;
  double unit_ = 1;   ///< rise of χ² by one standard error: not 1 where the covariance is estimated
  double least_ = 0;  ///< χ² of the fit
  bool is_linear_;
  std::optional<HeldSlope> line_;
  std::map<double, Eigen::VectorXd> solved_;  ///< by held value, all coefficients: where to start from
  bool is_determined_ = false;
  double error_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace leafcast::analysis
