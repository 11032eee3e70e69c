// leafcast status: how far a run is, seen from another terminal or machine.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/present/document.h"
#include "engine/plan/stages.h"
#include "engine/printable.h"
#include "io/run/run_directory.h"
#include "jobs/commands/goal_text.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/run_state.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A run directory as it stands.
struct RunStatus {
  enum class State { starting, running, finished, slice_done, interrupted, failed, dead };
  fs::path directory;
  State state = State::interrupted;
  std::string reason;
  std::optional<io::LockState> lock;
  std::optional<RunState> said;  ///< by the run that writes there, or did last
  Record record;                 ///< what is in parts
  std::string damage;            ///< why parts cannot be read
  double now = unix_seconds();

  bool lives() const { return state == State::starting || state == State::running; }
  /// Of a cell, also those that a living run has not written yet.
  std::uint64_t chunks_done(std::size_t cell) const {
    const std::uint64_t in_parts = record.ledger.count(cell);
    const bool told = state == State::running && said && cell < said->chunks_done.size();
    return told ? std::max(in_parts, said->chunks_done[cell]) : in_parts;
  }
};

const char* name(RunStatus::State state) {
  static constexpr const char* kNames[] = {"starting",    "running", "finished", "slice done",
                                           "interrupted", "failed",  "dead"};
  return kNames[static_cast<int>(state)];
}

/// Whether what status.json says was said by the holder of the lock.
bool said_by(const RunState& said, const io::LockState& lock) {
  return said.process == lock.process && said.host == lock.host;
}

void judge(RunStatus& run, const io::RunView& view) {
  using State = RunStatus::State;
  const bool complete = run.damage.empty() && view.has_plan && is_complete(run.record, analysis::check_goal);
  if (run.lock && run.lock->lives) {
    run.state = run.said && said_by(*run.said, *run.lock) ? State::running : State::starting;
  } else if (!run.lock && run.said && run.said->phase == RunState::Phase::failed) {
    run.state = State::failed;
    run.reason = run.said->reason;
  } else if (complete && view.has_results) {
    run.state = State::finished;
  } else if (run.lock) {
    run.state = State::dead;
    run.reason = run.lock->host == host_name()
                     ? "its process is gone"
                     : fmt::format("no sign of life for {}", format_duration(run.lock->beat_seconds));
  } else if (!run.said) {
    run.reason = "nothing is known of how it ended";
  } else if (run.said->phase == RunState::Phase::running) {
    run.state = State::dead;
    run.reason = "it ended without saying so";
  } else if (run.said->phase == RunState::Phase::done && !run.said->slice.empty()) {
    run.state = State::slice_done;
  } else {
    run.reason = complete ? "all chunks are done, results.h5 is missing" : run.said->reason;
  }
}

/// A part or results file by itself: nobody writes there.
RunStatus look_at_file(const fs::path& file) {
  RunStatus run;
  run.directory = file;
  run.record = io::read_record({file});
  const bool complete = is_complete(run.record, analysis::check_goal);
  run.state = complete ? RunStatus::State::finished : RunStatus::State::interrupted;
  if (!complete) run.reason = "a file that does not hold all chunks";
  return run;
}

RunStatus look(const fs::path& directory) {
  if (fs::is_regular_file(directory)) return look_at_file(directory);
  RunStatus run;
  run.directory = directory;
  const io::RunView view = io::look_at_run(directory);
  run.lock = view.lock;
  run.said = RunState::from_json(view.status_text);
  if (!view.has_plan && !run.lock)
    throw DataError(
        fmt::format("{}: not a run directory: it has no plan.txt; give the directory that "
                    "`leafcast run -o` named",
                    directory.string()));
  try {
    if (view.has_plan) run.record = io::read_record({directory});
    judge(run, view);
  } catch (const DataError& e) {  // sums are read where a target is judged by them
    run.damage = e.what();
    judge(run, view);
  }
  return run;
}

std::string ago(double seconds) { return format_duration(std::max(0.0, seconds)) + " ago"; }

std::string who(const RunStatus& run) {
  std::string text;
  if (run.lock) {
    text = fmt::format("process {} on {}", run.lock->process, run.lock->host);
    if (!run.lock->job.empty()) text += fmt::format(", SLURM job {}", run.lock->job);
  }
  if (run.lives() && run.said)
    text += fmt::format(", {} rank{}", run.said->ranks, run.said->ranks == 1 ? "" : "s");
  return text;
}

/// "about 12 min left, time limit in 40 min".
std::string time_left(const RunState& said, double now) {
  const double left = said.seconds_left;
  std::string text =
      said.seconds > 0 ? fmt::format("about {} left, ", format_duration(left)) : "about to begin, ";
  if (!said.deadline) return text + "no time limit";
  const double limit = std::max(0.0, *said.deadline - now);
  text += fmt::format("time limit in {}", format_duration(limit));
  if (left <= limit) return text;
  const double whole = std::max(1.0, *said.deadline - said.started);
  return fmt::format("{}: takes about {:.0f} more runs", text, std::ceil((left - limit) / whole));
}

/// Lines below a heading or table; text of other machines is made harmless.
void say_line(analysis::Document& document, const std::string& text) {
  document << analysis::Paragraph{printable(text), analysis::Paragraph::Look::soft};
}

analysis::Document document_of(const RunStatus& run) {
  analysis::Document document;
  const auto line = [&](const std::string& text) { say_line(document, text); };
  const bool slice = run.said && !run.said->slice.empty();
  document << analysis::Heading{
      fmt::format("{}: {}{}", printable(run.directory.string()), name(run.state),
                  slice ? fmt::format(" (slice {})", printable(run.said->slice)) : "")};
  line(run.reason);
  line(who(run));
  if (!run.damage.empty()) line("damage: " + run.damage);
  if (!run.said) return document;
  const RunState& said = *run.said;
  double silence = run.now - said.written;
  const bool running = run.state == RunStatus::State::running;
  if (running) {
    line(fmt::format("{}; {}leaves/s", time_left(said, run.now), format_count(said.leaves_a_second)));
    silence = std::min(silence, run.lock->beat_seconds);
  }
  line(fmt::format("{} {}, last heard of {}, {}", running ? "running for" : "ran for",
                   format_duration(running ? run.now - said.started : said.written - said.started),
                   ago(silence),
                   said.last_part > 0 ? "last part " + ago(run.now - said.last_part) : "no part yet"));
  if (said.seconds > 0 && said.ranks > 1)
    line(fmt::format("rank 0: {:.1f}% of its time for orders and results, {:.1f}% for writing",
                     100 * said.dispatch_seconds / said.seconds, 100 * said.writing_seconds / said.seconds));
  if (!said.silent_ranks.empty() && run.lives())
    line(fmt::format("ranks not heard of for long: {}", fmt::join(said.silent_ranks, ", ")));
  return document;
}

/// How precise a cell is: relative error of its first statistic now, and when all samples are drawn.
struct Precision {
  std::string statistic;
  double value = kUnknown, error = kUnknown, relative = kUnknown, at_end = kUnknown;
};

/// Of the statistic that a cell is run for: the valid rate where sentences may be invalid, else the variance. Nothing if
/// the cell has no samples, or no such statistic.
std::optional<Precision> precision(const Record& record, std::size_t index) {
  if (record.ledger.count(index) == 0) return std::nullopt;
  const Cell& cell = record.plan.cells()[index];
  const char* wanted = cell.observe().validity && cell.generator_name() != "true" ? "valid_rate" : "variance";
  std::vector<Estimate> estimates;
  try {
    estimates = analysis::cell_estimates(cell, record.tallies(index), analysis::Scope::sentences);
  } catch (const DataError&) {  // verify tells of damage
    return std::nullopt;
  }
  for (const Estimate& estimate : estimates) {
    if (estimate.statistic != wanted) continue;
    const double share = static_cast<double>(record.samples(index)) / static_cast<double>(cell.samples());
    Precision p{estimate.statistic, estimate.value, estimate.error, kUnknown, kUnknown};
    if (estimate.value != 0) p.relative = estimate.error / std::abs(estimate.value);
    p.at_end = p.relative * std::sqrt(std::min(1.0, share));
    return p;
  }
  return std::nullopt;
}

/// Of more, only those that matter most are shown unless all are asked for: nobody reads a thousand lines, and their
/// errors take long.
constexpr std::size_t kMostCellsShown = 40, kFewCells = 10, kMostCellsInJson = 1000;
enum class Cells { few, all };

std::string percent(double fraction) {
  if (!std::isfinite(fraction)) return "";
  return fmt::format("{:.2g}%", 100 * fraction);
}

/// Runs of one plan: slices of one sweep, or just one run.
struct Group {
  Record record;
  std::vector<const RunStatus*> runs;
  std::vector<std::uint32_t> wanted;  ///< chunks, by cell, as far as is known
  std::vector<GoalState> goals;       ///< by cell, by what is in parts; empty if no cell is adaptive

  /// Once all runs are in the record.
  void look_at_goals() {
    wanted = wanted_chunks(record, analysis::check_goal);
    if (!is_adaptive(record.plan)) return;
    goals.resize(wanted.size());
    for (std::uint32_t cell = 0; cell < wanted.size(); ++cell) {
      // A living run may be in a later stage than its parts.
      if (const std::uint64_t done = chunks_done(cell); done > wanted[cell])
        wanted[cell] = stage_end(record.plan, {cell, static_cast<std::uint32_t>(done - 1)});
      if (has_goal(cell)) goals[cell] = analysis::check_goal(record.plan.cells()[cell], record.tallies(cell));
    }
  }
  /// Whether it has a goal, and samples to judge it by.
  bool has_goal(std::size_t cell) const {
    return record.plan.cells()[cell].has_goal() && record.ledger.count(cell) > 0;
  }
  double samples(std::size_t cell) const { return static_cast<double>(record.samples(cell)); }
  /// Samples that meet the goal, as far as can be told; at most max-samples.
  double foreseen(std::size_t cell) const {
    return std::min(foreseen_samples(goals[cell], samples(cell)),
                    static_cast<double>(record.plan.cells()[cell].samples()));
  }
  std::uint64_t chunks_done(std::size_t cell) const {
    std::uint64_t sum = 0;
    for (const RunStatus* run : runs) sum += run->chunks_done(cell);
    return std::min<std::uint64_t>(sum, record.plan.chunks(cell));
  }
  std::uint64_t chunks_done() const {
    std::uint64_t sum = 0;
    for (std::size_t cell = 0; cell < record.plan.cells().size(); ++cell) sum += chunks_done(cell);
    return sum;
  }
};

std::vector<Group> group_by_plan(const std::vector<RunStatus>& runs) {
  std::map<std::uint64_t, Group> groups;
  std::vector<std::uint64_t> order;
  for (const RunStatus& run : runs) {
    if (run.record.plan.cells().empty()) continue;
    const auto [group, is_new] = groups.try_emplace(run.record.plan.hash());
    if (is_new) {
      order.push_back(run.record.plan.hash());
      group->second.record = run.record;
      group->second.runs.push_back(&run);
      continue;
    }
    if (!group->second.record.ledger.disjoint(run.record.ledger)) {
      say("note: {} holds chunks that another one given holds: it is not counted with the others\n",
          run.directory.string());
      continue;
    }
    group->second.record.merge(run.record);
    group->second.runs.push_back(&run);
  }
  std::vector<Group> list;
  for (const std::uint64_t hash : order) list.push_back(std::move(groups.at(hash)));
  for (Group& group : list) group.look_at_goals();
  return list;
}

using Kind = analysis::Column::Kind;

/// Errors against targets, and the samples that are still needed.
/// Of all cells, or of those that are farthest from their targets.
analysis::Document goals_of(const Group& group, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  analysis::Document document;
  if (group.goals.empty()) return document;
  analysis::Table table{{{"error/target", Kind::number, 9},
                         {"of", Kind::word, 7},
                         {"samples", Kind::number, 6},
                         {"to go", Kind::number, 8},
                         {"cell", Kind::word, 9}},
                        {}};
  std::vector<std::string> notes;
  std::vector<std::size_t> cells;
  std::size_t met = 0;
  for (std::size_t cell = 0; cell < group.wanted.size(); ++cell) {
    if (!group.has_goal(cell)) continue;
    met += group.goals[cell].met;
    cells.push_back(cell);
  }
  const std::size_t all = cells.size();
  if (all > most) {
    std::ranges::stable_sort(cells, std::greater(),
                             [&](std::size_t cell) { return group.goals[cell].excess; });
    cells.resize(most);
  }
  for (const std::size_t cell : cells) {
    const Cell& c = group.record.plan.cells()[cell];
    const GoalState& state = group.goals[cell];
    const double drawn = group.samples(cell), more = group.foreseen(cell) - drawn;
    const std::string to_go = more > 0 ? "≈ " + format_count(more) : state.met ? "met" : "at most";
    table.rows.push_back({std::isinf(state.excess) ? "∞" : fmt::format("{:.2f}", state.excess),
                          state.statistic, format_count(drawn), to_go, c.label()});
    if (!state.met && more <= 0) notes.push_back(fmt::format("{}: {}", c.label(), describe(state)));
  }
  document << analysis::Heading{"targets: the largest error over its target, and the samples still needed"}
           << std::move(table);
  if (all > most)
    say_line(document, fmt::format("the farthest of {} with targets, of which {} are met", all, met));
  for (const std::string& note : notes) say_line(document, "not within max-samples: " + note);
  return document;
}

analysis::Table table_of(const Group& group, const std::vector<std::size_t>& cells) {
  analysis::Table table{{{"done", Kind::number, 9},
                         {"chunks", Kind::number, 3},
                         {"error", Kind::number, 8},
                         {"at end", Kind::number, 4},
                         {"cell", Kind::word, 9}},
                        {}};
  for (const std::size_t cell : cells) {
    const std::uint64_t done = group.chunks_done(cell);
    const Precision p = precision(group.record, cell).value_or(Precision{});
    table.rows.push_back(
        {fmt::format("{:.0f}%", std::floor(100.0 * static_cast<double>(done) / group.wanted[cell])),
         fmt::format("{}/{}", done, group.wanted[cell]), percent(p.relative), percent(p.at_end),
         group.record.plan.cells()[cell].label()});
  }
  return table;
}

constexpr const char* kErrorMeans =
    "error: relative, of the valid rate where sentences may be invalid, else of the variance, by what is in parts";

analysis::Paragraph chunks_of(const Group& group) {
  return {fmt::format("{} of {} chunks are done, {} of them in parts", group.chunks_done(), sum(group.wanted),
                      group.record.ledger.count())};
}

/// Candidates of searches.
analysis::Paragraph not_asked_for(const Group& group) {
  const std::size_t rest = group.wanted.size() - cells_wanted(group.wanted);
  if (rest == 0) return {};
  return {fmt::format("{} more cells are candidates of searches that no result has asked for so far", rest)};
}

/// How many cells are done, which are in work, and which comes next.
analysis::Document summary_of(const Group& group) {
  const Plan& plan = group.record.plan;
  std::vector<std::size_t> in_work;
  std::size_t done = 0, begun = 0;
  std::optional<std::size_t> next;
  const std::size_t wanted = cells_wanted(group.wanted);
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell) {
    if (group.wanted[cell] == 0) continue;
    const std::uint64_t chunks = group.chunks_done(cell);
    if (chunks > 0) ++begun;
    if (chunks >= group.wanted[cell])
      ++done;
    else if (chunks > 0)
      in_work.push_back(cell);
    else if (!next)
      next = cell;
  }
  analysis::Document document;
  document << analysis::Heading{plan.title()}
           << analysis::Paragraph{fmt::format("{} of {} cells are done, {} in work, {} not begun", done,
                                              wanted, begun - done, wanted - begun)}
           << not_asked_for(group) << chunks_of(group);
  if (!in_work.empty()) {
    const std::size_t more = in_work.size() - std::min(in_work.size(), kFewCells);
    in_work.resize(in_work.size() - more);
    document << analysis::Heading{more > 0 ? "the first cells in work" : "cells in work"}
             << table_of(group, in_work);
    say_line(document, kErrorMeans);
  }
  if (next) say_line(document, "first not begun: " + plan.cells()[*next].label());
  document << goals_of(group, kFewCells);
  say_line(document, "--cells shows all cells");
  return document;
}

analysis::Document document_of(const Group& group, Cells shown) {
  const Plan& plan = group.record.plan;
  if (shown == Cells::few && cells_wanted(group.wanted) > kMostCellsShown) return summary_of(group);
  std::vector<std::size_t> all;
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell)
    if (group.wanted[cell] > 0) all.push_back(cell);
  analysis::Document document;
  document << analysis::Heading{plan.title()} << table_of(group, all);
  if (group.record.ledger.count() > 0) say_line(document, kErrorMeans);
  document << not_asked_for(group) << chunks_of(group) << goals_of(group);
  return document;
}

Json json_of(const RunStatus& run) {
  Json json{{"directory", run.directory.string()}, {"state", name(run.state)}, {"reason", run.reason}};
  if (!run.damage.empty()) json["damage"] = run.damage;
  if (run.lock)
    json["lock"] = {{"host", run.lock->host},
                    {"process", run.lock->process},
                    {"slurm_job", run.lock->job},
                    {"since", run.lock->since},
                    {"seconds_since_beat", run.lock->beat_seconds},
                    {"lives", run.lock->lives}};
  if (run.said) {
    Json said = Json::parse(run.said->json());
    said.erase("chunks_done");
    json["run"] = said;
    json["seconds_to_deadline"] = run.said->deadline ? Json(*run.said->deadline - run.now) : Json();
    json["seconds_since_part"] = run.said->last_part > 0 ? Json(run.now - run.said->last_part) : Json();
  }
  return json;
}

Json json_of_cells(const Group& group) {
  const Plan& plan = group.record.plan;
  Json cells = Json::array();
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell) {
    Json row{{"cell", cell},
             {"label", plan.cells()[cell].label()},
             {"chunks_done", group.chunks_done(cell)},
             {"chunks", group.wanted[cell]},
             {"chunks_in_parts", group.record.ledger.count(cell)},
             {"samples_in_parts", group.record.samples(cell)},
             {"samples", plan.cells()[cell].samples()}};
    if (const auto p = precision(group.record, cell)) {
      row["statistic"] = p->statistic;
      row["value"] = p->value;
      row["stderr"] = p->error;
      row["relative_error"] = p->relative;
      row["relative_error_when_done"] = p->at_end;
    }
    if (!group.goals.empty() && group.has_goal(cell)) {
      const GoalState& state = group.goals[cell];
      row["goal"] = {{"met", state.met},
                     {"statistic", state.statistic},
                     {"value", state.value},
                     {"stderr", state.error},
                     {"error_over_target", state.excess},
                     {"samples_foreseen", group.foreseen(cell)}};
    }
    cells.push_back(row);
  }
  return cells;
}

Json json_of(const Group& group, Cells shown) {
  const Plan& plan = group.record.plan;
  std::size_t done = 0, begun = 0;
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell) {
    const std::uint64_t chunks = group.chunks_done(cell);
    begun += chunks > 0;
    done += group.wanted[cell] > 0 && chunks >= group.wanted[cell];
  }
  Json json{{"title", plan.title()},
            {"plan_hash", fmt::format("{:016x}", plan.hash())},
            {"chunks_done", group.chunks_done()},
            {"chunks_in_parts", group.record.ledger.count()},
            {"chunks", sum(group.wanted)},
            {"cells_done", done},
            {"cells_begun", begun},
            {"cells_wanted", cells_wanted(group.wanted)},
            {"cells_planned", plan.cells().size()}};
  if (shown == Cells::all || plan.cells().size() <= kMostCellsInJson) json["cells"] = json_of_cells(group);
  return json;
}

void print_json(const std::vector<RunStatus>& runs, const std::vector<Group>& groups, Cells shown) {
  Json json{{"runs", Json::array()}, {"plans", Json::array()}};
  for (const RunStatus& run : runs) json["runs"].push_back(json_of(run));
  for (const Group& group : groups) json["plans"].push_back(json_of(group, shown));
  fmt::print("{}\n", json.dump(1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

ExitCode status_command(const Arguments& arguments, const Arguments&) {
  Options options(
      "status", "DIR…",
      "Shows how far runs are, also while they run on other machines: nothing is locked or changed. "
      "Several directories of one sweep (slices) are counted together.",
      false);
  options.add()("json", "print JSON: of each cell too, if there are at most 1000, or with --cells");
  options.add()("cells", "show every cell, however many there are");
  if (!parsed(options, arguments)) return ExitCode::done;
  std::vector<RunStatus> runs;
  for (const fs::path& path : paths(options, "status")) runs.push_back(look(path));
  const std::vector<Group> groups = group_by_plan(runs);
  const Cells shown = options.has("cells") ? Cells::all : Cells::few;
  if (options.has("json")) {
    print_json(runs, groups, shown);
  } else {
    analysis::Document document;
    for (const RunStatus& run : runs) document << document_of(run);
    for (const Group& group : groups) document << document_of(group, shown);
    analysis::write_text(std::cout, document, 80, "--json --cells has everything");
    std::cout.flush();
  }
  if (std::ranges::any_of(runs, [](const RunStatus& run) { return !run.damage.empty(); }))
    return ExitCode::bad_data;
  const bool all_finished = !groups.empty() && std::ranges::all_of(groups, [](const Group& g) {
    return g.record.ledger.count() == sum(g.wanted);
  }) && std::ranges::all_of(runs, [](const RunStatus& run) {
    return run.state == RunStatus::State::finished || run.state == RunStatus::State::slice_done;
  });
  return all_finished ? ExitCode::done : ExitCode::more_to_do;
}

}  // namespace leafcast::jobs
