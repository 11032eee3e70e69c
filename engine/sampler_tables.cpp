#include "engine/sampler_tables.h"

#include <cmath>

#include "engine/tree.h"

namespace leafcast {

namespace {

template <class Matrix>
std::vector<float> row_major(const Matrix& m) {
  std::vector<float> flat;
  for (int i = 0; i < m.rows(); ++i)
    for (int j = 0; j < m.cols(); ++j) flat.push_back(static_cast<float>(m(i, j)));
  return flat;
}

std::vector<float> cumulative_rows(const Eigen::MatrixXd& m) {
  std::vector<float> flat;
  for (int i = 0; i < m.rows(); ++i) {
    const std::vector<float> row = SamplerTables::cumulative(m.row(i).transpose());
    flat.insert(flat.end(), row.begin(), row.end());
  }
  return flat;
}

/// Σ_j P(j) T_j over the LCA height j of neighbouring blocks, B levels below the root (GKMSS Definition 2.2;
/// MATH.md §2).
Eigen::MatrixXd mixed_across(const Channel& channel, int d, int levels, LcaLaw law) {
  Eigen::MatrixXd mix = Eigen::MatrixXd::Zero(channel.q(), channel.q());
  double left = 1;  // probability of an LCA above j: d^{-j}
  for (int j = 1; j <= levels; ++j) {
    mix += (left - left / d) * channel.across(j);
    left /= d;
  }
  if (law == LcaLaw::sampled_reset)
    mix += left * Eigen::VectorXd::Ones(channel.q()) * channel.stationary().transpose();
  else
    mix /= 1 - left;  // (d−1) d^{B−j} / (d^B − 1)
  return mix;
}

struct BlockShape {
  int height;
  LcaLaw lca;
};

BlockShape block_shape(const Cell& cell) {
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator()))
    return {block->context_depth, block->lca};
  if (const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator()))
    return {writer->memory_depth, LcaLaw::sampled};
  return {cell.language().height, LcaLaw::fixed};
}

}  // namespace

std::vector<float> SamplerTables::cumulative(const Eigen::VectorXd& row) {
  const int q = static_cast<int>(row.size());
  int last = q - 1;
  while (last > 0 && row(last) == 0) --last;
  std::vector<float> sums(static_cast<std::size_t>(q));
  double sum = 0;
  for (int c = 0; c < q; ++c) {
    sum += row(c);
    sums[c] = c >= last ? 1.0f : static_cast<float>(sum);
  }
  return sums;
}

SamplerTables::SamplerTables(const Cell& c)
    : cell(c),
      q(c.language().channel.q()),
      d(c.language().d),
      height(c.language().height),
      leaves(c.language().leaves()) {
  const Channel& channel = c.language().channel;
  symmetric = channel.is_symmetric();
  leave = 1 - channel.kernel()(0, 0);
  stay = static_cast<float>(channel.kernel()(0, 0));
  move = static_cast<float>(channel.kernel()(0, 1));
  kernel = row_major(channel.kernel());
  kernel_cumulative = cumulative_rows(channel.kernel());
  stationary = row_major(channel.stationary());
  stationary_cumulative = cumulative(channel.stationary());

  const BlockShape blocks = block_shape(c);
  block_height = blocks.height;
  const int levels = height - block_height;
  if (levels == 0) return;
  std::vector<Eigen::MatrixXd> across;
  if (blocks.lca == LcaLaw::fixed)
    for (int j = 1; j <= levels; ++j) across.push_back(channel.across(j));
  else
    across.push_back(mixed_across(channel, d, levels, blocks.lca));
  for (const Eigen::MatrixXd& law : across) {
    across_cumulative.push_back(cumulative_rows(law));
    if (!symmetric) continue;
    across_symmetric.push_back({static_cast<float>(law(0, 0)), static_cast<float>(law(0, 1))});
    across_leave.push_back(1 - law(0, 0));
  }
}

}  // namespace leafcast
