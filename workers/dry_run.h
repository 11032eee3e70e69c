#pragma once
#include <cstdint>
#include <functional>

#include "workers/run.h"

namespace leafcast::workers {

/// A machine that does not exist.
struct DryMachine {
  int ranks = 1;
  double latency_seconds = 20e-6;  ///< of a message, one way
  double spread = 0.1;             ///< standard deviation of the log of a chunk's time, and of a rank's speed
  int stopped_ranks = 0;           ///< ranks that take chunks and never answer
  std::uint64_t seed = 1;          ///< of the times drawn
  std::function<double()> clock;   ///< the master's own seconds; empty: real ones
};

/// What a run on it would be like.
struct DryRun {
  double seconds = 0;           ///< until all chunks are done; writing parts is not simulated
  double core_seconds = 0;      ///< of sampling, copies of overdue chunks left out
  double efficiency = 0;        ///< core_seconds / (ranks · seconds)
  double tail_seconds = 0;      ///< from the first rank that finds nothing to do to the end
  double dispatch_seconds = 0;  ///< that rank 0 spent on orders and results: its real processor time
  std::uint64_t chunks = 0;
  std::uint64_t doubled = 0;  ///< chunks that two ranks have done
};

/// Puts the real master in front of ranks that only pretend: a chunk takes the time that the cost model
/// predicts, times a factor drawn for it and one for its rank. Time is simulated, except for what the master
/// itself needs, which is added as it passes: so its load is that of this machine (packing of messages left
/// out). Cells with goals go through all their stages. Takes the memory of the master, and some microseconds
/// a chunk.
DryRun run_dry(const Plan& plan, const CostModel& costs, const DryMachine& machine, Slice slice = {});

}  // namespace leafcast::workers
