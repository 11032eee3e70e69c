#include <cmath>

#include "analysis/laws/forms.h"
#include "analysis/laws/grammar_series.h"
#include "analysis/laws/languages.h"
#include "analysis/laws/registry.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

bool is_about(const Cell& cell) {
  const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
  return learner && learner->learner == Learner::classifier &&
         cell.parameters().contains("language.zipf-exponent");
}

Prediction predict(const Series& series) {
  const double a = *parse_real(series.points.front().cell->parameters().at("language.zipf-exponent"));
  return predicted_line(-a / (1 + a));
}

}  // namespace

// A rule of rank r is learned from about P* r^{1+a} sentences; those of ranks beyond (P/P*)^{1/(1+a)} are
// not, and have probability (P/P*)^{−a/(1+a)}. P*, and with it the constant, grows with the hierarchy.
Law classification_zipf() {
  return {
      .name = "classification-zipf",
      .formula = "log error = slope·log P + intercept",
      .source = "Cagnetta, Kang and Wyart, arXiv 2505.07067: error ~ P^(−a/(1+a))",
      .domain = "classifiers of grammars with Zipf's rules at one level, where the error is below a half",
      .x_name = "log P",
      .y_name = "log test error",
      .series = LearningCurve{"test_error", is_about, [](double error, const Cell&) { return error < 0.5; }},
      .y = log_of,
      .why_not_usable = zero_within_error,
      .why_no_law = anywhere,
      .form = line("log P"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant()},
      .predict = predict,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
