// leafcast run and leafcast sample: what each rank does.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>

#include "jobs/commands/corpus.h"
#include "jobs/commands/job.h"
#include "jobs/commands/launch.h"
#include "jobs/commands/program.h"
#include "jobs/commands/say.h"
#include "jobs/commands/time_limit.h"
#include "workers/mpi_communicator.h"
#include "workers/stop_signal.h"

namespace leafcast::jobs {

namespace {

constexpr std::string_view kRunText = "run\n", kCorpusPrefix = "corpus\n", kExitPrefix = "exit\n";

/// Every rank leaves with the same code.
ExitCode tell_all(workers::Communicator& communicator, ExitCode code) {
  if (const auto& gone = communicator.given_up(); !gone.empty()) {
    say("leafcast: rank{} {} did not answer: stopped, or on a machine that is gone; nothing of the results "
        "is lost, and the other ranks end without it. A launcher that waits on for that machine may be interrupted\n",
        gone.size() == 1 ? "" : "s", fmt::join(gone, ", "));
    std::fflush(nullptr);
    communicator.end_all(static_cast<int>(code));
  }
  std::string text = fmt::format("{}{}", kExitPrefix, static_cast<int>(code));
  communicator.broadcast(text);
  return code;
}

ExitCode lead(Task task, workers::Communicator& communicator, const Arguments& arguments,
              const Arguments& command_line, const TimeLimit& limit) {
  ExitCode code = ExitCode::done;
  try {
    std::optional<Job> job = prepare(task, arguments, communicator.size(), limit);
    if (job) {
      if (!job->quiet) announce(*job, communicator.size());
      const std::string packed = job->corpus ? job->corpus->packed_text() : "";
      if (job->corpus) job->settings.sample = job->corpus->sampler(job->record.plan, packed);
      std::string text =
          job->corpus ? fmt::format("{}{}\n{}\n{}\n{}", kCorpusPrefix, corpus_text(*job->corpus_settings),
                                    packed, job->directory_path.string(), job->record.plan.text())
                      : std::string(kRunText);
      communicator.broadcast(text);
      code = conduct(*job, communicator, command_line);
    }
  } catch (...) {
    code = report_error();
  }
  return tell_all(communicator, code);
}

/// A rank of `sample`: the settings, which files are packed, the directory and the plan, a line the first three.
void write_corpus(workers::Communicator& communicator, const std::string& text) {
  std::istringstream in(text);
  std::string settings, packed, directory;
  std::getline(in, settings);
  std::getline(in, packed);
  std::getline(in, directory);
  const Plan plan = Plan::from_text(text.substr(static_cast<std::size_t>(in.tellg())), "");
  const Corpus corpus(plan, corpus_of_text(settings), directory);
  workers::run_worker(communicator, corpus.sampler(plan, packed));
}

ExitCode follow(workers::Communicator& communicator) {
  std::string text;
  communicator.broadcast(text);
  if (text.starts_with(kCorpusPrefix)) {
    write_corpus(communicator, text.substr(kCorpusPrefix.size()));
    communicator.broadcast(text);
  }
  if (text == kRunText) {
    workers::run_worker(communicator);
    communicator.broadcast(text);
  }
  return static_cast<ExitCode>(std::stoi(text.substr(kExitPrefix.size())));
}

ExitCode sample_on_ranks(Task task, const Arguments& arguments, const Arguments& command_line) {
  workers::catch_stop_signals();  // before MPI starts, so that no early signal is lost
  TimeLimit limit;
  if (workers::is_first_rank()) limit.seconds_left = slurm_seconds_left();
  std::unique_ptr<workers::Communicator> communicator;
  if (workers::under_mpi())
    communicator = start_mpi(command_line);
  else
    communicator = std::make_unique<workers::LocalCommunicator>();
  require_one_world(*communicator, arguments);
  return communicator->rank() == 0 ? lead(task, *communicator, arguments, command_line, limit)
                                   : follow(*communicator);
}

}  // namespace

ExitCode run_command(const Arguments& arguments, const Arguments& command_line) {
  return sample_on_ranks(Task::run, arguments, command_line);
}

ExitCode sample_command(const Arguments& arguments, const Arguments& command_line) {
  return sample_on_ranks(Task::sample, arguments, command_line);
}

}  // namespace leafcast::jobs
