#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/grammar_series.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

bool is_about_classification_zipf(const Cell& cell) {
  const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
  return learner && learner->learner == Learner::classifier &&
         cell.parameters().contains("language.zipf-exponent");
}

/// a/(1 + a).
double exponent(const Series& series) {
  const double a = *parse_real(series.points.front().cell->parameters().at("language.zipf-exponent"));
  return a / (1 + a);
}

/// Of m rules the last are seen at last: what is not learned is Σ_{r = r*}^{m} p_r ∝ r*^{−a} − m^{−a}, so
/// there is a factor 1 − (P/P_m)^{a/(1+a)}, P_m = P* m^{1+a}.
std::optional<Form> of_few_rules(const Series& series) {
  return corrected_line("log P", "P^(a/(1+a))", -exponent(series));
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
      .series = LearningCurve{"test_error", is_about_classification_zipf,
                              [](double error, const Cell&) { return error < 0.5; }},
      .scale = log_of,
      .why_no_law = anywhere,
      .form = line("log P"),
      .corrected = of_few_rules,
      .rivals = {constant()},
      .predict = [](const Series& series) { return predicted_line(-exponent(series)); },
      .correction =
          [](const Series& series) {
            return Prediction{{-exponent(series), kUnknown, kUnknown}, "as many rules as there are: c < 0"};
          },
  };
}

}  // namespace leafcast::analysis
