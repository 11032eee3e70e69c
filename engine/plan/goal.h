#pragma once
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/observe/tally.h"
#include "engine/unknown.h"

namespace leafcast {

struct Estimate;

/// How small the error of a statistic shall become: at most max(relative·|value|, absolute).
struct Target {
  std::string statistic;              ///< as in Estimate: "variance", "valid_rate", "variance@3"
  double relative = 0, absolute = 0;  ///< 0: not given; one of the two is
  double tolerance(double value) const;
  bool operator==(const Target&) const = default;
};

/// "variance:0.01 + valid_rate:0.05" → numbers by statistic, in the order written; a number alone is that of
/// the variance. Empty if the text is anything else, or names a statistic twice.
std::vector<std::pair<std::string, double>> parse_targets(std::string_view text);

/// A value of a statistic that a sweep looks for.
struct Level {
  std::string statistic;
  double value = 0;
};
/// On which side of a level a cell is, by its estimate; `above` if it is the level. Unknown: 0/0.
enum class Side { unknown, below, above };

/// How cells that differ in one key alone are searched for where statistics cross levels (search.h).
struct SearchRule {
  enum class Order { bisect, ascend };
  std::vector<Level> levels;
  Order order = Order::bisect;
  std::string axis;  ///< the key: "generator.context"
};

/// How far a cell is from its goal.
struct GoalState {
  bool met = false;
  /// The largest error over its tolerance; ∞ if an error is unknown, or the tolerance is 0 and the error is
  /// not (a relative target of a value that is 0).
  double excess = std::numeric_limits<double>::infinity();
  std::string statistic;  ///< whose that is
  double value = kUnknown, error = kUnknown;
  std::vector<Side> sides{};  ///< of the levels of the cell's search; empty if it has none
};

/// Met if every target's statistic is known, and so is its error, and that is within the tolerance. So an
/// error of 0 (nothing varies) meets every target, also a relative one of a value of 0; a relative target of
/// a value that is 0 within its error, such as a skewness of a symmetric law, a rate that is 0 so far, or of
/// a shape that is 0/0, is not met, and the cell goes on to its most samples. Give an absolute one there.
/// No targets are met.
GoalState judge(std::span<const Target> targets, std::span<const Estimate> estimates);
std::vector<Side> sides(std::span<const Level> levels, std::span<const Estimate> estimates);

class Cell;
/// Judges a cell by its exact sums: its targets, and the sides of the levels of its search. A function of its arguments alone, or results would depend on who asks
/// when. Given by those who know estimates (analysis/estimate/goal_check.h).
using GoalCheck = std::function<GoalState(const Cell&, const CellTally&)>;

/// How many samples meet the goal, as far as can be told: errors fall like 1/√samples. ∞ if it cannot be
/// told.
double foreseen_samples(const GoalState& state, double samples);

}  // namespace leafcast
