#include "analysis/overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/cell_text.h"
#include "analysis/number_text.h"

namespace leafcast::analysis {

namespace {

using Row = std::vector<std::string>;
using Kind = TextTable::Kind;

void add_value(Row& row, const Estimate* estimate) {
  row.push_back(estimate ? value_text(estimate->value, estimate->error) : "");
}
void add_exact(Row& row, const Estimate* estimate) { row.push_back(estimate ? number_text(estimate->exact) : ""); }
void add_z(Row& row, const Estimate* estimate) { row.push_back(estimate ? z_text(estimate->z()) : ""); }

std::vector<const Cell*> pick(const Record& record, const std::vector<std::size_t>& indices) {
  std::vector<const Cell*> cells;
  for (const std::size_t i : indices) cells.push_back(&record.plan.cells()[i]);
  return cells;
}

std::vector<std::string> common_lines(const std::vector<const Cell*>& cells, const std::set<std::string>& varying,
                                      const std::set<std::uint64_t>& samples) {
  const auto shared = [&](const std::string& section) {
    return [&varying, section](const std::string& key) { return key.starts_with(section) && !varying.contains(key); };
  };
  std::string language = text(*cells.front(), shared("language."));
  if (!varying.contains("language.d") && !varying.contains("language.height"))
    language += fmt::format(" (n = {})", cells.front()->language().leaves());

  std::vector<std::string> kinds;
  std::string generators;
  for (const Cell* cell : cells) {
    if (std::find(kinds.begin(), kinds.end(), cell->generator_name()) != kinds.end()) continue;
    kinds.push_back(cell->generator_name());
    const std::string texts = text(*cell, [&](const std::string& key) {
      return shared("generator.")(key) && key != "generator.kind";
    });
    if (!texts.empty()) generators += (generators.empty() ? "" : " · ") + kinds.back() + ": " + texts;
  }
  if (kinds.size() == 1 && generators.empty()) generators = kinds[0];

  std::vector<std::string> lines;
  if (!language.empty()) lines.push_back(language);
  if (!generators.empty()) lines.push_back(generators);
  if (samples.size() == 1) lines.push_back(count_text(*samples.begin()) + (cells.size() > 1 ? " samples a cell" : " samples"));
  return lines;
}

}  // namespace

std::uint64_t samples_done(const CellTally& bins) {
  std::uint64_t sum = 0;
  for (const Tally& bin : bins) sum += bin.samples;
  return sum;
}

Overview overview(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& indices) {
  Overview view;
  if (indices.empty()) return view;
  const std::vector<const Cell*> cells = pick(record, indices);
  const std::set<std::string> varying = varying_keys(cells);
  std::set<std::uint64_t> samples;
  for (const std::size_t i : indices) samples.insert(samples_done(record.tallies[i]));
  view.common = common_lines(cells, varying, samples);

  view.table.columns = {{"#"},          {"cell", Kind::word},     {"samples", Kind::number, 5}, {"Var(S)/n"},
                        {"exact", Kind::number, 4}, {"z", Kind::z, 6}, {"kurtosis"},                 {"z", Kind::z, 5},
                        {"valid"},      {"z", Kind::z, 5},        {"bits", Kind::number, 3}};
  for (const std::size_t i : indices) {
    const Cell& cell = record.plan.cells()[i];
    const auto find = [&](const char* statistic) { return index.find(i, statistic); };
    Row row = {std::to_string(i), text(cell, [&](const std::string& key) {
                 return varying.contains(key) || key == "generator.kind";
               })};
    row.push_back(samples.size() > 1 ? count_text(samples_done(record.tallies[i])) : "");
    const Estimate* variance = find("variance");
    add_value(row, variance);
    add_exact(row, variance);
    add_z(row, variance);
    for (const char* statistic : {"excess_kurtosis", "valid_rate"}) {
      add_value(row, find(statistic));
      add_z(row, find(statistic));
    }
    add_value(row, find("memory_bits"));
    view.table.rows.push_back(std::move(row));
  }
  return view;
}

TextTable by_height(const Record& record, const EstimateIndex& index, std::size_t cell) {
  TextTable table;
  table.columns = {{"j"},     {"Var(s)/d^j"},     {"z", Kind::z, 6}, {"kurtosis"},       {"z", Kind::z, 4}, {"correlation"},
                   {"z", Kind::z, 5}, {"valid"}, {"z", Kind::z, 3}, {"first bad"}};
  for (int j = 1; j <= record.plan.cells()[cell].language().height; ++j) {
    Row row = {std::to_string(j)};
    for (const char* statistic : {"variance", "excess_kurtosis", "correlation", "valid_rate"}) {
      add_value(row, index.find(cell, statistic, j));
      add_z(row, index.find(cell, statistic, j));
    }
    add_value(row, index.find(cell, "inconsistency_rate", j));
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& text) { return !text.empty(); }))
      table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace leafcast::analysis
