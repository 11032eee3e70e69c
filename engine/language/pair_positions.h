#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace leafcast {

class Cell;

/// The pairs of leaves whose joint law a cell counts: the last leaf n − 1 and one at a distance before it.
struct PairPositions {
  std::vector<std::int64_t> distance;  ///< ascending
  std::vector<int> height;             ///< of their LCA
};
/// observe.pairs = levels: one of each LCA height, the nearest, at distance d^{height−1}; distances: all.
PairPositions observed_pairs(const Cell& cell);
/// Numbers that a cell counts of its pairs in a sample: [pair][symbol of the earlier leaf][of the last].
std::size_t pair_counts(const Cell& cell);

}  // namespace leafcast
