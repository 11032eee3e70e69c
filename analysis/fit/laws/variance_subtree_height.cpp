#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

// In a symmetric channel V_j = (q−1)·(A·g^j + 1 − A), with g = dλ² and A = (d−1)g/(d(g−1)): the corrected
// form is exact there, with c = (1−A)/A.
double amplitude(const Cell& cell) {
  const double d = cell.language().d, g = growth(cell);
  return (d - 1) * g / (d * (g - 1));
}

Prediction predict_variance_subtree_height(const Series& series) {
  const Cell& cell = *series.points.front().cell;
  const Channel& channel = cell.language().channel();
  return predicted_line(std::log(growth(cell)),
                        channel.is_symmetric() ? std::log((channel.q() - 1) * amplitude(cell)) : kUnknown);
}

Prediction predict_correction(const Series& series) {
  const Cell& cell = *series.points.front().cell;
  Prediction prediction = predict_variance_subtree_height(series);
  const double a = amplitude(cell);
  prediction.coefficients.push_back(cell.language().is_uniform() ? (1 - a) / a : kUnknown);
  return prediction;
}

}  // namespace

Law variance_subtree_height() {
  return {
      .name = "variance-subtree-height",
      .formula = "log(Var s/d^j) = slope·j + intercept",
      .source = "MATH.md §6, V_j of the language itself (derived)",
      .domain = "dλ² > 1, the true language, j ≥ 2",
      .x_name = "j",
      .y_name = "log(Var s/dʲ)",
      .series =
          BySubtreeHeight{
              "variance",
              [](const Cell& cell) { return std::holds_alternative<TrueGenerator>(cell.generator()); }, 2},
      .scale = log_of,
      .why_no_law = above_kesten_stigum,
      .form = line("j"),
      .corrected =
          [](const Series& series) {
            return corrected_line("j", "(dλ²)^−j", std::log(growth(*series.points.front().cell)));
          },
      .rivals = {constant(), power("j")},
      .predict = predict_variance_subtree_height,
      .correction = predict_correction,
  };
}

}  // namespace leafcast::analysis
