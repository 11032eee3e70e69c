#pragma once
#include <functional>
#include <string>
#include <vector>

#include "analysis/fit/law.h"

/// Where laws of grammars take their points from: averages over grammars that differ in their seeds alone.
namespace leafcast::analysis {

/// `statistic@j` against j, averaged over cells of grammars that differ in their seeds alone. Several
/// grammars: errors and covariance from their spread; one: from the cell's jackknife bins.
struct OverGrammars {
  std::string statistic;
  std::function<bool(const Cell&)> is_about;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

/// A statistic of learners against log P, P sentences in a training set, averaged over grammars that differ
/// in their seeds. Errors from the spread of several grammars, else from training sets; points of different P
/// are taken as independent.
struct LearningCurve {
  std::string statistic;
  std::function<bool(const Cell&)> is_about;
  std::function<bool(double value, const Cell&)> in_domain;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

/// An exact statistic of grammars by level ℓ (grammar_values.h), averaged over the grammars of a plan that
/// differ in their seeds, against what random grammars are predicted to have of the statistic `formula`.
/// Errors from the spread of grammars; one grammar has none.
struct OfGrammars {
  std::string statistic, formula;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

/// The size of the training set at which a learner's cross-entropy passes the middle between the exact
/// entropies given the contexts of ℓ − 1 levels and of ℓ, against log P_ℓ, the size at which the correlations
/// of level ℓ stand out of their noise (MATH.md §8). For every grammar the curve is taken as linear in log P
/// between the sizes of the plan; the mean over grammars, its error from their spread. All grammars and
/// levels together, a series for each kind of learner.
struct LearningThresholds {
  std::function<bool(const Cell&)> is_about;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

}  // namespace leafcast::analysis
