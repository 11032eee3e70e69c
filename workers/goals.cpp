#include "workers/goals.h"

#include <limits>

namespace leafcast::workers {

Goals::Goals(const Record& record, const GoalCheck& check, const CostModel& costs)
    : record_(record), check_(check), costs_(costs), wanted_(wanted_chunks(record, check)) {
  if (!is_adaptive(record.plan)) return;
  states_.resize(wanted_.size());
  foreseen_.resize(wanted_.size());
  for (std::uint32_t cell = 0; cell < wanted_.size(); ++cell)
    if (record.plan.cells()[cell].is_adaptive() && record.ledger.count(cell) > 0) judge(cell);
  for (Search& search : searches(record.plan)) {
    for (const std::uint32_t cell : search.cells) search_of_[cell] = searches_.size();
    SearchProgress& progress = searches_.emplace_back(std::move(search));
    for (const std::uint32_t cell : progress.search().cells)
      if (is_done(cell)) progress.finish(cell, states_[cell].sides);
    replace(foreseen_of_search_.emplace_back(), foresee(progress));
  }
}

void Goals::judge(std::uint32_t cell) {
  states_[cell] = check_(record_.plan.cells()[cell], record_.tallies(cell));
}

double Goals::urgency(std::uint32_t cell) const {
  const Cell& of = record_.plan.cells()[cell];
  // What others wait for goes first.
  if (of.search()) return std::numeric_limits<double>::infinity();
  return of.has_goal() ? states_[cell].excess : 0;
}

std::vector<Dispatcher::Want> Goals::wants() const {
  std::vector<Dispatcher::Want> wants;
  for (std::uint32_t cell = 0; cell < wanted_.size(); ++cell) wants.push_back({wanted_[cell], urgency(cell)});
  return wants;
}

bool Goals::goes_on(std::uint32_t cell) {
  const bool more = !states_[cell].met && wanted_[cell] < record_.plan.chunks(cell);
  if (more) wanted_[cell] = stage_end(record_.plan, {cell, wanted_[cell]});
  replace(foreseen_[cell], more ? foresee(cell) : Foreseen{});
  return more;
}

std::vector<std::pair<std::uint32_t, Dispatcher::Want>> Goals::next(std::uint32_t cell) {
  if (!record_.plan.cells()[cell].is_adaptive()) return {};
  judge(cell);
  if (goes_on(cell)) return {{cell, {wanted_[cell], urgency(cell)}}};
  const auto at = search_of_.find(cell);
  if (at == search_of_.end()) return {};
  std::vector<std::pair<std::uint32_t, Dispatcher::Want>> more;
  SearchProgress& search = searches_[at->second];
  for (const std::uint32_t candidate : search.finish(cell, states_[cell].sides))
    if (wanted_[candidate] == 0) {
      wanted_[candidate] = stage_end(record_.plan, {candidate, 0});
      more.push_back({candidate, {wanted_[candidate], urgency(candidate)}});
    }
  replace(foreseen_of_search_[at->second], foresee(search));
  return more;
}

bool Goals::is_done(std::uint32_t cell) const {
  return wanted_[cell] > 0 && record_.ledger.count(cell) == wanted_[cell];
}

void Goals::replace(Foreseen& before, Foreseen now) {
  foreseen_chunks_ += now.chunks - before.chunks;
  foreseen_seconds_ += now.seconds - before.seconds;
  before = now;
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

/// As many candidates like one in the middle, with as many chunks as a first stage has.
Goals::Foreseen Goals::foresee(const SearchProgress& progress) const {
  const std::vector<std::uint32_t>& cells = progress.search().cells;
  const std::uint32_t middle = cells[cells.size() / 2];
  const auto count = static_cast<double>(progress.foreseen());
  const Plan::Cut& first = record_.plan.cuts(middle).front();
  const double seconds =
      first.chunks * costs_.of(record_.plan.cells()[middle]).of(samples(first) / first.chunks);
  return {count * first.chunks, count * seconds};
}

}  // namespace leafcast::workers
