#include "analysis/fit/fit_form.h"

#include <algorithm>
#include <cmath>

#include "analysis/fit/held_slope.h"

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kRounding = 1e-9;  // of the values: less scatter is none

/// y of the form at the points, and its Jacobian.
void linearise(const Form& form, std::span<const LawPoint> points, const VectorXd& beta, VectorXd& y,
               MatrixXd& jacobian) {
  std::vector<double> gradient(static_cast<std::size_t>(beta.size()));
  y.resize(static_cast<Index>(points.size()));
  jacobian.resize(y.size(), beta.size());
  for (Index i = 0; i < y.size(); ++i) {
    y(i) = form.y(points[static_cast<std::size_t>(i)], {beta.data(), gradient.size()}, gradient);
    jacobian.row(i) = Eigen::Map<const Eigen::RowVectorXd>(gradient.data(), beta.size());
  }
}

/// The same of the values.
void linearise_values(const Form& form, const FitData& data, const VectorXd& beta, VectorXd& f,
                      MatrixXd& jacobian) {
  linearise(form, data.points, beta, f, jacobian);
  if (!data.scale) return;
  for (Index i = 0; i < f.size(); ++i) {
    const Ordinate value = data.value(f(i));
    f(i) = value.y;
    jacobian.row(i) *= value.derivative;
  }
}

/// A line through the ordinates of the points that are clear of noise, each weighted by its own error; through the size of
/// all, if they do not determine one.
VectorXd first_guess(const Form& form, const FitData& data) {
  constexpr double kAboveNoise = 2;  // errors
  const std::vector<double> sigma =
      data.is_exact ? std::vector<double>(data.points.size(), 1.0) : data.covariance.errors();
  const auto guess = [&](double clear) -> std::optional<VectorXd> {
    std::vector<std::size_t> used;
    std::vector<double> y, errors;
    for (std::size_t i = 0; i < data.points.size(); ++i) {
      double value = data.values(static_cast<Index>(i));
      if (clear > 0 && !(std::abs(value) > clear * sigma[i])) continue;
      if (clear == 0) value = data.sign * std::max(std::abs(value), sigma[i]);
      const Ordinate ordinate = data.y(value);
      if (!std::isfinite(ordinate.y)) continue;
      used.push_back(i);
      y.push_back(ordinate.y);
      errors.push_back(std::max(1e-12, std::abs(ordinate.derivative) * sigma[i]));
    }
    const FitData clean = data.select(used);
    VectorXd zero, at = VectorXd::Zero(static_cast<Index>(form.coefficients.size()));
    MatrixXd design;
    linearise(form, clean.points, at, zero, design);
    const auto line =
        solve_least_squares(design, Eigen::Map<const VectorXd>(y.data(), static_cast<Index>(y.size())),
                            Covariance::independent(errors));
    if (!line) return {};
    return line->coefficients;
  };
  if (const auto clear = guess(kAboveNoise)) return *clear;
  if (const auto all = guess(0)) return *all;
  return VectorXd::Zero(static_cast<Index>(form.coefficients.size()));
}

void take_errors_from_scatter(LeastSquares& fit, const VectorXd& y) {
  const double points = static_cast<double>(y.size());
  const double least = std::pow(kRounding * y.cwiseAbs().maxCoeff(), 2);
  const double squares = fit.chi2;
  fit.covariance *= fit.degrees_of_freedom > 0 ? std::max(squares / fit.degrees_of_freedom, least) : kUnknown;
  fit.minus_two_log_likelihood = points * std::log(std::max(squares / points, least));
  fit.chi2 = fit.p_value = kUnknown;
}

/// Bounds within an error of the form: their χ² is small whatever the points are.
void discount_bounds(LeastSquares& fit, const Form& form, const FitData& data) {
  if (!data.scale) return;
  const std::vector<double> sigma = data.covariance.errors();
  VectorXd expected;
  int agreeing = 0;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    if (!data.is_bound(i)) continue;
    if (expected.size() == 0) expected = evaluate_values(form, data, fit.coefficients);
    const auto at = static_cast<Index>(i);
    agreeing += std::abs(data.values(at) - expected(at)) < sigma[i];
  }
  if (agreeing == 0) return;
  fit.degrees_of_freedom = std::max(0, fit.degrees_of_freedom - agreeing);
  fit.p_value = chi_squared_p_value(fit.chi2, fit.degrees_of_freedom, data.covariance);
}

/// The slope and intercept of the lowest valley of χ², if it is lower than a fit.
std::optional<VectorXd> lower_valley(const Form& form, const FitData& data,
                                     const std::optional<LeastSquares>& fit) {
  if (!HeldSlope::applies(form, data)) return {};
  constexpr double kLower = 1e-3;
  const HeldSlope line(form, data);
  double least = fit ? fit->chi2 - kLower : kCertain;
  std::optional<VectorXd> lowest;
  for (const double slope : line.slopes())
    if (const HeldSlope::At at = line(slope); at.chi2 < least && std::isfinite(at.intercept)) {
      least = at.chi2;
      lowest = Eigen::Vector2d(slope, at.intercept);
    }
  return lowest;
}

}  // namespace

bool FitData::is_bound(std::size_t point) const {
  const double value = values(static_cast<Index>(point));
  return (value == 0 || value == 1) && !std::isfinite(y(value).y);
}

FitData FitData::select(std::span<const std::size_t> indices) const {
  FitData selected;
  selected.is_exact = is_exact;
  selected.scale = scale;
  selected.sign = sign;
  selected.covariance = covariance.select(indices);
  selected.values.resize(static_cast<Index>(indices.size()));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    selected.points.push_back(points[indices[i]]);
    selected.values(static_cast<Index>(i)) = values(static_cast<Index>(indices[i]));
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

Ordinate FitData::value(double ordinate) const {
  if (!scale) return {ordinate, 1};
  const Ordinate size = scale->value(ordinate);
  return {sign * size.y, sign * size.derivative};
}

Ordinate FitData::y(double of) const {
  if (!scale) return {of, 1};
  const Ordinate ordinate = scale->y(sign * of);
  return {ordinate.y, sign * ordinate.derivative};
}

VectorXd evaluate_values(const Form& form, const FitData& data, const VectorXd& beta) {
  VectorXd f;
  MatrixXd jacobian;
  linearise_values(form, data, beta, f, jacobian);
  return f;
}

std::optional<LeastSquares> fit_form(const Form& form, const FitData& data, const VectorXd& start) {
  VectorXd beta = VectorXd::Zero(static_cast<Index>(form.coefficients.size()));
  std::optional<LeastSquares> fit;
  if (form.linear && !data.scale) {
    VectorXd f;
    MatrixXd design;
    linearise(form, data.points, beta, f, design);
    fit = solve_least_squares(design, data.values, data.covariance);
  } else {
    if (form.linear && start.size() == 0)
      beta = first_guess(form, data);
    else
      beta.head(start.size()) = start;
    const Model model = [&](const VectorXd& b, VectorXd& f, MatrixXd& jacobian) {
      linearise_values(form, data, b, f, jacobian);
    };
    fit = solve_least_squares(model, beta, data.values, data.covariance);
    if (start.size() == 0)
      if (const auto valley = lower_valley(form, data, fit)) {
        const auto again = solve_least_squares(model, *valley, data.values, data.covariance);
        if (again && (!fit || again->chi2 < fit->chi2)) fit = again;
      }
  }
  if (fit) discount_bounds(*fit, form, data);
  if (fit && data.is_exact) take_errors_from_scatter(*fit, data.values);
  return fit;
}

Form hold(const Form& form, std::span<const double> fixed) {
  std::vector<std::size_t> open;
  for (std::size_t k = 0; k < fixed.size(); ++k)
    if (std::isnan(fixed[k])) open.push_back(k);
  Form rest = form;
  rest.coefficients.assign(open.size(), "open");
  rest.y = [&form, open, held = std::vector<double>(fixed.begin(), fixed.end())](
               const LawPoint& p, std::span<const double> some, std::span<double> gradient) {
    std::vector<double> all = held, whole(held.size());
    for (std::size_t k = 0; k < open.size(); ++k) all[open[k]] = some[k];
    const double y = form.y(p, all, whole);
    for (std::size_t k = 0; k < open.size(); ++k) gradient[k] = whole[open[k]];
    return y;
  };
  return rest;
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
  if (open.empty()) return beta;
  Form rest = hold(form, fixed);
  // Linear least squares take y as linear through 0; the held coefficients shift it.
  if (!data.scale) {
    FitData shifted = data;
    shifted.values -= evaluate(form, data.points, beta);
    rest.y = [&, y = rest.y, base = beta](const LawPoint& p, std::span<const double> some,
                                          std::span<double> gradient) {
      std::vector<double> unused(fixed.size());
      return y(p, some, gradient) - form.y(p, {base.data(), fixed.size()}, unused);
    };
    if (const auto fit = fit_form(rest, shifted)) beta(open) = fit->coefficients;
    return beta;
  }
  const auto free = fit_form(form, data);
  if (!free) return beta;
  if (const auto fit = fit_form(rest, data, VectorXd(free->coefficients(open))))
    beta(open) = fit->coefficients;
  return beta;
}

}  // namespace leafcast::analysis
