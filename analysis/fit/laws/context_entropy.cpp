#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/grammar_series.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

// H_k ≤ E log N ≤ log E N: were the symbols that can follow equally likely, and as many after all contexts,
// the three would be one, and the last is what the annealed formula gives.
Law context_entropy() {
  return {
      .name = "context-entropy",
      .formula = "H = slope·log N + intercept",
      .source =
          "Cagnetta and Wyart, arXiv 2406.00048: H of the last token ≈ log N, N the annealed mean number "
          "of tokens that can follow",
      .domain = "random grammars of equiprobable rules, whatever writes: exact values",
      .x_name = "log N",
      .y_name = "entropy of the last token given the context, nats",
      .series = OfGrammars{"last_token_entropy", "log_mean_compatible"},
      .scale = as_is,
      .why_no_law = anywhere,
      .form = line("log N"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant(), power("log N")},
      .predict =
          [](const Series&) {
            Prediction prediction = predicted_line(1, 0);
            prediction.assumption = "all that can follow is equally likely, and as much after every context";
            return prediction;
          },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
