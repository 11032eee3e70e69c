#pragma once
#include <cstddef>
#include <vector>

#include "analysis/fit/law.h"

/// Points of laws out of estimates.
namespace leafcast::analysis {

/// Cells of one law that share a seed have random numbers in common: the one with most samples stands for
/// them.
std::vector<std::size_t> independent_cells(const Record& record, const EstimateIndex& index);

/// Everything but its abscissa.
LawPoint point_of(const Evidence& evidence, std::size_t index, const Estimate& estimate);

}  // namespace leafcast::analysis
