#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

// What suffices is a number of levels that falls short of h by a constant, a + b·log n bits: hence the
// correction, e^{−log log n}.
Law required_memory() {
  return {
      .name = "required-memory",
      .formula = "log m* = slope·log log n + intercept",
      .source = "GKMSS Theorem 3.4: m* = Θ(log n) bits",
      .domain = "all n for which m* is known",
      .x_name = "log log n",
      .y_name = "log m*",
      .series = AgainstSize{"memory", [](double n) { return std::log(std::log(n)); }},
      .scale = as_is,
      .why_no_law = anywhere,
      .form = line("log log n"),
      .corrected = [](const Series&) { return corrected_line("log log n", "1/log n", 1); },
      .rivals = {constant(), exponential("slope·log n + intercept")},
      .predict = [](const Series&) { return predicted_line(1); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
