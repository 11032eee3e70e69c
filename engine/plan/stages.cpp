#include "engine/plan/stages.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "engine/contract.h"
#include "engine/plan/search.h"

namespace leafcast {

std::vector<std::uint64_t> stage_totals(std::uint64_t first, std::uint64_t most, std::uint64_t batch) {
  const std::uint64_t round = batch * kJackknifeBins;  // a whole batch a bin
  std::vector<std::uint64_t> totals = {first};
  while (totals.back() < most) {
    const std::uint64_t drawn = totals.back();
    std::uint64_t step = std::max<std::uint64_t>(drawn / 2, kJackknifeBins);
    if (step > round) step = (step + round - 1) / round * round;
    // The last stage is at least half a step.
    totals.push_back(most - drawn < step + step / 2 ? most : drawn + step);
  }
  return totals;
}

bool has_goals(const Plan& plan) { return std::ranges::any_of(plan.cells(), &Cell::has_goal); }
bool is_adaptive(const Plan& plan) { return std::ranges::any_of(plan.cells(), &Cell::is_adaptive); }

std::uint32_t stage_end(const Plan& plan, Chunk chunk) {
  if (!plan.cells()[chunk.cell].has_goal()) return plan.chunks(chunk.cell);
  const Plan::Cut& stage = plan.cuts(chunk.cell)[plan.cut(chunk)];
  return stage.first + stage.chunks;
}

namespace {

GoalState judged(const Record& record, std::uint32_t cell, const GoalCheck& check) {
  LEAFCAST_EXPECT(check, "what is wanted next of an adaptive cell",
                  "it is judged by its sums, and there is no check of them", "give wanted_chunks() a check");
  return check(record.plan.cells()[cell], record.tallies(cell));
}

/// Of a cell, if any of it is wanted.
std::uint32_t wanted_of_stages(const Record& record, std::uint32_t cell, const GoalCheck& check) {
  const Plan& plan = record.plan;
  const auto& done = record.ledger.intervals(cell);
  const std::uint32_t last = done.empty() ? 0 : boost::icl::last(*done.rbegin());
  const std::uint32_t end = stage_end(plan, {cell, last}), all = plan.chunks(cell);
  if (end == all || record.ledger.count(cell) < end) return end;
  return judged(record, cell, check).met ? end : stage_end(plan, {cell, end});
}

}  // namespace

std::vector<std::uint32_t> wanted_chunks(const Record& record, const GoalCheck& check) {
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t cell = 0; cell < record.plan.cells().size(); ++cell)
    wanted.push_back(wanted_of_stages(record, cell, check));
  for (Search& search : searches(record.plan)) {
    SearchProgress progress(std::move(search));
    for (const std::uint32_t cell : progress.search().cells)
      if (record.ledger.count(cell) > 0 && record.ledger.count(cell) == wanted[cell])
        progress.finish(cell, judged(record, cell, check).sides);
    const std::vector<std::uint32_t> list = progress.wanted();
    const std::set<std::uint32_t> asked(list.begin(), list.end());
    for (const std::uint32_t cell : progress.search().cells)
      if (record.ledger.count(cell) == 0 && !asked.contains(cell)) wanted[cell] = 0;
  }
  return wanted;
}

std::uint64_t sum(const std::vector<std::uint32_t>& wanted) {
  return std::accumulate(wanted.begin(), wanted.end(), std::uint64_t{0});
}

std::size_t cells_wanted(const std::vector<std::uint32_t>& wanted) {
  return wanted.size() - static_cast<std::size_t>(std::ranges::count(wanted, 0u));
}

std::uint64_t samples(const Plan::Cut& cut) {
  return cut.chunks * cut.least + cut.larger * cut.step - cut.missing;
}

std::uint32_t foreseen_chunks(const Plan& plan, std::uint32_t cell, const GoalState& state,
                              std::uint64_t drawn) {
  const double needed = foreseen_samples(state, static_cast<double>(drawn));
  double total = 0;
  for (const Plan::Cut& stage : plan.cuts(cell)) {
    total += static_cast<double>(samples(stage));
    if (total >= needed) return stage.first + stage.chunks;
  }
  return plan.chunks(cell);
}

bool is_complete(const Record& record, const GoalCheck& check) {
  return record.ledger.count() == sum(wanted_chunks(record, check));
}

}  // namespace leafcast
