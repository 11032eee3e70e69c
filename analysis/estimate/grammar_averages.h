#pragma once
#include <set>
#include <string>
#include <vector>

#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// A statistic averaged over cells of grammars that differ in their seeds alone.
struct GrammarAverage {
  std::size_t first_cell;  ///< of the group, in the plan
  std::size_t grammars;    ///< that have the statistic; each counts alike, whatever its samples
  std::string statistic;
  double value, error;  ///< error: from the spread of grammars, sampling noise included; NaN for one grammar
  double exact;         ///< averaged over the same grammars; NaN unless known for all
  double z;  ///< of the mean deviation from the exact values, by their spread: no spread of grammars in it
};

/// In the order of cells and statistics; empty without grammars.
std::vector<GrammarAverage> averages_over_grammars(const Record& record,
                                                   const std::vector<Estimate>& estimates);

/// The keys in which these cells differ.
const std::set<std::string>& averaged_keys();

}  // namespace leafcast::analysis
