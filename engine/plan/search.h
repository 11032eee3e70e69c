#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/plan/goal.h"
#include "engine/plan/plan.h"

namespace leafcast {

/// Cells that differ in the axis of their search alone (SearchRule): candidates, of which only those are sampled that are
/// needed to see where a statistic crosses a level. Which those are is decided by exact sums of candidates that are done,
/// so that it depends on neither ranks nor schedule nor interruptions; the plan has all candidates from the start.
struct Search {
  SearchRule rule;
  std::vector<std::uint32_t> cells;  ///< by ascending value of the axis
};

/// Of all cells of a plan that have a rule.
std::vector<Search> searches(const Plan& plan);
/// Where a candidate is on its axis, as the sweep says it.
std::string axis_value(const Cell& cell, const std::string& axis);

/// Which candidates of a search are wanted, as more and more are done.
/// Bisection: the first, the last, and up to three in between at equal distances in their order; then, wherever two
/// wanted neighbours are on different sides of a level, the one in the middle, until they have no candidate between them.
/// Ascent: one after the other, up to and with the first by which every level has been crossed.
/// A side that is unknown (0/0) is not across anything. The order in which candidates are done makes no difference.
class SearchProgress {
 public:
  explicit SearchProgress(Search search);

  const Search& search() const { return search_; }
  /// The candidate is done, on these sides of the levels: those that are wanted now and were not. Throws ContractError for
  /// a cell that is no candidate, or sides that are not one for each level.
  std::vector<std::uint32_t> finish(std::uint32_t cell, std::vector<Side> sides);
  /// Those that are wanted, by ascending value.
  std::vector<std::uint32_t> wanted() const;
  /// How many more will be wanted, if those that are not done give no more crossings than there are levels.
  std::size_t foreseen() const;

 private:
  bool ascends() const { return search_.rule.order == SearchRule::Order::ascend; }
  const std::vector<Side>* sides(std::size_t place) const;
  bool are_apart(std::size_t left, std::size_t right) const;
  void want(std::size_t place);
  void consider(std::size_t place);
  void halve(std::size_t left, std::size_t right);
  void rise();

  Search search_;
  std::unordered_map<std::uint32_t, std::size_t> place_;      // by cell
  std::unordered_map<std::size_t, std::vector<Side>> known_;  // by place, also of those that nobody wants
  std::set<std::size_t> wanted_;                              // places
  std::vector<std::size_t> news_;                             // wanted since the caller was told
  // Of an ascent: places that have been gone through, and what they said.
  std::size_t risen_ = 0;
  std::vector<Side> first_;
  std::vector<bool> crossed_;
};

}  // namespace leafcast
