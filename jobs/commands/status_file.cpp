#include "jobs/commands/status_file.h"

#include <algorithm>

#include "engine/error.h"

namespace leafcast::jobs {

namespace {

/// Seconds between two writings: a short run shall be seen too, a long one not be held up.
double interval(double seconds) { return std::clamp(seconds / 4, 1.0, 5.0); }

}  // namespace

StatusFile::StatusFile(io::RunDirectory& directory, RunState state, Beat beat)
    : directory_(directory), state_(std::move(state)), beat_(beat) {
  state_.started = unix_seconds();
  state_.chunks_done.resize(directory.record().plan.cells().size());
  write(directory.record().ledger);
}

void StatusFile::update(const workers::Progress& progress) {
  state_.seconds = progress.seconds;
  state_.seconds_left = progress.seconds_left;
  state_.leaves_a_second = progress.leaves_a_second;
  state_.sampling_seconds = progress.sampling_seconds;
  state_.dispatch_seconds = progress.dispatch_seconds;
  state_.writing_seconds = progress.writing_seconds;
  state_.silent_ranks = progress.silent;
  if (beat_ == Beat::by_time && unix_seconds() - state_.written >= interval(progress.seconds))
    write(progress.ledger);
}

void StatusFile::part_written() {
  state_.last_part = unix_seconds();
  if (beat_ == Beat::with_parts) write(directory_.record().ledger);
}

void StatusFile::finish(RunState::Phase phase, const std::string& reason) {
  state_.phase = phase;
  state_.reason = reason;
  if (phase == RunState::Phase::done) state_.seconds_left = 0;
  write(directory_.record().ledger);
}

void StatusFile::write(const Ledger& done) {
  for (std::size_t cell = 0; cell < state_.chunks_done.size(); ++cell)
    state_.chunks_done[cell] = done.count(cell);
  state_.written = unix_seconds();
  try {
    directory_.write_status(state_.json());
  } catch (const Error&) {
  }
}

}  // namespace leafcast::jobs
