#pragma once
#include <cstdint>
#include <optional>

#include "engine/language/grammar_laws.h"

namespace leafcast::analysis {

/// Correlations of symbols of a grammar: C(μ, ν) = P(x = μ, y = ν) − P(x = μ) P(y = ν), as the root of its
/// mean square over all pairs of symbols (arXiv 2406.00048; MATH.md §11). Exact, by transfer matrices.

/// Of two leaves i < j.
double token_correlation(const Grammar& grammar, const GrammarLaws& laws, std::int64_t i, std::int64_t j);
/// Over all pairs of leaves whose LCA has this height, as a root of the mean square. Nothing where that takes
/// too many nodes (more than 2^12 of this height).
std::optional<double> token_correlation_of_height(const Grammar& grammar, const GrammarLaws& laws,
                                                  int height);
/// Of a tuple of leaves, those below one node of height 1, and the sentence's last leaf, whose LCA has this
/// height ≥ 2; over the vm tuples that the grammar knows and all symbols. The tuple nearest to the last leaf.
double tuple_correlation(const Grammar& grammar, const GrammarLaws& laws, int height);

/// ≈ [(1 − f)/(v³ m^{2ℓ−1})]^{1/2}, f = m/v^{s−1}: the token correlation of LCA height ℓ over random grammars
/// of equiprobable rules, for many symbols and rules.
double asymptotic_token_correlation(int symbols, int rules, int children, int height);
/// P_ℓ = v m^{2ℓ−1}/(1 − f): the sentences that it takes to see the correlations of that height above their
/// noise.
double sample_threshold(int symbols, int rules, int children, int height);

}  // namespace leafcast::analysis
