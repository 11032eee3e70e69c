#include "jobs/commands/status_file.h"

#include <algorithm>

#include "engine/error.h"

namespace leafcast::jobs {

namespace {

/// Seconds between two writings: a short run shall be seen too, a long one not be held up.
double interval(double seconds) { return std::clamp(seconds / 4, 1.0, 5.0); }

}  // namespace

StatusFile::StatusFile(io::RunDirectory& directory, RunState state)
    : directory_(directory), state_(std::move(state)) {
  state_.started = unix_seconds();
  const Record& record = directory.record();
  for (std::size_t cell = 0; cell < record.plan.cells().size(); ++cell)
    state_.chunks_done.push_back(record.ledger.count(cell));
  write();
}

void StatusFile::update(const workers::Progress& progress) {
  state_.seconds = progress.seconds;
  state_.seconds_left = progress.seconds_left;
  state_.leaves_a_second = progress.leaves_a_second;
  state_.sampling_seconds = progress.sampling_seconds;
  state_.dispatch_seconds = progress.dispatch_seconds;
  state_.writing_seconds = progress.writing_seconds;
  state_.silent_ranks = progress.silent;
  if (unix_seconds() - state_.written < interval(progress.seconds)) return;
  for (std::size_t cell = 0; cell < state_.chunks_done.size(); ++cell)
    state_.chunks_done[cell] = progress.ledger.count(cell);
  write();
}

void StatusFile::part_written() { state_.last_part = unix_seconds(); }

void StatusFile::finish(RunState::Phase phase, const std::string& reason) {
  state_.phase = phase;
  state_.reason = reason;
  const Ledger& ledger = directory_.record().ledger;
  for (std::size_t cell = 0; cell < state_.chunks_done.size(); ++cell)
    state_.chunks_done[cell] = ledger.count(cell);
  if (phase == RunState::Phase::done) state_.seconds_left = 0;
  write();
}

void StatusFile::write() {
  state_.written = unix_seconds();
  try {
    directory_.write_status(state_.json());
  } catch (const Error&) {
  }
}

}  // namespace leafcast::jobs
