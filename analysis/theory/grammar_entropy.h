#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/language/grammar_laws.h"

namespace leafcast::analysis {

/// What the k leaves before leaf i tell of it, averaged over the grammar's sentences (MATH.md §11). Natural
/// logarithms.
struct NextLeaf {
  double entropy;              ///< H(x_i | x_{i−k} … x_{i−1})
  double mean_log_compatible;  ///< E log N, where N symbols can follow
  double mean_compatible;      ///< E N
  std::size_t contexts;        ///< distinct ones, up to what has the same law of the next leaf
};

/// Exact, by enumeration of the contexts: those that leave the same message are one. Nothing if that would
/// take more than about `most_steps` multiplications.
std::optional<NextLeaf> next_leaf(const Grammar& grammar, const GrammarLaws& laws, std::int64_t leaf,
                                  std::int64_t context, double most_steps = 3e8);

/// The same of the last leaf, given the s^j − 1 before it: j = 0 … L, or as far as that can be enumerated.
std::vector<NextLeaf> last_leaf_by_level(const Grammar& grammar, const GrammarLaws& laws);

/// H(sentence), exact for any grammar: sentences and derivations are one to one, so it is the root's entropy
/// and that of every node's rule.
double sentence_entropy(const Grammar& grammar);

/// The annealed mean number of symbols that can follow s^j − 1 leaves at the end of a subtree of height j,
/// over random grammars of equiprobable rules (arXiv 2406.00048).
double annealed_compatible(int symbols, int rules, int children, int level);

}  // namespace leafcast::analysis
