#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/kernels/collapsed/binomial.h"
#include "engine/kernels/kernel_tasks.h"

namespace leafcast {

/// Splits counts by rows of a table of weights: multinomial draws, as successive binomial ones.
class RowSplitter {
 public:
  /// Row a of `weights` (≥ 0, any sum) is the law by which what stands at a is split. A row of zeros is never
  /// drawn from.
  explicit RowSplitter(const Eigen::MatrixXd& weights);

  /// Calls add(b, part) for each column b, the parts adding up to n.
  template <class Add>
  void operator()(int row, std::int64_t n, ScalarStream& stream, Add add) const {
    const BinomialSampler* sampler = &samplers_[static_cast<std::size_t>(row * (columns_ - 1))];
    for (int b = 0; b + 1 < columns_ && n > 0; ++b, ++sampler) {
      const std::int64_t part = (*sampler)(n, stream);
      add(b, part);
      n -= part;
    }
    if (n > 0) add(columns_ - 1, n);
  }

 private:
  int columns_;
  std::vector<BinomialSampler> samplers_;  ///< [row][column]: this column rather than a later one
};

/// Binomial draws of a sentence of a collapsed cell, at most: with q states (two if the channel is symmetric)
/// q(q−1) a level of a block, and 2q²(q−1) a split above, of which d children need between log₂ d and 2 log₂
/// d.
double binomial_draws(const Cell& cell);

/// Draws S of whole sentences from counts alone, level by level (MATH.md §7): for `true`, for block with root
/// memory and for reasoning by path, in law the same as writing every leaf. A sentence takes O(h) binomial
/// draws, O(h log d) above blocks, whatever n (and q², above blocks q³ of them; a symmetric channel counts as
/// q = 2).
///
/// Sample i of a chunk has a stream of its own, StreamAddress{seed, cell id, chunk, i, counts}.
class CollapsedSampler {
 public:
  /// Throws ContractError unless the cell's method is collapsed.
  explicit CollapsedSampler(const Cell& cell);

  /// As ChunkRunner::run. Only sums[h], samples and the histogram are counted, and for reasoning the bits of
  /// a writer's memory, which its depth decides.
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples, const Proceed& proceed) const;

 private:
  /// Consecutive blocks, by type (x, y): the states of their first and last root. Made of two parts, `across`
  /// the law of the right one's first root z given the left one's last root v:
  ///   ends(x, y) = P(last = y | first = x) = Σ_{v,z} left(x, v) across(v, z) right(z, y),
  /// and given (x, y), v has the weights left(x, v) (across·right)(v, y), then z across(v, z) right(z, y).
  struct Stretch {
    Eigen::MatrixXd ends;
    int left, right;             ///< the parts' indices, before its own
    RowSplitter last_of_left;    ///< row (x, y)
    RowSplitter first_of_right;  ///< row (v, y)
  };
  class Budget;
  class Sums;

  int add_chain(int part, int length, const Eigen::MatrixXd& across);
  bool draw_count(ScalarStream& stream, std::vector<std::int64_t>& counts, Budget& budget,
                  std::int64_t& chosen) const;

  Cell cell_;
  std::shared_ptr<const TallyLayout> layout_;
  int states_, chosen_state_, block_height_;
  std::vector<Stretch> stretches_;  ///< [0] a block; the last is the sentence
  RowSplitter first_, last_, child_;
};

}  // namespace leafcast
