#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

// In a symmetric channel the law is exact at every height, so there is no correction. In a general one λ is
// the second eigenvalue, and the law is asymptotic.
Law correlation_lca_height() {
  return {
      .name = "correlation-lca-height",
      .formula = "log correlation = slope·j + intercept",
      .source = "MATH.md §1: λ^{2j} for two leaves whose LCA has height j",
      .domain = "the true language, j ≥ 1",
      .x_name = "j",
      .y_name = "log correlation",
      .series =
          BySubtreeHeight{
              "correlation",
              [](const Cell& cell) { return std::holds_alternative<TrueGenerator>(cell.generator()); }, 1},
      .scale = log_of_size,
      .why_no_law = anywhere,
      .form = line("j"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant(), power("j")},
      .predict =
          [](const Series& series) {
            const Channel& channel = series.points.front().cell->language().channel();
            return predicted_line(2 * std::log(std::abs(channel.lambda())),
                                  channel.is_symmetric() ? 0 : kUnknown);
          },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
