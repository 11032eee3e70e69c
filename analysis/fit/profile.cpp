#include "analysis/fit/profile.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double kUndetermined = std::numeric_limits<double>::quiet_NaN();

int residual_degrees(const FitData& data, const LeastSquares& fit) {
  return static_cast<int>(data.values.size() - fit.coefficients.size());
}

/// Whether χ² is a parabola in the coefficients.
bool is_linear(const Form& form, const FitData& data) {
  return form.linear && (!data.scale || data.scale->intercept == LawScale::Intercept::added);
}

}  // namespace

Profile::Profile(const Form& form, const FitData& data, const LeastSquares& fit, int k)
    : form_(form),
      data_(data),
      fit_(fit),
      k_(k),
      whitening_(data.covariance, residual_degrees(data, fit)),
      is_linear_(is_linear(form, data)) {
  if (is_linear_) {
    is_determined_ = true;
    error_ = fit.error(k);
    return;
  }
  least_ = chi2(fit.coefficients);
  const int m = residual_degrees(data, fit);
  constexpr double kRounding = 1e-9;  // of the values: less scatter is none
  unit_ = data.is_exact ? std::max(least_ / m, std::pow(kRounding * data.values.cwiseAbs().maxCoeff(), 2))
                        : coefficient_inflation(data.covariance, m);
  solved_[fit.coefficients(k_)] = fit.coefficients;
  if (k == 0 && HeldSlope::applies(form, data)) line_.emplace(form, data);
  take_interval(line_ ? scan() : steps());
}

double Profile::deviation(double value) {
  if (!is_determined_) return kUndetermined;
  const double off = fit_.coefficients(k_) - value;
  return is_linear_ ? off / error_ : std::copysign(std::sqrt(rise(value)), off);
}

double Profile::rise(double value) { return std::max(0.0, (least_chi2(value) - least_) / unit_); }

double Profile::least_chi2(double value) {
  if (line_) return (*line_)(value).chi2;
  std::vector<double> fixed(static_cast<std::size_t>(fit_.coefficients.size()), kUndetermined);
  fixed[static_cast<std::size_t>(k_)] = value;
  // From where it was at the nearest value.
  const auto after = solved_.lower_bound(value);
  const bool before = after == solved_.end() ||
                      (after != solved_.begin() && value - std::prev(after)->first < after->first - value);
  VectorXd beta = (before ? std::prev(after) : after)->second;
  beta(k_) = value;
  double least = chi2(beta);
  if (fixed.size() == 1) return least;
  VectorXd start(beta.size() - 1);
  start << beta.head(k_), beta.tail(beta.size() - 1 - k_);
  const auto others = fit_form(hold(form_, fixed), data_, start);
  if (!others) return least;
  VectorXd found(beta.size());
  found << others->coefficients.head(k_), value, others->coefficients.tail(beta.size() - 1 - k_);
  if (const double squares = chi2(found); squares <= least) {
    least = squares;
    beta = found;
  }
  solved_[value] = beta;
  return least;
}

double Profile::chi2(const VectorXd& beta) const {
  const double squares =
      whitening_(VectorXd(data_.values - evaluate_values(form_, data_, beta))).squaredNorm();
  return std::isnan(squares) ? kCertain : squares;
}

/// All slopes, and near the fit in steps of its error.
Profile::Rises Profile::scan() {
  Rises rises;
  const double fitted = fit_.coefficients(k_), linear = fit_.error(static_cast<int>(k_));
  for (const double slope : line_->slopes()) rises[slope] = rise(slope);
  const double first = rises.begin()->first, last = rises.rbegin()->first;
  if (!(fitted > first && fitted < last)) return rises;
  rises[fitted] = 0;
  for (const double errors : {0.5, 0.9, 1.2, 2.0, 4.0})
    for (const double slope : {fitted - errors * linear, fitted + errors * linear})
      if (slope > first && slope < last) rises[slope] = rise(slope);
  return rises;
}

/// Steps from the fit to either side, ever larger, until a value is ruled out or far away.
Profile::Rises Profile::steps() {
  constexpr double kFar = 100, kFirst = 0.5, kRatio = 1.5;
  const double fitted = fit_.coefficients(k_), far = kFar * std::max(1.0, std::abs(fitted));
  double linear = fit_.error(static_cast<int>(k_));
  if (!(linear < far)) linear = far * 1e-4;
  Rises rises = {{fitted, 0}};
  for (const int side : {-1, 1})
    for (double step = kFirst * linear, risen = 0; step < far && risen < kRuledOut; step *= kRatio)
      rises[fitted + side * step] = risen = rise(fitted + side * step);
  return rises;
}

void Profile::take_interval(const Rises& rises) {
  is_determined_ = rises.begin()->second >= kRuledOut && rises.rbegin()->second >= kRuledOut;
  if (!is_determined_) return;
  const auto crossing = [&](const auto& outside, const auto& inside) {
    const auto above = [&](double value) { return rise(value) - 1; };
    std::uintmax_t evaluations = 40;
    const double low = std::min(outside.first, inside.first), high = std::max(outside.first, inside.first);
    const double at_low = (low == outside.first ? outside : inside).second - 1,
                 at_high = (low == outside.first ? inside : outside).second - 1;
    const auto ends = boost::math::tools::toms748_solve(
        above, low, high, at_low, at_high, boost::math::tools::eps_tolerance<double>(30), evaluations);
    return (ends.first + ends.second) / 2;
  };
  const auto within = [](const auto& at) { return at.second < 1; };
  const auto first = std::ranges::find_if(rises, within);
  const auto last = std::find_if(rises.rbegin(), rises.rend(), within);
  if (first == rises.end()) {  // no value that was tried is as good as the fit
    is_determined_ = false;
    return;
  }
  const double fitted = fit_.coefficients(k_);
  error_ = std::max(fitted - crossing(*std::prev(first), *first), crossing(*std::prev(last), *last) - fitted);
}

}  // namespace leafcast::analysis
