#include "analysis/fit/laws/forms.h"

#include <fmt/format.h>

#include <cmath>

namespace leafcast::analysis {

namespace {

Form straight(std::string name, std::string formula, std::function<double(double)> abscissa) {
  Form form;
  form.name = std::move(name);
  form.formula = std::move(formula);
  form.coefficients = {"slope", "intercept"};
  form.y = [abscissa = std::move(abscissa)](const LawPoint& p, std::span<const double> beta,
                                            std::span<double> gradient) {
    gradient[0] = abscissa(p.x);
    gradient[1] = 1;
    return beta[0] * gradient[0] + beta[1];
  };
  return form;
}

/// log v and 1/v; below a hundred-millionth the tangent there, so that no step of a search leaves the reals.
Ordinate tame_log(double v) {
  constexpr double kLeast = 1e-8;
  if (v >= kLeast) return {std::log(v), 1 / v};
  return {std::log(kLeast) + (v - kLeast) / kLeast, 1 / kLeast};
}

}  // namespace

Form line(const std::string& x_name) {
  return straight("law", fmt::format("slope·{} + intercept", x_name), [](double x) { return x; });
}

Form constant() {
  Form form;
  form.name = "constant";
  form.formula = "intercept";
  form.nesting = Form::Nesting::within;
  form.coefficients = {"intercept"};
  form.y = [](const LawPoint&, std::span<const double> beta, std::span<double> gradient) {
    gradient[0] = 1;
    return beta[0];
  };
  return form;
}

Form power(const std::string& x_name) {
  return straight("power", fmt::format("slope·log(1 + {}) + intercept", x_name),
                  [](double x) { return std::log1p(x); });
}

Form logarithm(const std::string& x_name) {
  return straight("logarithmic", fmt::format("slope·log({}) + intercept", x_name),
                  [](double x) { return std::log(x); });
}

Form exponential(const std::string& formula) {
  return straight("power", formula, [](double x) { return std::exp(x); });
}

Form corrected_line(const std::string& x_name, const std::string& term, double omega) {
  Form form;
  form.name = "corrected";
  form.formula = fmt::format("slope·{} + intercept + log(1 + c·{})", x_name, term);
  form.nesting = Form::Nesting::contains;
  form.coefficients = {"slope", "intercept", "c"};
  form.linear = false;
  form.y = [omega](const LawPoint& p, std::span<const double> beta, std::span<double> gradient) {
    const double decay = std::exp(-omega * p.distance);
    const Ordinate log = tame_log(1 + beta[2] * decay);
    gradient[0] = p.x;
    gradient[1] = 1;
    gradient[2] = decay * log.derivative;
    return beta[0] * p.x + beta[1] + log.y;
  };
  return form;
}

Ordinate as_is(double v) { return {v, 1}; }
Ordinate log_of(double v) { return {std::log(v), 1 / v}; }
Ordinate log_of_size(double v) { return {std::log(std::abs(v)), 1 / v}; }
Ordinate log_of_minus_log(double v) { return {std::log(-std::log(v)), 1 / (v * std::log(v))}; }

std::string zero_within_error(const LawPoint& p) {
  return std::abs(p.value) > kSignificant * p.error ? "" : "zero within 3 errors";
}

std::string error_beyond_a_third(const LawPoint& p) {
  return std::abs(p.value) > kSignificant * p.error ? "" : "in doubt by a third or more";
}

std::string rate_within_error_of_bounds(const LawPoint& p) {
  if (p.value <= kSignificant * p.error) return "zero within 3 errors";
  return 1 - p.value > kSignificant * p.error ? "" : "one within 3 errors";
}

std::string any_value(const LawPoint&) { return ""; }

Prediction predicted_line(double slope, double intercept) { return {{slope, intercept}, ""}; }

}  // namespace leafcast::analysis
