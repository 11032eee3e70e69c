#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/cost.h"

namespace leafcast {

/// How a pilot takes the time.
struct PilotTimers {
  /// Seconds that a chunk of these samples takes; nothing if it was given up after `limit` seconds.
  using ChunkTimer = std::function<std::optional<double>(std::uint64_t samples, double limit)>;

  std::function<ChunkTimer(const Cell& cell)> chunk_timer;
  std::function<double()> clock;  ///< seconds, for the budget

  /// Samples, and throws the tallies away. Chunks are timed in seconds of the thread's processor: predictions
  /// are for a core by itself, and what other programs or ranks on the same core take must not enter. The
  /// budget is counted likewise, but no more than thrice as much real time is spent.
  static PilotTimers real();
};

/// Measures the classes of work of the cells, those first that cost most, within about `budget_seconds`.
/// Every class is timed on its smallest and its greatest tree, or on lower twins of them that are quick
/// enough, with one batch and with many; classes take turns, and the median of the rounds counts, so that a
/// short disturbance spoils no class.
std::map<std::string, CostModel::Rate> run_pilot(const std::vector<Cell>& cells, double budget_seconds,
                                                 const PilotTimers& timers = PilotTimers::real());

}  // namespace leafcast
