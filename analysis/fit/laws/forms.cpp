#include "analysis/fit/laws/forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kMostExponent = 600;  // a search may try any slope

Ordinate log_or_infinite(double v) {
  if (v <= 0) return {-kInfinite, kInfinite};
  return {std::log(v), 1 / v};
}

Ordinate exponential_of(double y) {
  const double v = std::exp(std::min(y, kMostExponent));
  return {v, v};
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

const LawScale as_is = {[](double v) {
                          return Ordinate{v, 1};
                        },
                        [](double y) {
                          return Ordinate{y, 1};
                        },
                        false, LawScale::Intercept::added};
const LawScale log_of = {log_or_infinite, exponential_of, false, LawScale::Intercept::factor};
const LawScale log_of_size = {log_or_infinite, exponential_of, true, LawScale::Intercept::factor};
/// The noise of u = m₂²/m₄ = 1/(κ+3) does not go with u, and σ = σ_u (κ+3)². Weights 1/σ² with this factor make the normal
/// equations Σ (u − expected u)/σ_u² = 0.
const LawScale log_of_kurtosis = {
    log_or_infinite, exponential_of, true, LawScale::Intercept::factor, [](double value, double expected) {
      constexpr double kLeast = 0.1;  // of κ+3, which is 1 or more
      return std::pow(std::max(kLeast, expected + 3) / std::max(kLeast, value + 3), 1.5);
    }};
const LawScale log_of_minus_log = {[](double v) {
                                     if (v <= 0) return Ordinate{kInfinite, kInfinite};
                                     if (v >= 1) return Ordinate{-kInfinite, kInfinite};
                                     return Ordinate{std::log(-std::log(v)), 1 / (v * std::log(v))};
                                   },
                                   [](double y) {
                                     const double rate = std::exp(std::min(y, kMostExponent)),
                                                  v = std::exp(-rate);
                                     return Ordinate{v, -rate * v};
                                   }};

Prediction predicted_line(double slope, double intercept) { return {{slope, intercept}, ""}; }

}  // namespace leafcast::analysis
