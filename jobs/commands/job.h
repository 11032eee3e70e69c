#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/plan/record.h"
#include "io/run/run_directory.h"
#include "jobs/commands/corpus.h"
#include "jobs/commands/options.h"
#include "workers/communicator.h"
#include "workers/run.h"

namespace leafcast::jobs {

/// What is done: `run` tallies sentences, `sample` writes them as well.
enum class Task { run, sample };

using Clock = std::chrono::steady_clock;

/// What Slurm has said of the time left, and when.
struct TimeLimit {
  std::optional<double> seconds_left;
  Clock::time_point asked = Clock::now();
};

/// What rank 0 knows once everything is checked and before anything is sampled.
struct Job {
  std::filesystem::path directory_path;
  io::RunDirectory directory;
  Record record;
  workers::RunSettings settings;
  std::string slice;
  bool limited_by_slurm;
  bool quiet;
  std::optional<CorpusSettings> corpus_settings{};
  std::unique_ptr<Corpus> corpus{};
};

/// Reads the command line and the sweeps, opens the directory, and finds out what is to be done (prepare.cpp). Nothing if
/// only help was asked for. Throws UsageError, DataError, IoError, Interrupted.
std::optional<Job> prepare(Task task, const Arguments& arguments, int ranks, const TimeLimit& limit);
/// What is about to be done, for people.
void announce(const Job& job, int ranks);
/// Samples with all ranks, and writes the results when all is done (conduct.cpp). Tells status.json how it ended.
ExitCode conduct(Job& job, workers::Communicator& communicator, const Arguments& command_line);

/// Ends what goes before sampling and after it, which can take long. Throws Interrupted.
void stop_if_signalled(const char* what_is_kept);

}  // namespace leafcast::jobs
