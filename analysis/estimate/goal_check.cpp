#include "analysis/estimate/goal_check.h"

#include <algorithm>
#include <random>

#include "analysis/estimate/estimates.h"
#include "engine/cell/cell.h"
#include "engine/observe/observable.h"

namespace leafcast::analysis {

namespace {

bool is_of_subtrees(const std::string& statistic) { return statistic.find('@') != std::string::npos; }

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
  const auto rule = cell.search();
  const std::vector<Level> levels = rule ? rule->levels : std::vector<Level>{};
  const bool subtrees = std::ranges::any_of(targets, is_of_subtrees, &Target::statistic) ||
                        std::ranges::any_of(levels, is_of_subtrees, &Level::statistic);
  const auto estimates = cell_estimates(cell, bins, subtrees ? Scope::subtrees : Scope::sentences);
  GoalState state = judge(targets, estimates);
  state.sides = sides(levels, estimates);
  return state;
}

}  // namespace leafcast::analysis
