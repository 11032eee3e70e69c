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
  /// `state`: what does not change while the run lasts.
  StatusFile(io::RunDirectory& directory, RunState state);
  /// Writes if the last time is some seconds ago.
  void update(const workers::Progress& progress);
  void part_written();
  void finish(RunState::Phase phase, const std::string& reason = "");

 private:
  void write();
  io::RunDirectory& directory_;
  RunState state_;
};

}  // namespace leafcast::jobs
