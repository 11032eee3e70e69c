#include "engine/writers/block_shape.h"

#include <bit>

namespace leafcast {

namespace {

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

}  // namespace

BlockShape::BlockShape(const Cell& cell) : height(cell.traits().blocks.height) {
  const LcaLaw law = cell.traits().blocks.lca;
  const Language& language = cell.language();
  levels = language.height - height;
  lca_drawn = law != LcaLaw::fixed;
  if (lca_drawn && levels > 0)
    across.push_back(mixed_across(language.channel(), language.d, levels, law));
  else
    for (int j = 1; j <= levels; ++j) across.push_back(language.channel().across(j));
}

std::uint64_t memory_bits(const Cell& cell, int symbols) {
  const GeneratorTraits traits = cell.traits();
  if (!traits.counts_memory) return 0;
  const auto bits = [](int values) { return std::bit_width(static_cast<unsigned>(values - 1)); };
  const Language& language = cell.language();
  return static_cast<std::uint64_t>(symbols) * bits(language.symbols()) +
         static_cast<std::uint64_t>(traits.blocks.height) * bits(language.d);
}

}  // namespace leafcast
