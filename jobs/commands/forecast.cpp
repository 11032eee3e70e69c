#include "jobs/commands/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "analysis/estimate/goal_check.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/kernels/sampler_family.h"
#include "engine/plan/search.h"
#include "engine/plan/stages.h"

namespace leafcast::jobs {

namespace {

using Clock = std::chrono::steady_clock;

/// Fills all jackknife bins alike, again and again, until the goal is met or time is up.
std::optional<double> forecast(const Cell& cell, Clock::time_point end) {
  const auto proceed = [end] { return Clock::now() < end; };
  const ChunkRunner runner(cell);
  const auto whole = static_cast<std::uint64_t>(batch_samples(cell));
  const std::uint64_t each = std::clamp<std::uint64_t>(cell.first_samples() / kJackknifeBins, 1, whole);
  CellTally bins;
  std::optional<double> found;
  std::uint32_t chunk = 0;
  // An estimate is made whenever there are half as many samples again.
  for (std::uint32_t rounds = 0, next = 1; proceed(); ++rounds) {
    if (rounds == next) {
      const GoalState state = analysis::check_goal(cell, bins);
      const auto drawn = static_cast<double>(each * kJackknifeBins * rounds);
      found = foreseen_samples(state, drawn);
      if (state.met) return drawn * state.excess * state.excess;
      next += next / 2 + 1;
    }
    for (Tally& bin : bins) {
      const auto more = runner.run(chunk++, each, proceed);
      if (!more) return found;
      bin += *more;
    }
  }
  return found;
}

}  // namespace

std::vector<std::optional<double>> forecast_samples(const Plan& plan, double seconds) {
  std::vector<std::optional<double>> list(plan.cells().size());
  auto cells = std::ranges::count_if(plan.cells(), &Cell::has_goal);
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (std::size_t c = 0; c < list.size() && seconds > 0; ++c) {
    const Cell& cell = plan.cells()[c];
    if (!cell.has_goal()) continue;
    const auto now = Clock::now();  // what one cell leaves of its share is the others'
    const auto samples = forecast(cell, now + std::max(end - now, Clock::duration()) / cells--);
    if (samples)
      list[c] = std::clamp(*samples, static_cast<double>(cell.first_samples()),
                           static_cast<double>(cell.samples()));
  }
  return list;
}

Plan expected_candidates(const Plan& plan) {
  std::set<std::uint32_t> dropped;
  std::vector<Search> all = searches(plan);
  if (all.empty()) return plan;
  for (Search& search : all) {
    SearchProgress progress(std::move(search));
    const std::vector<std::uint32_t>& candidates = progress.search().cells;
    dropped.insert(candidates.begin(), candidates.end());
    const bool bisects = progress.search().rule.order == SearchRule::Order::bisect;
    // Not where a halving would end early.
    const std::size_t crossing = bisects ? candidates.size() * 2 / 5 + 1 : candidates.size();
    for (std::size_t place = 0; place < candidates.size(); ++place)
      progress.finish(candidates[place], std::vector<Side>(progress.search().rule.levels.size(),
                                                           place < crossing ? Side::below : Side::above));
    for (const std::uint32_t cell : progress.wanted()) dropped.erase(cell);
  }
  std::vector<Cell> cells;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    if (dropped.contains(c)) continue;
    Parameters parameters = plan.cells()[c].parameters();
    for (const char* key : {"sampling.crossing", "sampling.search", "sampling.search-along"})
      parameters.erase(key);
    cells.push_back(Cell::make(parameters));
  }
  return Plan(plan.title(), std::move(cells), plan.sweep_text());
}

Plan expected_plan(const Plan& plan, const std::vector<std::optional<double>>& forecast) {
  std::vector<Cell> cells;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    const Cell& cell = plan.cells()[c];
    if (!forecast[c]) {
      cells.push_back(cell);
      continue;
    }
    std::uint64_t total = 0;
    for (const Plan::Cut& stage : plan.cuts(c)) {
      total += samples(stage);
      if (static_cast<double>(total) >= *forecast[c]) break;
    }
    Parameters parameters = cell.parameters();
    parameters["sampling.max-samples"] = fmt::format("{}", total);
    cells.push_back(Cell::make(parameters));
  }
  Plan expected(plan.title(), std::move(cells), plan.sweep_text());
  // Cells that differ in their maxima alone may have become one; then all are shown as they are.
  return expected.cells().size() == plan.cells().size() ? expected : plan;
}

}  // namespace leafcast::jobs
