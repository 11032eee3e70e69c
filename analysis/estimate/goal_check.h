#pragma once
#include <string>
#include <vector>

#include "engine/plan/goal.h"

namespace leafcast::analysis {

/// The statistics that a cell can have, and hence targets for: those of its estimates (FORMAT.md), in their
/// order.
std::vector<std::string> statistics_of(const Cell& cell);

/// Judges a cell's goal by the jackknife errors of its estimates, and the levels of its search by their values (GoalCheck).
GoalState check_goal(const Cell& cell, const CellTally& bins);

}  // namespace leafcast::analysis
