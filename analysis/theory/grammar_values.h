#pragma once
#include <string>
#include <vector>

#include "engine/plan/plan.h"

namespace leafcast::analysis {

/// An exact number of a grammar, or its average over grammars.
struct GrammarValue {
  std::string statistic;  ///< with "@ℓ" where it has a height or number of levels ℓ
  double value;
  double error = kUnknown;  ///< of an average: from the spread of grammars; NaN for one grammar
  double predicted =
      kUnknown;  ///< for random grammars of equiprobable rules, by the papers' formulas; NaN if there is none
};

/// A leaf, and the leaves before it that one sees.
struct LeafContexts {
  std::int64_t leaf;                   ///< 0 … n − 1; −1: the last
  std::vector<std::int64_t> contexts;  ///< each; no more are seen than there are
};

/// Everything exact that is known of one grammar (MATH.md §11), information in nats:
///   token_correlation@ℓ            over all pairs of leaves of LCA height ℓ
///   last_token_correlation@ℓ       of the last leaf and the nearest before it of LCA height ℓ
///   tuple_correlation@ℓ            of the last leaf and the nearest tuple, ℓ ≥ 2
///   last_token_entropy@j           H of the last leaf given the s^j − 1 before it, j = 0 … L
///   mean_log_compatible@j          E log N, where N symbols can follow those
///   log_mean_compatible@j          log E N, within the grammar; predicted: the annealed mean over grammars
///   entropy_per_token              H(sentence)/n
///   leaf_entropy@k, leaf_mean_log_compatible@k, leaf_log_mean_compatible@k
///                                  the same three of the asked leaf, given the k before it
///   sample_threshold@ℓ             P_ℓ = v m^{2ℓ−1}/(1 − f); as a prediction only
/// `predictable`: equiprobable rules, as many for each symbol.
std::vector<GrammarValue> grammar_values(const Grammar& grammar, const LeafContexts& asked = {-1, {}});

/// Grammars that differ in their seed alone.
struct GrammarFamily {
  std::string text;  ///< "rhm v=32 m=8 s=2 L=3"
  std::vector<const Cell*> members;
  std::vector<std::vector<GrammarValue>> of_member;
  std::vector<GrammarValue> average;
};
/// Of the grammars of a plan, each once.
std::vector<GrammarFamily> grammar_families(const Plan& plan, const LeafContexts& asked = {-1, {}});

/// Mean and its standard error from the spread, NaN for one value.
struct MeanOverGrammars {
  double mean, error;
};
MeanOverGrammars mean_over_grammars(const std::vector<double>& values);

}  // namespace leafcast::analysis
