#include "analysis/present/grammar_averages.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cmath>
#include <map>
#include <ostream>
#include <set>

#include "analysis/present/grammar_summary.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/json_rows.h"
#include "analysis/text/number_text.h"
#include "analysis/text/text_table.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

using Json = JsonRow;

const std::set<std::string>& averaged_keys() {
  static const std::set<std::string> keys = {"language.grammar-seed", "seed"};
  return keys;
}

Json number(double x) { return json_number(x); }

/// Parameters of the group, by their last names.
Json columns_of(const Cell& cell) {
  Json columns = Json::object();
  for (const auto& [key, value] : cell.parameters()) {
    const bool tells = key.starts_with("language.") || key.starts_with("generator.");
    if (!tells || averaged_keys().contains(key) || key == "language.grammar") continue;
    std::string name = key.substr(key.find('.') + 1);
    for (char& c : name)
      if (c == '-') c = '_';
    if (name == "kind") name = key.starts_with("language.") ? "language" : "generator";
    const auto real = parse_real(value);
    columns[name] = real ? Json(*real) : Json(value);
  }
  return columns;
}

}  // namespace

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

void write_averages(std::ostream& out, Format format, const Record& record,
                    const std::vector<GrammarAverage>& averages, std::size_t width) {
  const auto cell = [&](const GrammarAverage& average) -> const Cell& {
    return record.plan.cells()[average.first_cell];
  };
  if (format == Format::text) {
    for (std::size_t i = 0; i < averages.size();) {
      const std::size_t first = averages[i].first_cell;
      fmt::print(out, "{}{}, {} grammar{}\n", i ? "\n" : "", group_text(cell(averages[i]), averaged_keys()),
                 averages[i].grammars, averages[i].grammars == 1 ? "" : "s");
      TextTable table;
      table.columns = {{"statistic", TextTable::Kind::word}, {"mean"}, {"exact"}, {"z", TextTable::Kind::z}};
      for (; i < averages.size() && averages[i].first_cell == first; ++i)
        table.rows.push_back({averages[i].statistic, value_text(averages[i].value, averages[i].error),
                              number_text(averages[i].exact), z_text(averages[i].z)});
      print(out, table, width);
    }
    return;
  }
  // CSV has the same columns in all rows: those of any group.
  Json all = Json::object();
  for (const GrammarAverage& average : averages) {
    const Json columns = columns_of(cell(average));
    for (const auto& [name, value] : columns.items()) all[name] = Json();
  }
  Json rows = Json::array();
  for (const GrammarAverage& average : averages) {
    Json row = format == Format::csv ? all : Json::object();
    row.update(columns_of(cell(average)));
    row["grammars"] = average.grammars;
    row["statistic"] = average.statistic;
    row["value"] = number(average.value);
    row["stderr"] = number(average.error);
    row["exact"] = number(average.exact);
    row["z"] = number(average.z);
    rows.push_back(std::move(row));
  }
  if (format == Format::json) {
    out << rows.dump(1) << '\n';
    return;
  }
  write_csv(out, rows);
}

}  // namespace leafcast::analysis
