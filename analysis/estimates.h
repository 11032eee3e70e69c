#pragma once
#include <vector>

#include "engine/estimate.h"
#include "engine/plan.h"

namespace leafcast::analysis {

/// All statistics of all cells that have samples, with delete-one-bin jackknife errors over the 64 bins,
/// exact values and z. Order: by cell, then in a fixed order of statistics. A pure function of the record.
std::vector<Estimate> estimates(const Record& record);
/// The same without exact values, some of which take long.
std::vector<Estimate> estimates_alone(const Record& record);
/// Of one cell by its sums alone, as if it were the only one of a plan.
std::vector<Estimate> cell_estimates(const Cell& cell, const CellTally& bins);

}  // namespace leafcast::analysis
