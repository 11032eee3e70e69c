#include <fmt/format.h>

#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

Form limit() {
  Form form = constant();
  form.name = "law";
  form.formula = "limit";
  form.nesting = Form::Nesting::none;
  form.coefficients = {"limit"};
  return form;
}

/// p_h nears its limit p as r^h, where r is the slope of the recursion at p.
std::optional<Form> approach(const Series& series) {
  const Language& language = series.points.front().cell->language();
  const double p = frozen_limit(language), step = 1e-5;
  const double r = (next_frozen(language, p + step) - next_frozen(language, p - step)) / (2 * step);
  if (!(r > 0 && r < 1)) return {};
  Form form;
  form.name = "corrected";
  form.formula = fmt::format("limit + c·{:.4g}^h", r);
  form.nesting = Form::Nesting::contains;
  form.coefficients = {"limit", "c"};
  form.y = [r](const LawPoint& point, std::span<const double> beta, std::span<double> gradient) {
    gradient[0] = 1;
    gradient[1] = std::pow(r, point.distance);
    return beta[0] + beta[1] * gradient[1];
  };
  return form;
}

Form vanishing() {
  Form form;
  form.name = "vanishing";
  form.formula = "c/h";
  form.coefficients = {"c"};
  form.y = [](const LawPoint& point, std::span<const double> beta, std::span<double> gradient) {
    gradient[0] = 1 / point.x;
    return beta[0] * gradient[0];
  };
  return form;
}

std::string where_roots_freeze(const Series& series) {
  const Language& language = series.points.front().cell->language();
  if (frozen_limit(language) > 0) return "";
  return fmt::format("roots of {} with d = {} freeze ever more rarely with height: there is no limit above 0",
                     language.kind, language.d);
}

}  // namespace

Law frozen_fraction() {
  return {
      .name = "frozen-fraction",
      .formula = "frozen rate = limit",
      .source = "MATH.md §6, fixed point of p_{h+1} = Σ_j (−1)^j C(q−1, j) (1 − j p_h/(q−1))^d (derived)",
      .domain = "the true language where roots freeze, h ≥ 1",
      .x_name = "h",
      .y_name = "frozen rate",
      .series = AcrossCells{"frozen_rate",
                            {"language.height", "seed"},
                            [](const Cell& cell) -> std::optional<Abscissa> {
                              if (!std::holds_alternative<TrueGenerator>(cell.generator())) return {};
                              const double h = cell.language().height;
                              return Abscissa{h, h};
                            },
                            [](const Cell& cell) { return cell.language().height >= 1; }},
      .scale = as_is,
      .why_no_law = where_roots_freeze,
      .form = limit(),
      .corrected = approach,
      .rivals = {vanishing()},
      .predict =
          [](const Series& series) {
            return Prediction{{frozen_limit(series.points.front().cell->language())}, ""};
          },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
