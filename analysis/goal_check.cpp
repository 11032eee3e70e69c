#include "analysis/goal_check.h"

#include <algorithm>

#include "analysis/estimates.h"
#include "engine/cell.h"

namespace leafcast::analysis {

namespace {

/// Tallies of the cell in which every statistic has something to count.
CellTally blank_bins(const Cell& cell) {
  const std::size_t heights = static_cast<std::size_t>(cell.language().height) + 1;
  Tally tally;
  tally.samples = 2;
  tally.sums.resize(heights);
  if (cell.observe().subtrees) tally.sums[0][1] = 1;
  if (cell.observe().validity) {
    tally.valid.resize(heights);
    tally.first_inconsistency.resize(heights);
    tally.first_inconsistency[1] = 2;
  }
  CellTally bins;
  bins[0] = tally;
  return bins;
}

bool is_of_subtrees(const Target& target) { return target.statistic.find('@') != std::string::npos; }

/// The same without subtrees' sums and histograms: what statistics of whole sentences are made of.
CellTally of_sentences(const CellTally& bins) {
  CellTally light;
  for (std::size_t b = 0; b < bins.size(); ++b) {
    const Tally& from = bins[b];
    Tally& to = light[b];
    to.samples = from.samples;
    to.sums.resize(from.sums.size());
    if (!from.sums.empty()) to.sums.back() = from.sums.back();
    to.valid = from.valid;
    to.first_inconsistency = from.first_inconsistency;
    to.frozen_roots = from.frozen_roots;
    to.free_roots = from.free_roots;
    to.memory_bits = from.memory_bits;
    to.splitting = from.splitting;
  }
  return light;
}

}  // namespace

std::vector<std::string> statistics_of(const Cell& cell) {
  std::vector<std::string> names;
  for (const Estimate& estimate : cell_estimates(cell, blank_bins(cell))) names.push_back(estimate.statistic);
  return names;
}

GoalState check_goal(const Cell& cell, const CellTally& bins) {
  const std::vector<Target> targets = cell.targets();
  const bool subtrees = std::ranges::any_of(targets, is_of_subtrees);
  return judge(targets, cell_estimates(cell, subtrees ? bins : of_sentences(bins)));
}

}  // namespace leafcast::analysis
