// What `run` and `sample` do from the first chunk to the results.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/fit/fits.h"
#include "engine/plan/stages.h"
#include "io/record/results.h"
#include "jobs/commands/costs.h"
#include "jobs/commands/goal_text.h"
#include "jobs/commands/job.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"
#include "jobs/commands/search_text.h"
#include "jobs/commands/status_file.h"

namespace leafcast::jobs {

namespace {

/// What the last report said of the chunks that this command has sampled.
struct Times {
  double sampling = 0, predicted = 0, dispatch = 0, writing = 0, all = 0;
  workers::Stop stopping = workers::Stop::no;
};

void finish(const Job& job, const Arguments& command_line, int ranks, const Times& times) {
  const Checkpoint checkpoint = [&] {
    job.directory.check_held();
    stop_if_signalled("when all was sampled and kept, and the results were not yet written");
  };
  if (job.corpus) job.corpus->finish(checkpoint);
  job.directory.check_parts();
  analysis::Estimator estimator(job.record.plan);
  io::Derived derived;
  derived.see = [&](std::uint32_t cell, const CellTally& bins) { estimator.add(cell, bins); };
  derived.estimates = [&]() -> const std::vector<Estimate>& { return estimator.estimates(); };
  derived.each_fit = [&](const std::function<void(const Fit&)>& use) {
    analysis::each_fit(job.record, estimator.estimates(), use, checkpoint);
  };
  derived.provenance = provenance(command_line, ranks);
  std::map<std::string, std::string>& origin = derived.provenance;
  origin["cost_model"] = job.settings.costs.json();
  origin["sampling_seconds"] = fmt::format("{:.6g}", times.sampling);
  origin["predicted_seconds"] = fmt::format("{:.6g}", times.predicted);
  origin["dispatch_seconds"] = fmt::format("{:.6g}", times.dispatch);
  origin["writing_seconds"] = fmt::format("{:.6g}", times.writing);
  io::write_results(job.directory.results_path(), job.record, derived, checkpoint);
  if (job.quiet) return;
  const std::string directory = job.directory_path.string();
  if (job.corpus)
    say("corpus:  {}{}\n", job.corpus->file(0).string(), job.record.plan.cells().size() > 1 ? " …" : "");
  say("results: {}\n", job.directory.results_path().string());
  say("look:    leafcast table {0} · leafcast fit {0} · leafcast report {0} -o report.html\n", directory);
}

void tell_times(const Times& times, int ranks) {
  if (times.predicted > 0)
    say("core time: {} sampling, {} predicted ({:+.0f}%)\n", format_duration(times.sampling),
        format_duration(times.predicted), 100 * (times.predicted / times.sampling - 1));
  if (ranks > 1 && times.all > 0)
    say("rank 0: {:.1f}% of its time for orders and results, {:.1f}% for writing\n",
        100 * times.dispatch / times.all, 100 * times.writing / times.all);
}

/// Which cells have ended with their most samples, short of their goals, and why.
void tell_unmet_goals(const Record& record) {
  constexpr std::size_t kShown = 10;
  std::size_t goals = 0;
  std::vector<std::string> unmet;
  for (std::size_t c = 0; c < record.plan.cells().size(); ++c) {
    const Cell& cell = record.plan.cells()[c];
    if (!cell.has_goal() || record.ledger.count(static_cast<std::uint32_t>(c)) == 0) continue;
    ++goals;
    const GoalState state = analysis::check_goal(cell, record.tallies(c));
    if (!state.met) unmet.push_back(fmt::format("{}: {}", cell.label(), describe(state)));
  }
  if (goals == 0) return;
  say("target errors: met by {} of {} cell{}\n", goals - unmet.size(), goals, goals == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(unmet.size(), kShown); ++i)
    say("  not within max-samples: {}\n", unmet[i]);
  if (unmet.size() > kShown) say("  and {} more\n", unmet.size() - kShown);
}

void tell_crossings(const Record& record) {
  constexpr std::size_t kShown = 10;
  const std::vector<std::string> lines = crossings_found(record);
  for (std::size_t i = 0; i < std::min(lines.size(), kShown); ++i) say("{}\n", lines[i]);
  if (lines.size() > kShown) say("and {} more crossings: see leafcast table\n", lines.size() - kShown);
}

RunState state_of(const Job& job, int ranks) {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  RunState state;
  state.plan_hash = fmt::format("{:016x}", job.record.plan.hash());
  state.program = version_text();
  state.host = host_name();
  state.process = getpid();
  state.slurm_job = environment("SLURM_JOB_ID");
  state.slice = job.slice;
  state.ranks = ranks;
  if (std::isfinite(job.settings.max_seconds)) state.deadline = unix_seconds() + job.settings.max_seconds;
  return state;
}

ExitCode sample(Job& job, workers::Communicator& communicator, const Arguments& command_line,
                StatusFile& status) {
  ProgressDisplay display(stderr, isatty(STDERR_FILENO) != 0);
  Times times;
  workers::RunSinks sinks{[&](const Record& delta) {
                            job.directory.write_part(delta);
                            status.part_written();
                          },
                          [&](const workers::Progress& progress, bool last) {
                            times = {progress.sampling_seconds, progress.predicted_seconds,
                                     progress.dispatch_seconds, progress.writing_seconds,
                                     progress.seconds,          progress.stopping};
                            if (!job.quiet) display.show(progress, last);
                            status.update(progress);
                          }};
  std::set<Chunk> again;
  for (const ChunkHash& hash : job.settings.again) again.insert(hash.chunk);
  const auto note_pending = [&] {
    if (job.corpus && !job.settings.again.empty()) job.corpus->write_pending({again.begin(), again.end()});
  };
  sinks.stores = true;
  sinks.again_done = [&](Chunk chunk) { again.erase(chunk); };
  workers::Outcome outcome;
  try {
    outcome = workers::run_master(communicator, job.record, job.settings, sinks);
  } catch (...) {
    note_pending();
    throw;
  }
  note_pending();
  if (!job.quiet) tell_times(times, communicator.size());
  const std::vector<std::uint32_t> wanted = wanted_chunks(job.record, analysis::check_goal);
  if (job.record.ledger.count() == sum(wanted) && again.empty()) {
    if (!job.quiet) {
      tell_unmet_goals(job.record);
      tell_crossings(job.record);
    }
    finish(job, command_line, communicator.size(), times);
    status.finish(RunState::Phase::done);
    return ExitCode::done;
  }
  if (outcome == workers::Outcome::complete) {
    status.finish(RunState::Phase::done);
    if (!job.quiet) say("this slice is done: unite all slices with leafcast merge DIR… -o results.h5\n");
    return ExitCode::done;
  }
  const std::string reason =
      times.stopping == workers::Stop::signal ? "told to stop by a signal" : "out of time";
  status.finish(RunState::Phase::interrupted, reason);
  if (!job.quiet)
    say("{}: {} of {} chunks are done and kept{}; the same command continues\n", reason,
        job.record.ledger.count(), sum(wanted),
        again.empty() ? "" : fmt::format(", and the rows of {} must be written again", again.size()));
  return ExitCode::more_to_do;
}

}  // namespace

ExitCode conduct(Job& job, workers::Communicator& communicator, const Arguments& command_line) {
  const auto beat = job.settings.flush_chunks > 0 ? StatusFile::Beat::with_parts : StatusFile::Beat::by_time;
  StatusFile status(job.directory, state_of(job, communicator.size()), beat);
  try {
    return sample(job, communicator, command_line, status);
  } catch (const Interrupted& e) {
    status.finish(RunState::Phase::interrupted, e.what());
    if (!job.quiet) say("{}\n", e.what());
    return e.code();
  } catch (const std::exception& e) {
    status.finish(RunState::Phase::failed, e.what());
    throw;
  }
}

}  // namespace leafcast::jobs
