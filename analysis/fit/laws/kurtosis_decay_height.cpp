#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

Law kurtosis_decay_height() {
  return {
      .name = "kurtosis-decay-height",
      .formula = "log|kurtosis| = slope·h + intercept",
      .source = "GKMSS Theorem 3.2",
      .domain = "h−w ≥ 4",
      .x_name = "h",
      .y_name = "log|kurtosis|",
      .series = AcrossCells{"excess_kurtosis",
                            {"language.height", "seed"},
                            by_height,
                            [](const Cell& cell) { return in_window(cell, 0, kLeastAboveForKurtosis); },
                            /*average_seeds=*/true},
      .scale = log_of_kurtosis,
      .why_no_law = anywhere,
      .form = line("h"),
      .corrected = corrected_by_block_number("h", "d^−(h−w)"),
      .rivals = {constant(), power("h")},
      .predict = [](const Series& series) { return predicted_by_block_number(series, -1); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
