#pragma once
#include <vector>

#include "analysis/fit/required.h"
#include "analysis/present/plot.h"

namespace leafcast::analysis {

/// The headline of GKMSS, language beside language: first context and memory required against n, on
/// logarithmic axes (by the valid rate where sentences can be invalid, else by the variance), then by every
/// statistic the share k*/n of the sentence that a context must be, last the bits of memory by height. Points
/// with error bars are measured, lines exact. Only series of two heights at least.
std::vector<Plot> required_plots(const Record& record, const std::vector<Required>& measured,
                                 const std::vector<Required>& exact);

}  // namespace leafcast::analysis
