#pragma once
#include <optional>
#include <vector>

#include "engine/plan/plan.h"

namespace leafcast::jobs {

/// How many samples the goals of a plan will take, by cell, from small samples of each that take about so
/// many seconds in all. Nothing for cells without a goal, and where the time did not suffice to tell. Samples
/// are thrown away: results do not depend on them.
std::vector<std::optional<double>> forecast_samples(const Plan& plan, double seconds);

/// The plan without the candidates that searches are not expected to ask for: of a crossing in the middle (bisect), or of
/// none (ascend). The others are as if they were not searched.
Plan expected_candidates(const Plan& plan);

/// The plan with each goal's maximum lowered to the end of the stage that is forecast to suffice: what a run
/// is expected to do.
Plan expected_plan(const Plan& plan, const std::vector<std::optional<double>>& forecast);

}  // namespace leafcast::jobs
