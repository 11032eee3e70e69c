#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/grammar_series.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

bool is_about_learning_threshold(const Cell& cell) {
  const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
  return learner && learner->learner == Learner::clustering;
}

/// Who is told by siblings finds all levels at about the same size.
Prediction predict_learning_threshold(const Series& series) {
  const auto& learner = std::get<LearnerGenerator>(series.points.front().cell->generator());
  return predicted_line(learner.cluster_by == ClusterBy::target ? 1 : kUnknown);
}

}  // namespace

// A level of the hierarchy is found when its correlations stand out of the noise of P sentences, at P_ℓ = v
// m^{2ℓ−1}/(1 − f): learning curves of all levels and grammars are one as functions of P/P_ℓ if every
// threshold is the same multiple of its P_ℓ.
Law learning_threshold() {
  return {
      .name = "learning-threshold",
      .formula = "log P = slope·log P_ℓ + intercept",
      .source =
          "Cagnetta and Wyart, arXiv 2406.00048: learning curves collapse in P/P_ℓ, P_ℓ = v m^(2ℓ−1)/(1−f)",
      .domain =
          "learners by clusters, the law that of clusters by the target; P: where the loss passes the middle "
          "between the entropies given ℓ − 1 "
          "levels and ℓ; two grammars or more of equiprobable rules",
      .x_name = "log P_ℓ",
      .y_name = "log of the sentences that it takes to find level ℓ",
      .series = LearningThresholds{is_about_learning_threshold},
      .scale = as_is,
      .why_no_law = anywhere,
      .form = line("log P_ℓ"),
      .corrected = [](const Series&) -> std::optional<Form> { return {}; },
      .rivals = {constant()},
      .predict = predict_learning_threshold,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
