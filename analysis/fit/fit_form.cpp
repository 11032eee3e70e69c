#include "analysis/fit/fit_form.h"

#include <algorithm>
#include <cmath>

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kRounding = 1e-9;  // of the values: less scatter is none

/// f and its Jacobian.
void linearise(const Form& form, std::span<const LawPoint> points, const VectorXd& beta, VectorXd& f,
               MatrixXd& jacobian) {
  std::vector<double> gradient(static_cast<std::size_t>(beta.size()));
  f.resize(static_cast<Index>(points.size()));
  jacobian.resize(f.size(), beta.size());
  for (Index i = 0; i < f.size(); ++i) {
    f(i) = form.y(points[static_cast<std::size_t>(i)], {beta.data(), gradient.size()}, gradient);
    jacobian.row(i) = Eigen::Map<const Eigen::RowVectorXd>(gradient.data(), beta.size());
  }
}

void take_errors_from_scatter(LeastSquares& fit, const VectorXd& y) {
  const double points = static_cast<double>(y.size());
  const double least = std::pow(kRounding * y.cwiseAbs().maxCoeff(), 2);
  const double squares = fit.chi2;
  fit.covariance *= fit.degrees_of_freedom > 0 ? std::max(squares / fit.degrees_of_freedom, least) : kUnknown;
  fit.minus_two_log_likelihood = points * std::log(std::max(squares / points, least));
  fit.chi2 = fit.p_value = kUnknown;
}

}  // namespace

FitData FitData::select(std::span<const std::size_t> indices) const {
  FitData selected;
  selected.is_exact = is_exact;
  selected.covariance = covariance.select(indices);
  selected.y.resize(static_cast<Index>(indices.size()));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    selected.points.push_back(points[indices[i]]);
    selected.y(static_cast<Index>(i)) = y(static_cast<Index>(indices[i]));
  }
  return selected;
}

FitData FitData::window(double first, double last) const {
  std::vector<std::size_t> inside;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].x >= first && points[i].x <= last) inside.push_back(i);
  return select(inside);
}

std::vector<double> FitData::x() const {
  std::vector<double> list;
  for (const LawPoint& p : points) list.push_back(p.x);
  return list;
}

std::vector<double> FitData::abscissae() const {
  std::vector<double> list = x();
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

VectorXd evaluate(const Form& form, std::span<const LawPoint> points, const VectorXd& beta) {
  VectorXd f;
  MatrixXd jacobian;
  linearise(form, points, beta, f, jacobian);
  return f;
}

std::optional<LeastSquares> fit_form(const Form& form, const FitData& data, const VectorXd& start) {
  VectorXd beta = VectorXd::Zero(static_cast<Index>(form.coefficients.size()));
  std::optional<LeastSquares> fit;
  if (form.linear) {
    VectorXd f;
    MatrixXd design;
    linearise(form, data.points, beta, f, design);
    fit = solve_least_squares(design, data.y, data.covariance);
  } else {
    beta.head(start.size()) = start;
    const Model model = [&](const VectorXd& b, VectorXd& f, MatrixXd& jacobian) {
      linearise(form, data.points, b, f, jacobian);
    };
    fit = solve_least_squares(model, beta, data.y, data.covariance);
  }
  if (fit && data.is_exact) take_errors_from_scatter(*fit, data.y);
  return fit;
}

VectorXd complete(const Form& form, const FitData& data, std::span<const double> fixed) {
  VectorXd beta = VectorXd::Zero(static_cast<Index>(fixed.size()));
  std::vector<Index> open;
  for (Index k = 0; k < beta.size(); ++k) {
    const double value = fixed[static_cast<std::size_t>(k)];
    if (std::isnan(value))
      open.push_back(k);
    else
      beta(k) = value;
  }
  VectorXd f;
  MatrixXd design;
  linearise(form, data.points, beta, f, design);
  if (open.empty()) return beta;
  if (const auto rest = solve_least_squares(MatrixXd(design(Eigen::all, open)), data.y - f, data.covariance))
    beta(open) = rest->coefficients;
  return beta;
}

}  // namespace leafcast::analysis
