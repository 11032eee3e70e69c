#pragma once
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "engine/observe/estimate.h"

namespace leafcast::analysis {

/// Finds an estimate by cell and statistic. Refers to the estimates; they must outlive it.
class EstimateIndex {
 public:
  explicit EstimateIndex(const std::vector<Estimate>& estimates) {
    ordered_.reserve(estimates.size());
    for (const Estimate& estimate : estimates) ordered_.push_back(&estimate);
    // Of two of one statistic, the last counts.
    std::ranges::stable_sort(ordered_, {},
                             [](const Estimate* e) { return std::tuple(e->cell, e->statistic); });
  }

  /// Null if there is none.
  const Estimate* find(std::size_t cell, StatisticName statistic) const {
    const auto place = [](const Estimate* e) { return std::tuple(e->cell, e->statistic); };
    const auto after = std::ranges::upper_bound(ordered_, std::tuple(cell, statistic), {}, place);
    if (after == ordered_.begin()) return nullptr;
    const Estimate* found = *(after - 1);
    return found->cell == cell && found->statistic == statistic ? found : nullptr;
  }
  const Estimate* find(std::size_t cell, const std::string& statistic, int height) const {
    return find(cell, statistic + '@' + std::to_string(height));
  }

  /// The cells that have estimates, in order.
  std::vector<std::size_t> cells() const {
    std::vector<std::size_t> list;
    for (const Estimate* estimate : ordered_)
      if (list.empty() || list.back() != estimate->cell) list.push_back(estimate->cell);
    return list;
  }

 private:
  std::vector<const Estimate*> ordered_;
};

}  // namespace leafcast::analysis
