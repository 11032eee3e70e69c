#pragma once
#include <string>
#include <vector>

#include "engine/observe/estimate.h"

namespace leafcast::analysis {

/// Fewer effective splitting runs than this do not tell their own error (MATH.md §9).
inline constexpr double kFewEffectiveRuns = 30;

/// The splitting cells whose errors are not to be trusted, as a remark for people; empty if there are none:
/// few runs carry the mean, all of them died out, or the rate is below 2^-kWeightBits.
std::string doubtful_runs(const std::vector<Estimate>& estimates);

}  // namespace leafcast::analysis
