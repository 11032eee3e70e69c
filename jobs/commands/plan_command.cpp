#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "analysis/present/document.h"
#include "analysis/present/overview.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/plan/cost.h"
#include "engine/plan/search.h"
#include "engine/plan/stages.h"
#include "jobs/commands/costs.h"
#include "jobs/commands/forecast.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/sweep.h"
#include "workers/dry_run.h"

namespace leafcast::jobs {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kProgramBytes = 150e6;  // of a rank: code, libraries, MPI buffers
constexpr double kRanksANode = 16;       // that share the memory for rank 0's books: few, to be safe
// Of rank 0, by the sweep of tests/bench/growth.py. Sums that no part holds yet, at most: 300 MB of the 401 that 10,000
// cells took. Books and estimates: 6.5 kB a cell, from 10,000 to 30,000. Parts and results: 4.4 ms a cell, of which a
// profile gives a quarter to sampling.
constexpr double kMostSumsBytes = 400e6, kCellBytes = 7e3, kCellSeconds = 3.3e-3;
constexpr int kMostRanks = 1000000;
constexpr std::size_t kTextWidth = 80, kMostCellsListed = 200, kLongestCells = 10;

/// What goals are expected to take: samples by cell, where that could be told.
using Forecast = std::vector<std::optional<double>>;

/// What a sweep takes.
struct Cost {
  std::vector<double> cell_seconds;
  double seconds = 0, leaves = 0, longest_chunk = 0;
  double rank_bytes = kProgramBytes, first_rank_bytes = 0;  ///< of each rank, and what rank 0 takes besides
  double first_rank_seconds = 0;  ///< of rank 0, while others wait or not: parts and results
};

Cost cost_of(const Plan& plan, const CostModel& costs) {
  Cost cost;
  double sampler = 0, tallies = 0;
  for (std::uint32_t i = 0; i < plan.cells().size(); ++i) {
    const Cell& cell = plan.cells()[i];
    cost.cell_seconds.push_back(costs.cell_seconds(plan, i));
    cost.seconds += cost.cell_seconds.back();
    cost.leaves += static_cast<double>(cell.samples()) * static_cast<double>(cell.language().leaves());
    cost.longest_chunk = std::max(cost.longest_chunk, costs.chunk_seconds(plan, {i, 0}));
    sampler = std::max(sampler, sampler_bytes(cell));
    tallies += 1.5 * tally_bytes(cell);
  }
  cost.rank_bytes += sampler;
  const auto cells = static_cast<double>(plan.cells().size());
  cost.first_rank_bytes = std::min(tallies, kMostSumsBytes) + kCellBytes * cells;
  cost.first_rank_seconds = kCellSeconds * cells;
  return cost;
}

/// Ranks that finish in about ten minutes, as far as chunks allow.
int suggested_ranks(const Cost& cost, const Plan& plan) {
  const double wanted = std::ceil(cost.seconds / 600);
  return static_cast<int>(
      std::clamp(wanted, 1.0, std::min(4096.0, std::max(1.0, static_cast<double>(plan.total_chunks()) / 4))));
}

std::string slurm_time(double seconds) {
  constexpr double kMost = 365.0 * 86400;  // no site grants more
  const auto minutes = static_cast<long long>(std::ceil(std::min(seconds, kMost) / 60));
  return fmt::format("{:02d}:{:02d}:00", minutes / 60, minutes % 60);
}

/// What to ask Slurm for.
struct Suggestion {
  int ranks;
  double seconds;       ///< expected
  std::string time;     ///< limit with a reserve, HH:MM:SS
  long long megabytes;  ///< per core
};

Suggestion suggest(const Cost& cost, int ranks) {
  Suggestion suggestion{ranks, cost.seconds / ranks + cost.longest_chunk + cost.first_rank_seconds, {}, 0};
  suggestion.time = slurm_time(2 * suggestion.seconds + 120);
  const double bytes = 1.25 * cost.rank_bytes + cost.first_rank_bytes / std::min<double>(ranks, kRanksANode);
  suggestion.megabytes = static_cast<long long>(std::ceil(bytes / 1e6 / 50)) * 50;
  return suggestion;
}

/// The word as a shell reads it back.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("%+,-./:=@_").find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// The words of the command that submits the sweep.
std::vector<std::string> job_words(const Suggestion& suggestion, const Options& options) {
  std::vector<std::string> words = {"sbatch",
                                    fmt::format("--ntasks={}", suggestion.ranks),
                                    "--time=" + suggestion.time,
                                    fmt::format("--mem-per-cpu={}M", suggestion.megabytes),
                                    "slurm/sweep.sbatch",
                                    "DIR"};
  for (const std::string& file : options.positional()) words.push_back(shell_word(file));
  for (const Setting& setting : options.overrides())
    words.push_back(shell_word(fmt::format("--{}={}", setting.key, setting.value)));
  return words;
}

// ---- simulation

/// A run on ranks that are only pretended.
struct Simulation {
  workers::DryRun run;
  std::uint64_t share = 1;  ///< of that many parts of the sweep, one was simulated
};

Simulation simulate(const Plan& plan, const CostModel& costs, int ranks) {
  constexpr std::uint64_t kMostChunks = 1000000;  // some seconds
  Simulation simulation;
  simulation.share = (plan.total_chunks() + kMostChunks - 1) / kMostChunks;
  workers::DryMachine machine;
  machine.ranks = ranks;
  simulation.run = workers::run_dry(plan, costs, machine, {0, simulation.share});
  return simulation;
}

std::string simulation_text(const Simulation& simulation, int ranks) {
  const workers::DryRun& run = simulation.run;
  std::string text = fmt::format("simulated on {} rank{}", ranks, ranks == 1 ? "" : "s");
  if (simulation.share > 1) text += fmt::format(", with one chunk in {}", simulation.share);
  return text +
         fmt::format(
             ": {}; {:.1f}% of the ranks' time is sampling; the end is {} after the first rank has nothing to do; "
             "rank 0 is busy for {:.2g}% of the time with orders and results",
             format_duration(run.seconds), 100 * run.efficiency, format_duration(run.tail_seconds),
             100 * run.dispatch_seconds / run.seconds);
}

Json json_of(const Simulation& simulation) {
  const workers::DryRun& run = simulation.run;
  return {{"share", simulation.share},        {"chunks", run.chunks},
          {"seconds", run.seconds},           {"efficiency", run.efficiency},
          {"tail_seconds", run.tail_seconds}, {"dispatch_seconds", run.dispatch_seconds}};
}

// ---- printing

std::string core_time(double seconds) {
  return seconds < 1 ? analysis::number_text(seconds, 2) + " s" : format_duration(seconds);
}

/// A cell's samples: with a goal those that it is expected to take (≈), or at most takes (≤).
std::string samples_text(const Cell& cell, const std::optional<double>& forecast) {
  const char* sign = !cell.has_goal() ? "" : forecast ? "≈ " : "≤ ";
  return sign + format_count(static_cast<double>(cell.samples()));
}

/// A table per language: what its cells share is said once.
analysis::Document document_of(const Plan& plan, const Forecast& forecast, const Cost& cost,
                               const std::vector<std::size_t>& group) {
  std::vector<const Cell*> cells;
  double seconds = 0;
  for (const std::size_t i : group) {
    cells.push_back(&plan.cells()[i]);
    seconds += cost.cell_seconds[i];
  }
  const std::set<std::string> varying = analysis::varying_keys(cells);
  using Kind = analysis::Column::Kind;
  analysis::Table table{{{"#"},
                         {"cell", Kind::word},
                         {"samples"},
                         {"chunks", Kind::number, 2},
                         {"core time"},
                         {"share", Kind::number, 1}},
                        {}};
  for (const std::size_t i : group) {
    const std::string name = analysis::text(plan.cells()[i], [&](const std::string& key) {
      return varying.contains(key) || key.starts_with("generator.");
    });
    table.rows.push_back({i, name, samples_text(plan.cells()[i], forecast[i]),
                          plan.chunks(static_cast<std::uint32_t>(i)), core_time(cost.cell_seconds[i]),
                          fmt::format("{:.1f}%", 100 * cost.cell_seconds[i] / cost.seconds)});
  }
  analysis::Document document;
  document << analysis::Paragraph{fmt::format("{}: {} cell{}, {} of core time",
                                              analysis::shared_language(*cells.front(), varying),
                                              group.size(), group.size() == 1 ? "" : "s", core_time(seconds))}
           << std::move(table);
  return document;
}

/// What goals are expected to take; empty without any.
std::string goals_text(const Plan& asked, const Forecast& forecast) {
  std::size_t goals = 0, told = 0, short_of_it = 0;
  for (std::size_t c = 0; c < forecast.size(); ++c) {
    const Cell& cell = asked.cells()[c];
    if (!cell.has_goal()) continue;
    ++goals;
    told += forecast[c] ? 1 : 0;
    short_of_it += forecast[c] && *forecast[c] >= static_cast<double>(cell.samples()) ? 1 : 0;
  }
  if (goals == 0) return "";
  std::string text = fmt::format(
      "targets: {} of {} cells have one; samples, chunks and times are what a small sample of each lets expect",
      goals, forecast.size());
  if (told < goals) text += fmt::format(" (≤: the most they may take; {} could not be told)", goals - told);
  if (short_of_it > 0) text += fmt::format("; {} will not be met within max-samples", short_of_it);
  return text;
}

/// What searches are expected to ask for; empty without any.
std::string searches_text(const Plan& sweep, const Plan& asked) {
  const auto all = searches(sweep);
  if (all.empty()) return "";
  std::size_t candidates = 0;
  for (const Search& search : all) candidates += search.cells.size();
  const std::size_t rest = sweep.cells().size() - asked.cells().size();
  return fmt::format(
      "crossings: {} search{} among {} candidates, of which about {} are expected to be sampled; results decide which",
      all.size(), all.size() == 1 ? "" : "es", candidates, candidates - rest);
}

/// A command in lines that a shell reads as one; its words stay whole.
std::string shell_lines(const std::vector<std::string>& words) {
  std::string lines, line = " ";
  for (const std::string& word : words) {
    if (line != " " && analysis::display_width(line) + 1 + analysis::display_width(word) > kTextWidth - 2) {
      lines += line + " \\\n";
      line = "   ";
    }
    line += ' ' + word;
  }
  return lines + line;
}

std::string memory_text(const Cost& cost, const Suggestion& suggestion) {
  std::string text = fmt::format("memory: about {}B per rank, and {}B more on rank 0",
                                 format_count(cost.rank_bytes), format_count(cost.first_rank_bytes));
  // Of the ranks' shares, which are all equal, and are meant for nodes of kRanksANode of them.
  if (suggestion.ranks > 1 && cost.first_rank_bytes > cost.rank_bytes)
    text += fmt::format(
        "; where a node has few ranks, ask for memory by node instead (--mem={:.0f}G for {:.0f} ranks), or let rank 0 be "
        "a job component of its own (sbatch … : …, a heterogeneous job)",
        std::ceil((1.25 * cost.rank_bytes * std::min<double>(suggestion.ranks, kRanksANode) +
                   cost.first_rank_bytes) /
                  1e9),
        std::min<double>(suggestion.ranks, kRanksANode));
  return text;
}

/// `sweep`: as it says; `asked`: without the candidates that searches are not expected to ask for; `plan`: what is expected
/// of that, which differs only where there are goals.
void print_text(const Plan& sweep, const Plan& asked, const Forecast& forecast, const Plan& plan,
                const CostModel& costs, const Cost& cost, const Suggestion& suggestion,
                const std::optional<Simulation>& simulation, const std::vector<std::string>& job,
                bool all_cells) {
  analysis::Document document;
  document << analysis::Paragraph{plan.title()};
  std::vector<std::size_t> cells(plan.cells().size());
  std::iota(cells.begin(), cells.end(), 0);
  if (cells.size() > kMostCellsListed && !all_cells) {
    std::ranges::stable_sort(cells, std::greater(), [&](std::size_t c) { return cost.cell_seconds[c]; });
    cells.resize(kLongestCells);
    document << analysis::Paragraph{
        fmt::format("the {} longest of {} cells (--cells shows all):", kLongestCells, plan.cells().size())};
  }
  for (const auto& group : analysis::sections(plan, cells))
    document << document_of(plan, forecast, cost, group);
  document << analysis::Paragraph{searches_text(sweep, asked)}
           << analysis::Paragraph{goals_text(asked, forecast)}
           << analysis::Paragraph{fmt::format(
                  "core time: {} in all for {} cells, {} leaves, {:.2g} s the longest chunk; {}",
                  format_duration(cost.seconds), plan.cells().size(), format_count(cost.leaves),
                  cost.longest_chunk, describe(costs))}
           << analysis::Paragraph{memory_text(cost, suggestion)};
  if (simulation) document << analysis::Paragraph{simulation_text(*simulation, suggestion.ranks)};
  document << analysis::Heading{fmt::format(
                  "with {}: about {}. To submit (from the source folder):",
                  suggestion.ranks == 1 ? "1 rank" : fmt::format("{} ranks", suggestion.ranks),
                  format_duration(suggestion.seconds))}
           << analysis::Verbatim{shell_lines(job)}
           << analysis::Paragraph{"or, with the presets of your site: slurm/submit (--help tells how)"};
  analysis::write_text(std::cout, document, kTextWidth, "--format json has everything");
  std::cout.flush();
}

// ---- JSON

void print_json(const Plan& sweep, const Plan& asked, const Forecast& forecast, const Plan& plan,
                const CostModel& costs, const Cost& cost, const Suggestion& suggestion,
                const std::optional<Simulation>& simulation, const std::vector<std::string>& job, bool) {
  Json cells = Json::array();
  std::uint64_t samples = 0;
  for (std::uint32_t i = 0; i < plan.cells().size(); ++i) {
    const Cell& cell = plan.cells()[i];
    samples += cell.samples();
    cells.push_back({{"label", cell.label()},
                     {"samples", cell.samples()},
                     {"chunks", plan.chunks(i)},
                     {"seconds", cost.cell_seconds[i]}});
    if (!cell.has_goal()) continue;
    Json& row = cells.back();
    row["first_samples"] = cell.first_samples();
    row["max_samples"] = asked.cells()[i].samples();
    row["samples_forecast"] = forecast[i] ? Json(*forecast[i]) : Json();
  }
  Json document = {
      {"title", plan.title()},
      {"plan_hash", fmt::format("{:016x}", sweep.hash())},
      {"searches", searches(sweep).size()},
      {"cells", cells},
      {"totals",
       {{"cells", plan.cells().size()},
        {"candidates", sweep.cells().size() - asked.cells().size()},
        {"samples", samples},
        {"chunks", plan.total_chunks()},
        {"leaves", cost.leaves},
        {"core_seconds", cost.seconds},
        {"longest_chunk_seconds", cost.longest_chunk},
        {"rank_bytes", cost.rank_bytes},
        {"first_rank_bytes", cost.first_rank_bytes},
        {"first_rank_seconds", cost.first_rank_seconds}}},
      {"costs", {{"measured", costs.measured()}, {"origin", describe(costs)}}},
      {"suggestion",
       {{"ranks", suggestion.ranks},
        {"seconds", suggestion.seconds},
        {"time", suggestion.time},
        {"mem_per_cpu_mb", suggestion.megabytes},
        {"command", fmt::format("{}", fmt::join(job, " "))}}},
  };
  if (simulation) document["simulation"] = json_of(*simulation);
  // A title or file name may hold bytes that are no UTF-8.
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

ExitCode plan_command(const Arguments& arguments, const Arguments&) {
  Options options(
      "plan", "SWEEP…",
      "Shows what a sweep would run: cells, chunks, estimated cost and memory, and how to submit it.", true);
  namespace po = boost::program_options;
  options.add()("pilot", po::value<std::string>()->value_name("S"),
                "measure this machine for about S seconds (1); 0: use built-in rates");
  options.add()("ranks", po::value<std::string>()->value_name("N"),
                "suggest a job of N ranks, and simulate it: efficiency, tail, load of rank 0");
  options.add()("cells", "text: show every cell, however many there are (json always does)");
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                "how to print");
  options.parse(arguments);
  if (options.wants_help()) {
    fmt::print("{}", options.help());
    return ExitCode::done;
  }
  const std::vector<std::string> formats = {"text", "json"};
  const std::string format = options.get<std::string>("format");
  if (std::find(formats.begin(), formats.end(), format) == formats.end())
    throw UsageError(fmt::format("--format {}: plan prints text or json; did you mean {}?", format,
                                 find_nearest(format, formats)));
  const Plan sweep = read_sweeps(options.positional(), options.overrides());
  const Plan asked = expected_candidates(sweep);
  const Forecast forecast = forecast_samples(asked, options.seconds("pilot", 1));
  const Plan plan = has_goals(asked) ? expected_plan(asked, forecast) : asked;
  const CostModel costs = measure_costs(plan.cells(), options.seconds("pilot", 1));
  const Cost cost = cost_of(plan, costs);
  std::optional<Simulation> simulation;
  int ranks = suggested_ranks(cost, plan);
  if (options.has("ranks")) {
    ranks = static_cast<int>(options.whole("ranks", 1, kMostRanks, "ranks that can be simulated"));
    simulation = simulate(plan, costs, ranks);
  }
  const Suggestion suggestion = suggest(cost, ranks);
  (format == "json" ? print_json : print_text)(sweep, asked, forecast, plan, costs, cost, suggestion,
                                               simulation, job_words(suggestion, options),
                                               options.has("cells"));
  return ExitCode::done;
}

}  // namespace leafcast::jobs
