#include "analysis/fit/held_slope.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

/// ∂y/∂β_k at the points, of a form that is linear.
VectorXd derivative(const Form& form, const FitData& data, std::size_t k) {
  const std::vector<double> zero(form.coefficients.size(), 0.0);
  std::vector<double> gradient(zero.size());
  VectorXd column(static_cast<Index>(data.points.size()));
  for (Index i = 0; i < column.size(); ++i) {
    form.y(data.points[static_cast<std::size_t>(i)], zero, gradient);
    column(i) = gradient[k];
  }
  return column;
}

/// ±geometric steps, from a change that no point shows to one of e^12 between neighbours.
std::vector<double> grid(VectorXd a) {
  constexpr double kLeast = 0.05, kMost = 12, kRatio = 1.5;  // in y
  std::ranges::sort(a);
  double gap = a(a.size() - 1) - a(0);
  const double least = kLeast / gap;
  for (Index i = 1; i < a.size(); ++i)
    if (const double step = a(i) - a(i - 1); step > 1e-9 * std::abs(a(i))) gap = std::min(gap, step);
  const double most = kMost / gap;
  std::vector<double> slopes = {0};
  for (double s = most; s > least; s /= kRatio) {
    slopes.push_back(s);
    slopes.push_back(-s);
  }
  std::ranges::sort(slopes);
  return slopes;
}

}  // namespace

bool HeldSlope::applies(const Form& form, const FitData& data) {
  if (!data.scale || data.scale->intercept == LawScale::Intercept::added) return false;
  if (!form.linear || form.coefficients.size() != 2 || data.points.size() < 2) return false;
  const VectorXd a = derivative(form, data, 0);
  return (derivative(form, data, 1).array() == 1).all() && a.maxCoeff() > a.minCoeff();
}

HeldSlope::HeldSlope(const Form& form, const FitData& data)
    : data_(data),
      abscissae_(derivative(form, data, 0)),
      sigma_(data.covariance.errors()),
      whitening_(data.covariance, static_cast<int>(data.points.size()) - 2),
      slopes_(grid(abscissae_)) {
  target_ = whitening_(data.values);
}

double HeldSlope::chi2(const VectorXd& y) const {
  const VectorXd v = y.unaryExpr([&](double at) { return data_.value(at).y; });
  return (whitening_(v) - target_).squaredNorm();
}

HeldSlope::At HeldSlope::operator()(double slope) const {
  return data_.scale->intercept == LawScale::Intercept::factor ? as_factor(slope) : by_search(slope);
}

/// An intercept is a factor of all values, in which they are linear, and not negative.
HeldSlope::At HeldSlope::as_factor(double slope) const {
  const VectorXd y = slope * abscissae_;
  const double most = y.maxCoeff();
  const VectorXd shape =
      whitening_(VectorXd(y.unaryExpr([&](double at) { return data_.value(at - most).y; })));
  const double factor = shape.dot(target_) / shape.squaredNorm();
  if (!(factor > 0)) return {-kCertain, target_.squaredNorm()};
  return {std::log(factor) - most, (factor * shape - target_).squaredNorm()};
}

/// The best line of those that pass through the end or the middle of a bar, and what is best near it.
HeldSlope::At HeldSlope::by_search(double slope) const {
  constexpr double kFar = 40, kNear = 1;
  constexpr int kBits = 20;
  const VectorXd y = slope * abscissae_;
  const auto at = [&](double intercept) { return chi2(y.array() + intercept); };
  At best{-kFar - y.maxCoeff(), at(-kFar - y.maxCoeff())};
  const auto attempt = [&](double intercept, double squares) {
    if (squares < best.chi2) best = {intercept, squares};
  };
  attempt(kFar - y.minCoeff(), at(kFar - y.minCoeff()));
  for (Index i = 0; i < y.size(); ++i)
    for (const int end : {-1, 0, 1}) {
      const double value = data_.values(i) + end * sigma_[static_cast<std::size_t>(i)];
      const double intercept = data_.y(value).y - y(i);
      if (std::isfinite(intercept)) attempt(intercept, at(intercept));
    }
  std::uintmax_t evaluations = 30;
  const auto [intercept, squares] = boost::math::tools::brent_find_minima(
      at, best.intercept - kNear, best.intercept + kNear, kBits, evaluations);
  attempt(intercept, squares);
  return best;
}

}  // namespace leafcast::analysis
