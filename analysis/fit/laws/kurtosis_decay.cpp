#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

// S is a sum of d^{h−w} weakly dependent blocks. The blocks have a limiting shape, so that w may vary, above
// Kesten–Stigum only.
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
                            [](const Cell& cell) { return in_window(cell, 1, kLeastAboveForKurtosis); },
                            /*average_seeds=*/true},
      .scale = log_of_kurtosis,
      .why_no_law = above_kesten_stigum,
      .form = line("(h−w)"),
      .corrected = corrected_by_block_number("(h−w)", "d^−(h−w)"),
      .rivals = {constant(), power("h−w")},
      .predict = [](const Series& series) { return predicted_by_block_number(series, -1); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
