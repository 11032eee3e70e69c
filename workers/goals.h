#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/plan/cost.h"
#include "engine/plan/search.h"
#include "engine/plan/stages.h"
#include "workers/dispatcher.h"

namespace leafcast::workers {

/// The master's view of what exact sums decide: how far cells are from their goals, which candidates of searches are
/// asked for, and what is still wanted of each (stages.h, search.h).
class Goals {
 public:
  /// Judges what the record has. `check` may be empty if no cell is adaptive.
  Goals(const Record& record, const GoalCheck& check, const CostModel& costs);

  /// By cell. The largest error relative to its target is the most urgent; cells of which nothing is known go
  /// before, those without a goal after.
  std::vector<Dispatcher::Want> wants() const;
  /// By cell: chunks wanted.
  const std::vector<std::uint32_t>& wanted() const { return wanted_; }
  /// By cell, as of the last stage that ended; empty if no cell is adaptive.
  const std::vector<GoalState>& states() const { return states_; }

  /// All chunks of the cell that were wanted are done: what is wanted now, by cell. More of this one if its goal is not met;
  /// of others if its side of a level asks for them.
  std::vector<std::pair<std::uint32_t, Dispatcher::Want>> next(std::uint32_t cell);

  /// What is expected beyond the chunks wanted, in chunks and in seconds of one core.
  double foreseen_chunks() const { return foreseen_chunks_; }
  double foreseen_seconds() const { return foreseen_seconds_; }

 private:
  struct Foreseen {
    double chunks = 0, seconds = 0;
  };
  Foreseen foresee(std::uint32_t cell) const;
  Foreseen foresee(const SearchProgress& search) const;
  bool goes_on(std::uint32_t cell);
  bool is_done(std::uint32_t cell) const;
  void replace(Foreseen& before, Foreseen now);
  void judge(std::uint32_t cell);
  double urgency(std::uint32_t cell) const;

  const Record& record_;
  const GoalCheck& check_;
  const CostModel& costs_;
  std::vector<std::uint32_t> wanted_;
  std::vector<GoalState> states_;
  std::vector<Foreseen> foreseen_;  // by cell
  std::vector<SearchProgress> searches_;
  std::vector<Foreseen> foreseen_of_search_;
  std::map<std::uint32_t, std::size_t> search_of_;  // by cell
  double foreseen_chunks_ = 0, foreseen_seconds_ = 0;
};

}  // namespace leafcast::workers
