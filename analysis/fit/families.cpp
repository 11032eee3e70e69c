#include "analysis/fit/families.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/text/cell_text.h"
#include "analysis/theory/exact.h"

namespace leafcast::analysis {

Cell true_language(const Cell& cell) {
  Parameters parameters;
  for (const auto& [key, value] : cell.parameters())
    if (describes_language(key)) parameters[key] = value;
  parameters["generator.kind"] = "true";
  return Cell::make(parameters);
}

const std::set<std::string>& context_keys() {
  static const std::set<std::string> keys = {"generator.context", "generator.context-depth",
                                             "generator.memory-depth", "seed"};
  return keys;
}

std::vector<Family> families(const Record& record, const EstimateIndex& index,
                             const std::vector<std::size_t>& cells, const std::string& statistic) {
  std::vector<Family> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    const auto x = cell.traits().levels;
    const Estimate* estimate = index.find(i, statistic);
    if (!x || !estimate || std::isnan(estimate->value)) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, context_keys()), list.size());
    if (is_new) list.push_back({generator_text(cell, context_keys()), {}});
    list[entry->second].measurements.push_back({i, *x, estimate});
  }
  for (Family& family : list)
    std::stable_sort(family.measurements.begin(), family.measurements.end(),
                     [](const Measurement& a, const Measurement& b) { return a.x < b.x; });
  return list;
}

std::optional<double> true_value(const Record& record, const EstimateIndex& index,
                                 const std::vector<std::size_t>& cells, const std::string& statistic) {
  if (const auto exact = Exact(true_language(record.plan.cells()[cells.front()]))(statistic))
    return exact->value;
  for (const std::size_t i : cells) {
    const Estimate* estimate = index.find(i, statistic);
    if (record.plan.cells()[i].generator_name() == "true" && estimate && !std::isnan(estimate->value))
      return estimate->value;
  }
  return {};
}

}  // namespace leafcast::analysis
