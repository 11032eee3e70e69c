#pragma once
#include <functional>
#include <string>

#include "io/run/run_directory.h"
#include "jobs/commands/run_state.h"
#include "workers/run.h"

namespace leafcast::jobs {

/// Keeps DIR/status.json up to date while a run lasts. It is for people only, so that it cannot be written is
/// no error.
class StatusFile {
 public:
  enum class Beat { by_time, with_parts };
  /// `state`: what does not change while the run lasts.
  StatusFile(io::RunDirectory& directory, RunState state, Beat beat);
  /// Writes, if by time, when the last time is some seconds ago.
  void update(const workers::Progress& progress);
  void part_written();
  void finish(RunState::Phase phase, const std::string& reason = "");

 private:
  /// With the chunks of this ledger.
  void write(const Ledger& done);
  io::RunDirectory& directory_;
  RunState state_;
  const Beat beat_;
};

}  // namespace leafcast::jobs
