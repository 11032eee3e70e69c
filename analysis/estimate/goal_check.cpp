#include "analysis/estimate/goal_check.h"

#include <algorithm>
#include <random>

#include "analysis/estimate/estimates.h"
#include "engine/cell/cell.h"
#include "engine/observe/observable.h"

namespace leafcast::analysis {

namespace {

bool is_of_subtrees(const Target& target) { return target.statistic.find('@') != std::string::npos; }

}  // namespace

std::vector<std::string> statistics_of(const Cell& cell) {
  std::mt19937_64 random;
  CellTally bins = empty_bins(cell);
  bins[0] = simulated_tally(cell, 2, random);
  std::vector<std::string> names;
  for (const Estimate& estimate : cell_estimates(cell, bins)) names.push_back(estimate.statistic.text());
  return names;
}

GoalState check_goal(const Cell& cell, const CellTally& bins) {
  const std::vector<Target> targets = cell.targets();
  const bool subtrees = std::ranges::any_of(targets, is_of_subtrees);
  return judge(targets, cell_estimates(cell, bins, subtrees ? Scope::subtrees : Scope::sentences));
}

}  // namespace leafcast::analysis
