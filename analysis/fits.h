#pragma once
#include <vector>

#include "engine/estimate.h"
#include "engine/plan.h"

namespace leafcast::analysis {

/// Fits every law that applies to every group of cells with enough points. See laws in fits.cpp and
/// analysis/README.md.
std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates);

}  // namespace leafcast::analysis
