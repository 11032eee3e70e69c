#pragma once
#include <cstdint>
#include <vector>

#include "engine/observe/observable.h"

namespace leafcast {

/// The pairs of leaves whose joint law a cell counts: the last leaf n − 1 and one at a distance before it.
struct PairPositions {
  std::vector<std::int64_t> distance;  ///< ascending
  std::vector<int> height;             ///< of their LCA
};
/// observe.pairs = levels: one of each LCA height, the nearest, at distance d^{height−1}; distances: all.
PairPositions observed_pairs(const Cell& cell);

namespace fields {
extern const Field pair_count;  ///< [pair][symbol of the earlier leaf][of the last]
}  // namespace fields

/// Joint laws of two leaves.
extern const Observable kPairs;

}  // namespace leafcast
