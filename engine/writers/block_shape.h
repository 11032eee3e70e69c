#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast {

/// Writers that work block by block (block, and reasoning of bounded depth); the others write one block.
struct BlockShape {
  explicit BlockShape(const Cell& cell);

  int height;  ///< of a block
  int levels;  ///< from the block roots to the root
  bool lca_drawn;
  /// Law of the next block's root given the last one's, [last root][next root]: one for all boundaries if the
  /// LCA is drawn; by LCA height above the block roots (index j − 1) if it is the tree's. Empty if there is
  /// one block.
  std::vector<Eigen::MatrixXd> across;
};

/// Memory of a reasoning writer that keeps so many symbols, and its place among the siblings at each level of
/// a block; 0 for the other generators.
std::uint64_t memory_bits(const Cell& cell, int symbols);

}  // namespace leafcast
