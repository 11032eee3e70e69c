#include "analysis/estimate/grammar_averages.h"

#include <map>

#include "analysis/text/cell_text.h"
#include "analysis/theory/grammar_values.h"

namespace leafcast::analysis {

const std::set<std::string>& averaged_keys() {
  static const std::set<std::string> keys = {"language.grammar-seed", "seed"};
  return keys;
}

std::vector<GrammarAverage> averages_over_grammars(const Record& record,
                                                   const std::vector<Estimate>& estimates) {
  struct Values {
    std::size_t first_cell;
    std::string statistic;
    std::map<std::string, std::vector<const Estimate*>>
        by_grammar;  // cells of one grammar differ in their seeds
  };
  std::vector<Values> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> place;
  for (const Estimate& estimate : estimates) {
    const Cell& cell = record.plan.cells()[estimate.cell];
    if (!cell.language().is_grammar()) continue;
    const auto [entry, is_new] =
        place.try_emplace({group_key(cell, averaged_keys()), estimate.statistic}, groups.size());
    if (is_new) groups.push_back({estimate.cell, estimate.statistic, {}});
    const auto seed = cell.parameters().find("language.grammar-seed");
    groups[entry->second].by_grammar[seed == cell.parameters().end() ? "" : seed->second].push_back(
        &estimate);
  }
  std::vector<GrammarAverage> list;
  for (const Values& group : groups) {
    std::vector<double> values, exact, deviations;
    for (const auto& [seed, cells] : group.by_grammar) {
      double value = 0, known = 0;
      for (const Estimate* e : cells) {
        value += e->value / static_cast<double>(cells.size());
        known += e->exact / static_cast<double>(cells.size());
      }
      values.push_back(value);
      exact.push_back(known);
      deviations.push_back(value - known);
    }
    const MeanOverGrammars mean = mean_over_grammars(values), deviation = mean_over_grammars(deviations);
    list.push_back({group.first_cell, values.size(), group.statistic, mean.mean, mean.error,
                    mean_over_grammars(exact).mean,
                    deviation.error > 0 ? deviation.mean / deviation.error : kUnknown});
  }
  return list;
}

}  // namespace leafcast::analysis
