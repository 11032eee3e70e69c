#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

Law required_context() {
  return {
      .name = "required-context",
      .formula = "log k* = slope·log n + intercept",
      .source = "GKMSS Theorems 3.1 to 3.3: k* = Ω(n)",
      .domain = "all n for which k* is known",
      .x_name = "log n",
      .y_name = "log k*",
      .series = AgainstSize{"context", [](double n) { return std::log(n); }},
      .scale = as_is,
      .why_no_law = anywhere,
      .form = line("log n"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant(), logarithm("log n")},
      .predict = [](const Series&) { return predicted_line(1); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
