#pragma once
#include <cstdint>

#include "analysis/estimate/statistics/statistics.h"
#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// What a statistic lives on may be so rare that few samples have not seen it, and then nothing in them says so: of 256 trees
/// with ρ = 0.999 one in three has no child that departs from the root, and all sums are ±n. The language says how often it is
/// due: the channel departs from each symbol's likeliest child, and writes the observed symbol (and the others), at known rates.
class RareEvents {
 public:
  explicit RareEvents(const Cell& cell);

  /// Whether so many sentences should have seen enough of it for an error made of them. Of sums and correlations, departures at
  /// the tops of independent subtrees: 5, of their shapes 30; and ten times as many of the observed symbol or of the others, if
  /// these are rarer than one in five. Of
  /// entropies and domain walls, departures anywhere: 10. True of what other numbers there are, of grammars, of learners, and
  /// where nothing departs.
  bool are_seen(const Statistic& statistic, std::uint64_t sentences) const;
  /// Whether anything is random beside the root.
  bool depart() const { return departures_ > 0; }

 private:
  double subtrees(int height) const;  ///< independent ones of a sentence
  int d_, height_;
  double levels_;          ///< beyond which the writer's subtrees are independent
  double departures_ = 0;  ///< of an edge
  double symbols_ = 1;     ///< share of the rarer: observed, or not
};

}  // namespace leafcast::analysis
