#pragma once
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "engine/plan/cost.h"
#include "engine/plan/goal.h"
#include "engine/plan/record.h"
#include "workers/communicator.h"
#include "workers/dispatcher.h"

namespace leafcast::workers {

/// What a chunk gave.
struct Sampled {
  Sampled(Tally sums, std::uint64_t hash_of_rows = 0) : tally(std::move(sums)), rows_hash(hash_of_rows) {}
  Tally tally;
  std::uint64_t rows_hash;  ///< of the sequences that were written (ChunkHash); 0: none
};

/// Samples a chunk; nothing if `proceed`, which is called every few milliseconds, returns false.
using SampleChunk = std::function<std::optional<Sampled>(Chunk chunk, const std::function<bool()>& proceed)>;

struct RunSettings {
  Slice slice;
  double flush_seconds = 30;       ///< a part is written at least this often while there are results
  std::uint64_t flush_chunks = 0;  ///< if not 0: a part is written after so many chunks, and never by time
  double flush_bytes = 256e6;      ///< a part is written when the sums that no part holds take so much memory
  double max_seconds = std::numeric_limits<double>::infinity();  ///< stop by then, from the call on
  double patience_seconds =
      10;                ///< without any answer of ranks that were told to stop: then they are given up
  CostModel costs;       ///< decides who does what when; results do not depend on it
  GoalCheck goal_check;  ///< judges cells with goals; may be empty if there are none
  /// Chunks done that are sampled once more, since what was written of them is damaged. They are not counted
  /// again; what is known of their hashes must come out the same.
  std::vector<ChunkHash> again;
  SampleChunk sample;  ///< how rank 0 samples; empty: with the cell's sampler. May throw, as a worker's may
};

/// Why a run stops before all is done.
enum class Stop { no, signal, deadline, failure };

/// How far a run is.
struct Progress {
  const Plan& plan;
  const Ledger& ledger;                      ///< all chunks done, also by earlier runs
  const std::vector<std::uint32_t>& wanted;  ///< chunks, by cell; grows as stages end without meeting goals
  const std::vector<GoalState>& goals;  ///< by cell, as of the last stage that ended; empty without goals
  double foreseen_chunks = 0;           ///< that goals will take beyond those wanted, as far as can be told
  double leaves_a_second = 0;           ///< sampled by this run
  double seconds = 0;                   ///< since this run began
  double seconds_left = 0;              ///< estimate; 0 when done
  double sampling_seconds = 0;          ///< of all cores, for the chunks that this run has done
  double predicted_seconds = 0;         ///< for the same chunks, by the cost model
  double dispatch_seconds = 0;          ///< rank 0's, for orders and results
  double writing_seconds = 0;           ///< rank 0's, for parts
  int ranks = 1;
  Stop stopping = Stop::no;
  std::vector<int>
      silent{};  ///< ranks that hold chunks and have not been heard of for long; others do these too
};

/// What the master gives out; called between two pieces of its own sampling, so they must be quick.
struct RunSinks {
  std::function<void(const Record& delta)>
      write_part;  ///< may throw: the run then stops everywhere and rethrows
  std::function<void(const Progress&, bool last)> report;  ///< a few times a second
  std::function<void(Chunk)>
      again_done{};  ///< one of RunSettings::again has given what it should; may be empty
  /// Whether the run's record reads from its source what write_part has written, so that it need not be held.
  bool stores = false;
};

enum class Outcome { complete, interrupted };

/// Rank 0: hands out the chunks that `record` lacks, samples too while ranks are few, adds results to
/// `record`, and gives them in parts to the sinks. Chunks of a slow or silent rank are given to idle ones
/// too. Cells with goals go on in stages (engine/plan/stages.h) until goal_check is content; they must not be
/// sliced. Ends when all chunks that are wanted are done, a rank is signalled, or time is up; nothing that
/// any rank finished is lost. Throws DataError if a chunk that is sampled again gives something else; what a worker failed with, or what a sink threw, after all ranks have
/// stopped. Ranks that do not answer then are given up (Communicator::give_up).
Outcome run_master(Communicator& communicator, Record& record, const RunSettings& settings,
                   const RunSinks& sinks);

/// Any other rank: samples what it is granted until it is told to stop; `sample` as in RunSettings. It knows no plan:
/// orders say what its chunks are, so it takes no more memory however many cells there are.
void run_worker(Communicator& communicator, const SampleChunk& sample = {});

}  // namespace leafcast::workers
