#include <fmt/format.h>

#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

Prediction predict_valid_rate_decay(const Series& series) {
  const Language& language = series.points.front().cell->language();
  if (frozen_limit(language) > 0) return predicted_line(std::log(language.d));
  Prediction none = predicted_line(kUnknown);
  none.assumption = fmt::format(
      "no slope is predicted: roots of {} with d = {} freeze ever more rarely with height, so deeper blocks "
      "clash less",
      language.kind, language.d);
  return none;
}

}  // namespace

// Each block may clash with the last one; as many chances as blocks. How often it does depends little on w
// where roots are frozen.
Law valid_rate_decay() {
  return {
      .name = "valid-rate-decay",
      .formula = "log(−log valid rate) = slope·(h−w) + intercept",
      .source = "GKMSS Theorem 3.3",
      .domain = "w ≥ 1 and h−w ≥ 1",
      .x_name = "h−w",
      .y_name = "log(−log valid rate)",
      .series = AcrossCells{"valid_rate",
                            {"generator.context-depth", "generator.memory-depth", "seed"},
                            by_levels_above,
                            [](const Cell& cell) { return in_window(cell, 1, 1); }},
      .scale = log_of_minus_log,
      .why_no_law = anywhere,
      .form = line("(h−w)"),
      .corrected = corrected_by_block_number("(h−w)", "d^−(h−w)"),
      .rivals = {constant(), power("h−w")},
      .predict = predict_valid_rate_decay,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
