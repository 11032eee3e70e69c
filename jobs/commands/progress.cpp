#include "jobs/commands/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/text/number_text.h"
#include "engine/plan/stages.h"
#include "jobs/commands/goal_text.h"

namespace leafcast::jobs {

namespace {

constexpr std::size_t kCellsShown = 8, kMostCellsTold = 200;

/// As fmt::print, but a stream that cannot be written to is no error.
template <class... Arguments>
void print(std::FILE* stream, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  std::fputs(fmt::format(format, std::forward<Arguments>(arguments)...).c_str(), stream);
}

std::string overall(const workers::Progress& progress) {
  const std::uint64_t done = progress.ledger.count(),
                      all = sum(progress.wanted) + static_cast<std::uint64_t>(progress.foreseen_chunks);
  const double percent = all ? 100.0 * static_cast<double>(done) / static_cast<double>(all) : 100;
  std::string line =
      fmt::format("{:3.0f}% · {}/{}{} chunks · {}leaves/s · {} · {} so far", std::floor(percent), done,
                  progress.foreseen_chunks > 0 ? "≈" : "", all, format_count(progress.leaves_a_second),
                  progress.ranks == 1 ? "1 rank" : fmt::format("{} ranks", progress.ranks),
                  format_duration(progress.seconds));
  if (progress.seconds_left >= 0.05) line += fmt::format(", {} left", format_duration(progress.seconds_left));
  return line;
}

/// Whether something is known of it.
bool has_goal(const workers::Progress& progress, std::size_t cell) {
  return !progress.goals.empty() && !progress.goals[cell].statistic.empty();
}

/// As far as is known: a candidate of a search that nobody has asked for is not.
bool is_done(const workers::Progress& progress, std::size_t cell) {
  return progress.wanted[cell] > 0 && progress.ledger.count(cell) >= progress.wanted[cell];
}

std::string cell_line(const workers::Progress& progress, std::size_t cell) {
  const double done = static_cast<double>(progress.ledger.count(cell)), all = progress.wanted[cell];
  constexpr int kWidth = 12;
  const int full = static_cast<int>(kWidth * done / all);
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < full ? "█" : "░";
  std::string line =
      fmt::format("{} {:3.0f}%  {}", bar, std::floor(100 * done / all), progress.plan.cells()[cell].label());
  if (has_goal(progress, cell)) line += fmt::format(" · {}", describe(progress.goals[cell]));
  return line;
}

}  // namespace

std::string format_count(double count) {
  static constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  constexpr double kCounted = 1e15;  // beyond, nobody knows the letters
  if (count >= kCounted) return analysis::number_text(count, 2) + " ";
  int unit = 0;
  for (; count >= 1000 && unit < 4; ++unit) count /= 1000;
  return fmt::format("{:.{}f} {}", count, count >= 100 || unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string format_duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  constexpr double kYear = 365.25 * 86400;
  if (seconds > 100 * kYear) return fmt::format("{:.2g} years", seconds / kYear);
  const auto s = static_cast<long long>(std::llround(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

void ProgressDisplay::show(const workers::Progress& progress, bool last) {
  if (progress.plan.cells().size() > kMostCellsTold) return show_totals(progress, last);
  if (!started_) {  // cells that earlier runs finished are no news
    started_ = true;
    for (std::size_t cell = 0; cell < progress.plan.cells().size(); ++cell)
      if (is_done(progress, cell) && !last) reported_.insert(cell);
  }
  erase_block();
  report_finished_cells(progress);
  report_silent_ranks(progress);
  if (terminal_ && !last) {
    std::vector<std::size_t> in_work;
    for (std::size_t cell = 0; cell < progress.plan.cells().size(); ++cell) {
      const std::uint64_t done = progress.ledger.count(cell);
      if (done > 0 && done < progress.wanted[cell]) in_work.push_back(cell);
    }
    const std::size_t shown = std::min(in_work.size(), kCellsShown);
    for (std::size_t i = 0; i < shown; ++i) print(stream_, "{}\n", cell_line(progress, in_work[i]));
    if (in_work.size() > shown) print(stream_, "… and {} more cells in work\n", in_work.size() - shown);
    print(stream_, "{}\n", overall(progress));
    block_lines_ = static_cast<int>(shown) + (in_work.size() > shown ? 2 : 1);
  } else if (last || progress.seconds >= std::max(next_plain_line_, 10.0)) {
    print(stream_, "{}\n", overall(progress));
    next_plain_line_ = progress.seconds + 10;
  }
  std::fflush(stream_);
}

/// Of many cells, only how many are done: a line for each would be a log that nobody reads.
void ProgressDisplay::show_totals(const workers::Progress& progress, bool last) {
  const double pause = terminal_ ? 1 : 10;
  const bool is_due = last || progress.seconds >= next_plain_line_;
  if (is_due) {
    erase_block();
    next_plain_line_ = progress.seconds + pause;
    std::size_t done = 0;
    for (std::size_t cell = 0; cell < progress.plan.cells().size(); ++cell) done += is_done(progress, cell);
    print(stream_, "{} · {}/{} cells\n", overall(progress), done, cells_wanted(progress.wanted));
    block_lines_ = terminal_ && !last ? 1 : 0;
  }
  if (const std::size_t told = silent_.size(); report_silent_ranks(progress), silent_.size() > told)
    block_lines_ = 0;
  std::fflush(stream_);
}

void ProgressDisplay::report_finished_cells(const workers::Progress& progress) {
  for (std::size_t cell = 0; cell < progress.plan.cells().size(); ++cell) {
    if (!is_done(progress, cell) || !reported_.insert(cell).second) continue;
    std::uint64_t drawn = 0;
    for (const Plan::Cut& cut : progress.plan.cuts(cell))
      if (cut.first < progress.wanted[cell]) drawn += samples(cut);
    print(stream_, "done  {}  ({} samples{})\n", progress.plan.cells()[cell].label(), drawn,
          has_goal(progress, cell) ? "; " + describe(progress.goals[cell]) : "");
  }
}

void ProgressDisplay::report_silent_ranks(const workers::Progress& progress) {
  if (progress.stopping != workers::Stop::no) return;
  for (const int rank : progress.silent)
    if (silent_.insert(rank).second)
      print(stream_, "rank {} has not been heard of for long: others will do its chunks too\n", rank);
}

void ProgressDisplay::erase_block() {
  if (block_lines_ > 0) print(stream_, "\x1b[{}A\x1b[J", block_lines_);
  block_lines_ = 0;
}

}  // namespace leafcast::jobs
