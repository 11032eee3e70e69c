#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

Law valid_rate_decay_height() {
  return {
      .name = "valid-rate-decay-height",
      .formula = "log(−log valid rate) = slope·h + intercept",
      .source = "GKMSS Theorem 3.3",
      .domain = "h−w ≥ 1",
      .x_name = "h",
      .y_name = "log(−log valid rate)",
      .series = AcrossCells{"valid_rate",
                            {"language.height", "seed"},
                            by_height,
                            [](const Cell& cell) { return in_window(cell, 0, 1); }},
      .scale = log_of_minus_log,
      .why_no_law = anywhere,
      .form = line("h"),
      .corrected = corrected_by_block_number("h", "d^−(h−w)"),
      .rivals = {constant(), power("h")},
      .predict = [](const Series& series) { return predicted_by_block_number(series, 1); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
