#include "jobs/commands/costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/plan/pilot.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/provenance.h"
#include "workers/stop_signal.h"

namespace leafcast::jobs {

CostModel measure_costs(const std::vector<Cell>& cells, double pilot_seconds) {
  if (!(pilot_seconds > 0) || cells.empty()) return {};
  const auto begin = std::chrono::steady_clock::now();
  PilotTimers timers = PilotTimers::real();
  timers.clock = [clock = timers.clock] {  // a run that is told to stop has no time left
    return workers::stop_signalled() ? std::numeric_limits<double>::infinity() : clock();
  };
  auto rates = run_pilot(cells, pilot_seconds, timers);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return CostModel({host_name(), instruction_sets().front(), version_text(), time_text(), seconds},
                   std::move(rates));
}

std::optional<CostModel> stored_costs(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    CostModel costs = CostModel::from_json(text);
    const CostModel::Origin& origin = costs.origin();
    if (origin.host == host_name() && origin.instruction_set == instruction_sets().front() &&
        origin.program == version_text() && costs.measured())
      return costs;
  } catch (const DataError&) {  // it is measured anew
  }
  return std::nullopt;
}

double pilot_seconds(double run_seconds) {
  constexpr double kShortRun = 5, kShare = 0.04;
  return run_seconds < kShortRun ? 0 : std::clamp(kShare * run_seconds, 0.2, 1.5);
}

std::string describe(const CostModel& costs) {
  if (!costs.measured()) return "built-in rates, of another machine";
  const CostModel::Origin& origin = costs.origin();
  return fmt::format("measured on this machine ({}, {}) in {}", origin.host, origin.instruction_set,
                     format_duration(origin.seconds));
}

}  // namespace leafcast::jobs
