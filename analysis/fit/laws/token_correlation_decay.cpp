#include <fmt/format.h>

#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/grammar_series.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

/// m, where every symbol has as many equiprobable rules; else NaN.
Prediction predict_token_correlation_decay(const Series& series) {
  const Cell& cell = *series.points.front().cell;
  const Grammar& grammar = cell.language().grammar();
  const double v = grammar.symbols(), s = grammar.children(),
               m = grammar.is_uniform() ? grammar.rules_of_symbol() : kUnknown;
  const double filling = m / std::pow(v, s - 1);
  Prediction prediction =
      predicted_line(-std::log(m), filling < 1 ? 0.5 * std::log((1 - filling) * m / (v * v * v)) : kUnknown);
  prediction.assumption =
      fmt::format("many symbols and rules; C ~ t^-β, β = ln m/ln s = {:.4g}", std::log(m) / std::log(s));
  return prediction;
}

}  // namespace

// C_ℓ² ≈ (1 − f)/(v³ m^{2ℓ−1}): log C falls by ln m a level, and a level multiplies the distance by s.
Law token_correlation_decay() {
  return {
      .name = "token-correlation-decay",
      .formula = "log C = slope·ℓ + intercept",
      .source = "Cagnetta and Wyart, arXiv 2406.00048: C ~ t^−β, β = ln m/ln s",
      .domain = "sentences of random grammars, ℓ ≥ 1",
      .x_name = "ℓ",
      .y_name = "log of the rms token correlation",
      .series = OverGrammars{"token_correlation",
                             [](const Cell& cell) {
                               return std::holds_alternative<TrueGenerator>(cell.generator());
                             }},
      .scale = log_of_size,
      .why_no_law = anywhere,
      .form = line("ℓ"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant(), power("ℓ")},
      .predict = predict_token_correlation_decay,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
