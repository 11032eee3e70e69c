#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/present/map.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

struct StatisticMaps {
  std::vector<Map> maps;
  std::vector<std::string> remarks;  ///< what is not shown
};

/// Statistics of cells that differ in two numbers of the language or the writer, or more, over the two that were
/// swept over most values, a panel a value of a third; the values of any further keys have maps of their own. Cells
/// that differ in seeds alone are averaged. At most `most` maps, of at most twelve panels each.
StatisticMaps statistic_maps(const Record& record, const EstimateIndex& index, std::size_t most = 12);

}  // namespace leafcast::analysis
