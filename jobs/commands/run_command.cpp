#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/fit/fits.h"
#include "engine/plan/cost.h"
#include "engine/plan/stages.h"
#include "engine/printable.h"
#include "io/record/results.h"
#include "io/run/run_directory.h"
#include "io/run/verify.h"
#include "jobs/commands/corpus.h"
#include "jobs/commands/corpus_repair.h"
#include "jobs/commands/costs.h"
#include "jobs/commands/goal_text.h"
#include "jobs/commands/launch.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"
#include "jobs/commands/status_file.h"
#include "jobs/commands/time_limit.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/sweep.h"
#include "workers/goals.h"
#include "workers/mpi_communicator.h"
#include "workers/stop_signal.h"

namespace leafcast::jobs {

namespace {

constexpr std::string_view kPlanPrefix = "plan\n", kCorpusPrefix = "corpus\n", kExitPrefix = "exit\n";

/// What is done: `run` tallies sentences, `sample` writes them as well.
enum class Task { run, sample };

workers::Slice parse_slice(const std::string& text) {
  workers::Slice slice;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, slice.index);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, slice.count);
    if (second.ec == std::errc{} && second.ptr == end && slice.index >= 1 && slice.index <= slice.count) {
      --slice.index;
      return slice;
    }
  }
  throw UsageError(fmt::format("--slice {}: a slice is I/N with 1 ≤ I ≤ N, e.g. 3/16", text));
}

/// Refuses what cannot fit, before anything is sampled: the windows of long contexts on every rank of this node.
void check_memory(const Plan& plan) {
  const double physical =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  const int ranks = workers::ranks_on_this_node();
  for (const Cell& cell : plan.cells())
    if (const double bytes = ranks * (sampler_bytes(cell) + tally_bytes(cell)); bytes > physical)
      throw UsageError(fmt::format(
          "{}: its sampler takes {}B on {} rank(s) and this machine has {}B; choose fewer ranks "
          "a node, or a smaller "
          "generator.context (k-grams), generator.training (learners) or alphabet (collapsed kernels)",
          cell.label(), format_count(bytes), ranks, format_count(physical)));
}

/// Ends what goes before sampling and after it, which can take long.
void stop_if_signalled(const char* what_is_kept) {
  if (workers::stop_signalled())
    throw Interrupted(fmt::format("told to stop by a signal {}; the same command continues", what_is_kept));
}

/// The run's cost model: the one that is stored with it, or else a pilot's, which is then stored.
CostModel costs_of(io::RunDirectory& directory, const workers::RunSettings& settings, const Options& options,
                   int ranks) {
  const Record& record = directory.record();
  const bool asked = options.has("pilot");
  if (!asked)
    if (const auto stored = stored_costs(directory.cost_text())) return *stored;
  const workers::Goals goals(record, settings.goal_check, {});
  const double nominal =
      (workers::Dispatcher(record.plan, record.ledger, settings.slice, 1, {}, goals.wants()).seconds_left() +
       goals.foreseen_seconds()) /
      ranks;
  const double seconds = options.seconds("pilot", pilot_seconds(std::min(nominal, settings.max_seconds)));
  std::vector<Cell> cells;
  for (std::size_t cell = 0; cell < record.plan.cells().size(); ++cell)
    if (record.ledger.count(cell) < goals.wanted()[cell]) cells.push_back(record.plan.cells()[cell]);
  CostModel costs = measure_costs(cells, seconds);
  if (costs.measured()) directory.write_cost(costs.json());
  return costs;
}

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What Slurm has said of the time left, and when.
struct TimeLimit {
  std::optional<double> seconds_left;
  Clock::time_point asked = Clock::now();
};

/// What was damaged in the directory, and what is to be computed because of it. Also where progress is not
/// wanted: it may be a disk that fails.
void tell_damage(const io::RunDirectory& directory) {
  constexpr std::size_t kShown = 10;
  if (directory.set_aside().empty()) return;
  for (const io::SetAside& file : directory.set_aside())
    say("set aside: {}: {}; moved to {}: {}\n", file.file.string(), printable(file.problem),
        file.now.string(), file.consequence);
  const Record& record = directory.record();
  const std::vector<std::uint32_t> wanted = wanted_chunks(record, analysis::check_goal);
  const auto missing = io::missing_chunks(record.plan, record.ledger, wanted);
  if (missing.empty()) return say("whole files hold all {} chunks\n", sum(wanted));
  say("{} of {} chunks are in no whole file and are computed now:\n", sum(wanted) - record.ledger.count(),
      sum(wanted));
  for (std::size_t i = 0; i < std::min(missing.size(), kShown); ++i) say("  {}\n", describe(missing[i]));
  if (missing.size() > kShown) say("  and some of {} more cells\n", missing.size() - kShown);
}

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

template <class Choice>
Choice choose(const Options& options, const std::string& name, Choice otherwise,
              std::optional<Choice> (*of_name)(const std::string&), const std::vector<std::string>& names) {
  if (!options.has(name)) return otherwise;
  const std::string given = options.get<std::string>(name);
  const std::optional<Choice> choice = of_name(given);
  if (!choice)
    throw UsageError(fmt::format("--{} {}: it is one of {}; did you mean {}?", name, given,
                                 fmt::join(names, ", "), find_nearest(given, names)));
  return *choice;
}

CorpusSettings corpus_settings(const Options& options) {
  CorpusSettings settings;
  settings.stream =
      choose(options, "stream", settings.stream, stream_of_name, {"leaves", "punctuated", "segment", "path"});
  settings.format =
      choose(options, "format", settings.format, io::format_of_name, {"npy", "raw", "hdf5", "text"});
  const bool has_states = settings.stream == StreamKind::segment || settings.stream == StreamKind::path;
  if (has_states != options.has("segment-tokens"))
    throw UsageError(
        has_states ? "--stream segment and path need --segment-tokens N: how many tokens stand between "
                     "two memory states"
                   : "--segment-tokens: only --stream segment and path have memory states; leave it out");
  if (has_states) {
    settings.segment_tokens =
        options.whole("segment-tokens", 1, std::int64_t{1} << 40, "tokens between two states");
  }
  return settings;
}

bool has_written(const Record& record) {
  return std::ranges::any_of(record.all_hashes(), [](const ChunkHash& hash) { return hash.rows != 0; });
}

/// A directory has a corpus or has none, from its first chunk on. True if what it is has been lost, so that the
/// command's word must do.
bool require_same_corpus(const std::filesystem::path& directory, const Record& record,
                         const std::optional<CorpusSettings>& wanted) {
  std::optional<CorpusSettings> there;
  bool is_lost = false;
  try {
    there = read_corpus_settings(directory);
    is_lost = !there && has_written(record);
  } catch (const DataError&) {
    // A pipe or a device in its place is not written to.
    if (!wanted || !has_written(record) || !std::filesystem::is_regular_file(directory / "corpus.json"))
      throw;
    is_lost = true;
  }
  if (is_lost && wanted) return true;
  if (is_lost)
    throw DataError(
        fmt::format("{} holds a corpus whose corpus.json is gone; continue it with leafcast sample, and its "
                    "--stream and --format, or choose another -o directory",
                    directory.string()));
  if (there == wanted) return false;
  if (there && wanted)
    throw DataError(fmt::format("{} holds a corpus of {}, and this one is of {}; choose another -o directory",
                                directory.string(), describe(*there), describe(*wanted)));
  if (there)
    throw DataError(
        fmt::format("{} holds a corpus; continue it with leafcast sample {}, or choose another -o directory",
                    directory.string(), describe(*there)));
  if (record.ledger.count() > 0)
    throw DataError(fmt::format(
        "{} holds a run whose sentences were not written; choose another -o directory", directory.string()));
  return false;
}

std::optional<Job> prepare(Task task, const Arguments& arguments, int ranks, const TimeLimit& limit) {
  const auto begin = Clock::now();
  const bool samples = task == Task::sample;
  Options options(
      samples ? "sample" : "run", "SWEEP…",
      samples ? "Writes the sentences of every cell to DIR/corpus-NNNN, and their results as run does. "
                "The same command continues."
              : "Samples what the sweep asks for into DIR. The same command continues an interrupted run.",
      true);
  namespace po = boost::program_options;
  options.add()("output,o", po::value<std::string>()->value_name("DIR"), "run directory (required)");
  if (samples) {
    options.add()(
        "stream", po::value<std::string>()->value_name("KIND"),
        "leaves (default), punctuated: with begin mark and marks; segment, path: punctuated, with the memory "
        "states of a reasoning writer in between");
    options.add()("format", po::value<std::string>()->value_name("F"), "npy (default), raw, hdf5 or text");
    options.add()("segment-tokens", po::value<std::string>()->value_name("N"),
                  "segment, path: tokens between two memory states");
    options.add()("check",
                  "read all rows that are there, and write those that are damaged again (as always when "
                  "nothing is left to sample)");
    options.add()("no-check", "do not read them: look at files, sizes and headers only");
  } else {
    options.add()("slice", po::value<std::string>()->value_name("I/N"),
                  "only the I-th of N disjoint shares (job arrays)");
  }
  options.add()("max-seconds", po::value<std::string>()->value_name("S"),
                "stop within S seconds; exit code 75 if more is to do (default: the time that Slurm says "
                "is left, less a quarter or 45 s)");
  options.add()("flush-seconds", po::value<std::string>()->value_name("S"),
                "write a part at least every S seconds (30)");
  options.add()("flush-chunks", po::value<std::string>()->value_name("N"),
                "write a part and status.json after every N chunks instead, whatever the clock says");
  options.add()(
      "pilot", po::value<std::string>()->value_name("S"),
      "measure this machine anew for about S seconds before sampling; 0: built-in rates (else a run "
      "of more than 5 s measures once, at most 1.5 s, and stores DIR/cost.json)");
  options.add()("quiet,q", "show no progress");
  options.parse(arguments);
  if (options.wants_help()) {
    fmt::print("{}", options.help());
    return std::nullopt;
  }
  if (!options.has("output")) throw UsageError("no run directory: say where results go with -o DIR");
  workers::RunSettings settings;
  if (!samples && options.has("slice")) settings.slice = parse_slice(options.get<std::string>("slice"));
  settings.max_seconds = options.seconds("max-seconds", settings.max_seconds, Options::Zero::refused);
  const bool limited_by_slurm = limit.seconds_left && !options.has("max-seconds");
  if (limited_by_slurm)
    settings.max_seconds = usable_seconds(*limit.seconds_left) - seconds_since(limit.asked);
  settings.flush_seconds = options.seconds("flush-seconds", settings.flush_seconds, Options::Zero::refused);
  if (options.has("flush-chunks")) {
    if (options.has("flush-seconds"))
      throw UsageError("--flush-chunks: not with --flush-seconds: parts are written by count or by time");
    settings.flush_chunks = static_cast<std::uint64_t>(
        options.whole("flush-chunks", 1, std::numeric_limits<std::int64_t>::max(), "chunks a part"));
  }

  const Plan plan = read_sweeps(options.positional(), options.overrides());
  if (settings.slice.count > 1 && has_goals(plan))
    throw UsageError(
        "--slice: a sweep with target errors is not sliced: whether a cell needs more samples is decided by "
        "the "
        "sums of all its chunks, of which a slice has a share only; run it as one job of many ranks, or give "
        "every task cells of its own (another sweep file, or keys such as --language.height)");
  settings.goal_check = analysis::check_goal;
  check_memory(plan);
  const std::filesystem::path path = std::filesystem::absolute(options.get<std::string>("output"));
  std::optional<CorpusSettings> corpus_wanted;
  std::unique_ptr<Corpus> corpus;
  if (samples) {
    corpus_wanted = corpus_settings(options);
    corpus = std::make_unique<Corpus>(plan, *corpus_wanted, path);
  }
  const auto stop_here = [] { stop_if_signalled("before sampling began"); };
  io::LockTiming timing;
  timing.say = [](const std::string& text) { say("{}\n", text); };
  timing.checkpoint = stop_here;
  io::RunDirectory directory = io::RunDirectory::open_for_writing(path, plan, timing);
  tell_damage(directory);
  stop_here();
  Record record = directory.record();
  const bool is_lost = require_same_corpus(path, record, corpus_wanted);
  if (corpus) {
    // Rows are read where nothing is left to sample: a run that is requeued many times would read them as often.
    const bool all_done = record.ledger.count() == sum(wanted_chunks(record, analysis::check_goal));
    const bool reads = options.has("check") || (all_done && !options.has("no-check"));
    const auto checkpoint = [&] {
      stop_here();
      if (seconds_since(begin) > settings.max_seconds)
        throw Interrupted(
            "out of time while the rows of the corpus were read; say --no-check, or give it more time");
    };
    settings.again = mend_corpus(directory, path, record, *corpus, *corpus_wanted, is_lost,
                                 reads ? Corpus::Depth::rows : Corpus::Depth::files, checkpoint);
  }
  stop_here();
  settings.costs = costs_of(directory, settings, options, ranks);
  settings.max_seconds = std::max(settings.max_seconds - seconds_since(begin), 1e-3);
  return Job{path,
             std::move(directory),
             std::move(record),
             settings,
             !samples && options.has("slice") ? options.get<std::string>("slice") : "",
             limited_by_slurm,
             options.has("quiet"),
             corpus_wanted,
             std::move(corpus)};
}

void announce(const Job& job, int ranks) {
  const Plan& plan = job.record.plan;
  const std::uint64_t done = job.record.ledger.count();
  const bool goals = has_goals(plan);
  const std::uint64_t wanted = sum(wanted_chunks(job.record, analysis::check_goal));
  say("leafcast {}: {}{} cell{}, {} chunks{}, {} rank{}, into {}\n", job.corpus ? "sample" : "run",
      plan.title().empty() ? "" : plan.title() + ": ", plan.cells().size(),
      plan.cells().size() == 1 ? "" : "s", wanted, goals ? " at least" : "", ranks, ranks == 1 ? "" : "s",
      job.directory_path.string());
  if (job.corpus)
    say("corpus: {} file{} like {}, {}B, {}\n", plan.cells().size(), plan.cells().size() == 1 ? "" : "s",
        job.corpus->file(0).filename().string(), format_count(static_cast<double>(job.corpus->bytes())),
        describe(*job.corpus_settings));
  if (done > 0) say("continuing: {} of {} chunks are done\n", done, wanted);
  if (!job.settings.again.empty())
    say("and the rows of {} of them are written again\n", job.settings.again.size());
  if (job.limited_by_slurm)
    say("Slurm's time limit: stops within {}\n", format_duration(job.settings.max_seconds));
  const CostModel& costs = job.settings.costs;
  if (!costs.measured()) return;
  const workers::Goals book(job.record, job.settings.goal_check, costs);
  const double seconds =
      workers::Dispatcher(plan, job.record.ledger, job.settings.slice, 1, costs, book.wants())
          .seconds_left() +
      book.foreseen_seconds();
  say("about {} of core time{}; {}\n", format_duration(seconds), goals ? " at least" : "", describe(costs));
}

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
  const std::vector<Estimate> estimates = analysis::estimates(job.record, checkpoint);
  std::map<std::string, std::string> origin = provenance(command_line, ranks);
  origin["cost_model"] = job.settings.costs.json();
  origin["sampling_seconds"] = fmt::format("{:.6g}", times.sampling);
  origin["predicted_seconds"] = fmt::format("{:.6g}", times.predicted);
  origin["dispatch_seconds"] = fmt::format("{:.6g}", times.dispatch);
  origin["writing_seconds"] = fmt::format("{:.6g}", times.writing);
  const auto each_fit = [&](const std::function<void(const Fit&)>& use) {
    analysis::each_fit(job.record, estimates, use, checkpoint);
  };
  io::write_results(job.directory.results_path(), job.record, estimates, each_fit, origin, checkpoint);
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
    if (!cell.has_goal()) continue;
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
    if (!job.quiet) tell_unmet_goals(job.record);
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

ExitCode sample_and_tell(Job& job, workers::Communicator& communicator, const Arguments& command_line) {
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

/// Every rank leaves with the same code.
ExitCode tell_all(workers::Communicator& communicator, ExitCode code) {
  if (const auto& gone = communicator.given_up(); !gone.empty()) {
    say("leafcast: rank{} {} did not answer: stopped, or on a machine that is gone; nothing of the results "
        "is "
        "lost, and the other ranks end without it\n",
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
                      : std::string(kPlanPrefix) + job->record.plan.text();
      communicator.broadcast(text);
      code = sample_and_tell(*job, communicator, command_line);
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
  workers::run_worker(communicator, plan, corpus.sampler(plan, packed));
}

ExitCode follow(workers::Communicator& communicator) {
  std::string text;
  communicator.broadcast(text);
  if (text.starts_with(kCorpusPrefix)) {
    write_corpus(communicator, text.substr(kCorpusPrefix.size()));
    communicator.broadcast(text);
  }
  if (text.starts_with(kPlanPrefix)) {
    workers::run_worker(communicator, Plan::from_text(text.substr(kPlanPrefix.size()), ""));
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
