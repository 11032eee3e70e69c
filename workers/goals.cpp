#include "workers/goals.h"

#include <limits>

namespace leafcast::workers {

Goals::Goals(const Record& record, const GoalCheck& check, const CostModel& costs)
    : record_(record), check_(check), costs_(costs), wanted_(wanted_chunks(record, check)) {
  if (!has_goals(record.plan)) return;
  states_.resize(wanted_.size());
  foreseen_.resize(wanted_.size());
  for (std::uint32_t cell = 0; cell < wanted_.size(); ++cell)
    if (record.plan.cells()[cell].has_goal() && record.ledger.count(cell) > 0) judge(cell);
}

void Goals::judge(std::uint32_t cell) {
  states_[cell] = check_(record_.plan.cells()[cell], record_.tallies(cell));
}

double Goals::urgency(std::uint32_t cell) const {
  return record_.plan.cells()[cell].has_goal() ? states_[cell].excess : 0;
}

std::vector<Dispatcher::Want> Goals::wants() const {
  std::vector<Dispatcher::Want> wants;
  for (std::uint32_t cell = 0; cell < wanted_.size(); ++cell) wants.push_back({wanted_[cell], urgency(cell)});
  return wants;
}

std::optional<Dispatcher::Want> Goals::next_stage(std::uint32_t cell) {
  if (!record_.plan.cells()[cell].has_goal()) return std::nullopt;
  judge(cell);
  const bool goes_on = !states_[cell].met && wanted_[cell] < record_.plan.chunks(cell);
  if (goes_on) wanted_[cell] = stage_end(record_.plan, {cell, wanted_[cell]});
  const Foreseen now = goes_on ? foresee(cell) : Foreseen{};
  foreseen_chunks_ += now.chunks - foreseen_[cell].chunks;
  foreseen_seconds_ += now.seconds - foreseen_[cell].seconds;
  foreseen_[cell] = now;
  if (!goes_on) return std::nullopt;
  return Dispatcher::Want{wanted_[cell], urgency(cell)};
}

Goals::Foreseen Goals::foresee(std::uint32_t cell) const {
  const Plan& plan = record_.plan;
  const std::uint32_t end = leafcast::foreseen_chunks(plan, cell, states_[cell], record_.samples(cell));
  const CellCost cost = costs_.of(plan.cells()[cell]);
  Foreseen more;
  for (const Plan::Cut& stage : plan.cuts(cell)) {
    if (stage.first < wanted_[cell] || stage.first >= end) continue;
    more.chunks += stage.chunks;
    more.seconds += stage.chunks * cost.of(samples(stage) / stage.chunks);
  }
  return more;
}

}  // namespace leafcast::workers
