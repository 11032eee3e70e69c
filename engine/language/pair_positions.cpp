#include "engine/language/pair_positions.h"

#include "engine/cell/cell.h"
#include "engine/language/tree.h"

namespace leafcast {

PairPositions observed_pairs(const Cell& cell) {
  PairPositions pairs;
  const Language& language = cell.language();
  const Pairs which = cell.observe().pairs;
  if (which == Pairs::levels)
    for (int j = 1; j <= language.height; ++j) {
      pairs.distance.push_back(tree_power(language.d, j - 1));
      pairs.height.push_back(j);
    }
  if (which == Pairs::distances)
    for (int j = 1; j <= language.height; ++j)
      for (std::int64_t t = tree_power(language.d, j - 1), end = tree_power(language.d, j); t < end; ++t) {
        pairs.distance.push_back(t);
        pairs.height.push_back(j);
      }
  return pairs;
}

std::size_t pair_counts(const Cell& cell) {
  const auto symbols = static_cast<std::size_t>(cell.language().symbols());
  return observed_pairs(cell).distance.size() * symbols * symbols;
}

}  // namespace leafcast
