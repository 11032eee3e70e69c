#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/grammar_series.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

bool is_about_next_token_learning(const Cell& cell) {
  const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
  return learner && learner->learner != Learner::classifier;
}

// Probabilities at one level do not move the exponent (arXiv 2505.07067).
Prediction predict_next_token_learning(const Series& series) {
  const Grammar& grammar = series.points.front().cell->language().grammar();
  const double m = grammar.rules_of_symbol(), f = m / std::pow(grammar.symbols(), grammar.children() - 1);
  return predicted_line(m > 1 && f < 1 ? std::log(f) / (2 * std::log(m)) : kUnknown);
}

}  // namespace

// Contexts of ℓ levels are learned from P_ℓ ~ m^{2ℓ} sentences, and the entropy that is left falls by f a
// level: excess ~ P^{−α}, α = ln(1/f)/(2 ln m), for a learner that finds the latent symbols by the tokens
// that it predicts. One that counts needs as many sentences as contexts; one that sees siblings, far fewer.
Law next_token_learning() {
  return {
      .name = "next-token-learning",
      .formula = "log excess = slope·log P + intercept",
      .source = "Cagnetta and Wyart, arXiv 2406.00048: excess ~ P^(−α), α = ln(1/f)/(2 ln m)",
      .domain =
          "learners of the last token, once the excess over the entropy given its context is below one nat",
      .x_name = "log P",
      .y_name = "log test excess",
      .series = LearningCurve{"test_excess", is_about_next_token_learning,
                              [](double excess, const Cell&) { return excess < 1; }},
      .scale = log_of,
      .why_no_law = anywhere,
      .form = line("log P"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant()},
      .predict = predict_next_token_learning,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
