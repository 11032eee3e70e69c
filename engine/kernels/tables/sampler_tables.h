#pragma once
#include <cstdint>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast {

/// K(c, c) and K(c, x ≠ c) of a symmetric channel.
struct SymmetricLaw {
  float stay, move;
};

/// What the kernels on lanes and planes read of a cell: the channel and the laws across block boundaries in
/// single precision, row-major. Cumulative rows are such that a symbol of probability zero is never drawn
/// with a uniform in (0, 1): see cumulative().
struct SamplerTables {
  explicit SamplerTables(const Cell& cell);

  Cell cell;
  int q, d, height;
  std::int64_t leaves;
  bool symmetric;
  float stay, move;                      ///< symmetric channel: K(c, c) and K(c, x ≠ c)
  std::vector<float> kernel;             ///< [parent][child]
  float least_entry;                     ///< of the kernel's positive ones
  std::vector<float> kernel_cumulative;  ///< [parent][child]
  std::vector<float> stationary, stationary_cumulative;

  /// Writers that work block by block (block, and reasoning of bounded depth): height of a block, and the law
  /// of the next block's root given the last one's, [last root][next root] cumulative. One table for all
  /// boundaries if the LCA is drawn; by LCA height above the block roots (index j − 1) if it is the tree's.
  int block_height;
  std::vector<std::vector<float>> across_cumulative;
  std::vector<SymmetricLaw> across_symmetric;  ///< the same of a symmetric channel, else empty
  double leave;                      ///< probability that a child of a symmetric channel has another symbol
  std::vector<double> across_leave;  ///< the same across boundaries
  /// Index of the law across the boundary before a leaf that is reached by this carry: leaves i−1 and i have
  /// their LCA at height carry + 1, that is carry + 1 − block_height above the block roots.
  std::size_t boundary_law(int carry) const {
    return across_cumulative.size() == 1 ? 0 : static_cast<std::size_t>(carry - block_height);
  }

  /// The cumulative sums of a row of probabilities, rounded so that a draw y = #{c : u ≥ cumulative(c)} with
  /// 0 < u < 1 never gives a symbol of probability zero.
  static std::vector<float> cumulative(const Eigen::VectorXd& row);
};

}  // namespace leafcast
