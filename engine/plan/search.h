#pragma once
#include <cstdint>
#include <functional>
#include <optional>
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

/// On which side of each level a candidate is; nothing as long as it is not done.
using SidesOf = std::function<std::optional<std::vector<Side>>(std::uint32_t cell)>;

/// The candidates that are wanted as far as is known, by ascending value.
/// Bisection: the first, the last, and up to three in between at equal distances in their order; then, wherever two
/// wanted neighbours are on different sides of a level, the one in the middle, until they have no candidate between them.
/// Ascent: one after the other, up to and with the first by which every level has been crossed.
/// A side that is unknown (0/0) is not across anything.
std::vector<std::uint32_t> wanted_candidates(const Search& search, const SidesOf& sides);

/// How many more candidates will be wanted, if the sides of those that are not done give no more crossings.
std::size_t foreseen_candidates(const Search& search, const SidesOf& sides);

}  // namespace leafcast
