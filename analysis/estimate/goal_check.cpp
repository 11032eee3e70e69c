#include "analysis/estimate/goal_check.h"

#include <algorithm>
#include <iterator>

#include "analysis/estimate/estimates.h"
#include "engine/cell/cell.h"

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
  if (cell.observe().entropy) {
    tally.entropy.cross.resize(heights);
    tally.entropy.language.resize(heights);
  }
  CellTally bins;
  bins[0] = tally;
  return bins;
}

bool is_of_subtrees(const Target& target) { return target.statistic.find('@') != std::string::npos; }

/// The same with nothing in the sums over subtrees, which take long to judge and say nothing of sentences.
CellTally of_sentences(CellTally bins) {
  for (Tally& bin : bins) {
    bin.histogram.clear();
    if (!bin.sums.empty()) std::fill(bin.sums.begin(), std::prev(bin.sums.end()), PowerSums{});
  }
  return bins;
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
