#pragma once
#include <functional>
#include <limits>
#include <vector>

#include "engine/cost.h"
#include "engine/plan.h"
#include "workers/communicator.h"
#include "workers/dispatcher.h"

namespace leafcast::workers {

struct RunSettings {
  Slice slice;
  double flush_seconds = 30;  ///< a part is written at least this often while there are results
  double max_seconds = std::numeric_limits<double>::infinity();  ///< stop by then, from the call on
  CostModel costs;  ///< decides who does what when; results do not depend on it
};

/// How far a run is.
struct Progress {
  const Plan& plan;
  const Ledger& ledger;          ///< all chunks done, also by earlier runs
  double leaves_a_second = 0;    ///< sampled by this run
  double seconds = 0;            ///< since this run began
  double seconds_left = 0;       ///< estimate; 0 when done
  double sampling_seconds = 0;   ///< of all cores, for the chunks that this run has done
  double predicted_seconds = 0;  ///< for the same chunks, by the cost model
  int ranks = 1;
};

/// What the master gives out; called between two pieces of its own sampling, so they must be quick.
struct RunSinks {
  std::function<void(const Record& delta)>
      write_part;  ///< may throw: the run then stops everywhere and rethrows
  std::function<void(const Progress&, bool last)> report;  ///< a few times a second
};

enum class Outcome { complete, interrupted };

/// Rank 0: hands out the chunks that `record` lacks, samples too while ranks are few, adds results to
/// `record`, and gives them in parts to the sinks. Ends when all chunks of the slice are done, a rank is
/// signalled, or time is up; nothing that any rank finished is lost. Throws what a worker failed with, or
/// what a sink threw, after all ranks have stopped.
Outcome run_master(Communicator& communicator, Record& record, const RunSettings& settings,
                   const RunSinks& sinks);

/// Any other rank: samples what it is granted until it is told to stop.
void run_worker(Communicator& communicator, const Plan& plan);

}  // namespace leafcast::workers
