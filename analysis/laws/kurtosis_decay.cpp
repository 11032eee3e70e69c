#include <cmath>

#include "analysis/laws/forms.h"
#include "analysis/laws/languages.h"
#include "analysis/laws/registry.h"

namespace leafcast::analysis {

// S is a sum of d^{h−w} weakly dependent blocks. The blocks have a limiting shape, so that w may vary, above
// Kesten–Stigum only. A few blocks are not many: for Ising with d = 3, ρ = 0.9, the logarithm of the exact
// kurtosis falls by 0.70, 1.04, 1.095 and from then on 1.0986 = log 3, beginning with the step from two
// levels to three.
Law kurtosis_decay() {
  return {
      .name = "kurtosis-decay",
      .formula = "log|kurtosis| = slope·(h−w) + intercept",
      .source = "GKMSS Theorem 3.2",
      .domain = "dλ² > 1, w ≥ 1 and h−w ≥ 4",
      .x_name = "h−w",
      .y_name = "log|kurtosis|",
      .series = AcrossCells{"excess_kurtosis",
                            {"generator.context-depth", "generator.memory-depth", "seed"},
                            by_levels_above,
                            [](const Cell& cell) { return in_window(cell, 1, 4); }},
      .y = log_of_size,
      .why_not_usable = zero_within_error,
      .why_no_law = above_kesten_stigum,
      .form = line("(h−w)"),
      .corrected = corrected_by_block_number("(h−w)", "d^−(h−w)"),
      .rivals = {constant(), power("h−w")},
      .predict =
          [](const Series& series) {
            return predicted_line(-std::log(series.points.front().cell->language().d));
          },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
