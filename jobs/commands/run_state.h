#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace leafcast::jobs {

/// What a run says of itself in DIR/status.json every few seconds (io/FORMAT.md), for `leafcast status`.
/// Times are seconds since 1970 (UTC), by the clock of rank 0's host.
struct RunState {
  /// running: also while results are computed; done: all chunks of the plan, or of the slice.
  enum class Phase { running, done, interrupted, failed };
  Phase phase = Phase::running;
  std::string reason;  ///< interrupted, failed: why
  std::string plan_hash, program, host, slurm_job, slice;
  int process = 0, ranks = 1;
  double started = 0, written = 0, last_part = 0;  ///< last_part: 0 if none has been written
  std::optional<double> deadline;                  ///< the run stops by then
  double seconds_left = 0;                         ///< of work, by the cost model and the pace so far
  double leaves_a_second = 0;
  double sampling_seconds = 0, dispatch_seconds = 0, writing_seconds = 0, seconds = 0;
  std::vector<int> silent_ranks;
  std::vector<std::uint64_t> chunks_done;  ///< by cell, also those that are in no part yet

  std::string json() const;
  /// Nothing if the text is not such a file, whatever it is.
  static std::optional<RunState> from_json(const std::string& text);
};

const char* name(RunState::Phase phase);
/// Now, as RunState counts time.
double unix_seconds();

}  // namespace leafcast::jobs
