#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/cost.h"

namespace leafcast::jobs {

/// The cost model of this machine, from a pilot of about so many seconds; the nominal one for 0.
CostModel measure_costs(const std::vector<Cell>& cells, double pilot_seconds);
/// The model that an earlier run has stored, if it was measured on this machine by this program.
std::optional<CostModel> stored_costs(const std::string& text);
/// Seconds of a run's pilot if none are asked for: few against the run, and none if that is short.
double pilot_seconds(double run_seconds);
/// "measured on this machine (HOST, AVX2) in 1.2 s", or that rates are built in.
std::string describe(const CostModel& costs);

}  // namespace leafcast::jobs
