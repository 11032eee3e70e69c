// What `run` and `sample` do before anything is sampled.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "analysis/estimate/goal_check.h"
#include "engine/plan/cost.h"
#include "engine/plan/search.h"
#include "engine/plan/stages.h"
#include "engine/printable.h"
#include "io/run/verify.h"
#include "jobs/commands/corpus_repair.h"
#include "jobs/commands/costs.h"
#include "jobs/commands/job.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/say.h"
#include "jobs/commands/search_text.h"
#include "jobs/commands/time_limit.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/sweep.h"
#include "workers/goals.h"
#include "workers/mpi_communicator.h"
#include "workers/stop_signal.h"

namespace leafcast::jobs {

void stop_if_signalled(const char* what_is_kept) {
  if (workers::stop_signalled())
    throw Interrupted(fmt::format("told to stop by a signal {}; the same command continues", what_is_kept));
}

namespace {

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

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

/// The hash of a directory's plan; empty if there is none that can be read.
std::string hash_there(const std::filesystem::path& directory) {
  std::ifstream in(directory / "plan.txt");
  for (std::string line; std::getline(in, line) && line.size() < 1000;)
    if (constexpr std::string_view key = "hash="; line.starts_with(key)) return line.substr(key.size());
  return "";
}

/// The plan of a sweep in a directory. Programs before streams 3 counted symbol 0 where a sweep did not say which, the −
/// of Ising: such a run is continued as it began.
Plan plan_for(const std::filesystem::path& directory, const Options& options) {
  const Plan plan = read_sweeps(options.positional(), options.overrides());
  const std::string there = hash_there(directory);
  const auto is_there = [&](const Plan& one) { return fmt::format("{:016x}", one.hash()) == there; };
  std::vector<Setting> settings = options.overrides();
  const bool says_symbol = std::ranges::count(settings, "observe.symbol", &Setting::key) > 0;
  if (there.empty() || is_there(plan) || says_symbol) return plan;
  settings.push_back({"observe.symbol", "0", "as this run began"});
  try {
    if (const Plan earlier = read_sweeps(options.positional(), settings); is_there(earlier)) {
      say("this run counts symbol 0, as it began (S = N₋ − N₊ of Ising): it is continued so\n");
      return earlier;
    }
  } catch (const Error&) {
    // It is no such run.
  }
  return plan;
}

}  // namespace

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

  const std::filesystem::path path = std::filesystem::absolute(options.get<std::string>("output"));
  const Plan plan = plan_for(path, options);
  if (settings.slice.count > 1 && is_adaptive(plan))
    throw UsageError(
        "--slice: a sweep with target errors or crossings is not sliced: what is sampled next is decided by the "
        "sums of all of a cell's chunks, of which a slice has a share only; run it as one job of many ranks, or give "
        "every task cells of its own (another sweep file, or keys such as --language.height)");
  settings.goal_check = analysis::check_goal;
  check_memory(plan);
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
  const bool goals = is_adaptive(plan);
  const std::uint64_t wanted = sum(wanted_chunks(job.record, analysis::check_goal));
  if (const auto all = searches(plan); !all.empty()) {
    std::size_t candidates = 0;
    for (const Search& search : all) candidates += search.cells.size();
    say("search{} among {} candidates: only those are sampled that tell where {}\n",
        all.size() == 1 ? "" : fmt::format("es: {}", all.size()), candidates, crossings_text(all));
  }
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

}  // namespace leafcast::jobs
