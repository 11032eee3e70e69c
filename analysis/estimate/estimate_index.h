#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/observe/estimate.h"

namespace leafcast::analysis {

/// Finds an estimate by cell and statistic. Refers to the estimates; they must outlive it.
class EstimateIndex {
 public:
  explicit EstimateIndex(const std::vector<Estimate>& estimates) {
    for (const Estimate& estimate : estimates) by_name_[estimate.cell][estimate.statistic] = &estimate;
  }

  /// Null if there is none.
  const Estimate* find(std::size_t cell, const std::string& statistic) const {
    const auto names = by_name_.find(cell);
    if (names == by_name_.end()) return nullptr;
    const auto entry = names->second.find(statistic);
    return entry == names->second.end() ? nullptr : entry->second;
  }
  const Estimate* find(std::size_t cell, const std::string& statistic, int height) const {
    return find(cell, statistic + '@' + std::to_string(height));
  }

  /// The cells that have estimates, in order.
  std::vector<std::size_t> cells() const {
    std::vector<std::size_t> list;
    for (const auto& [cell, names] : by_name_) list.push_back(cell);
    return list;
  }

 private:
  std::map<std::size_t, std::map<std::string, const Estimate*>> by_name_;
};

}  // namespace leafcast::analysis
