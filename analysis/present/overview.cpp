#include "analysis/present/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

using Row = std::vector<std::string>;
using Kind = TextTable::Kind;

void add_value(Row& row, const Estimate* estimate) {
  row.push_back(estimate ? value_text(estimate->value, estimate->error) : "");
}
void add_exact(Row& row, const Estimate* estimate) {
  row.push_back(estimate ? number_text(estimate->exact) : "");
}
void add_z(Row& row, const Estimate* estimate) { row.push_back(estimate ? z_text(estimate->z()) : ""); }

std::vector<const Cell*> pick(const Record& record, const std::vector<std::size_t>& indices) {
  std::vector<const Cell*> cells;
  for (const std::size_t i : indices) cells.push_back(&record.plan.cells()[i]);
  return cells;
}

std::string shared_language(const Cell& cell, const std::set<std::string>& varying) {
  std::string language =
      text(cell, [&](const std::string& key) { return describes_language(key) && !varying.contains(key); });
  if (!varying.contains("language.d") && !varying.contains("language.height"))
    language += fmt::format(" (n = {})", cell.language().leaves());
  return language;
}

/// "block: root sampled · reasoning: path"
std::string shared_generators(const std::vector<const Cell*>& cells, const std::set<std::string>& varying) {
  std::set<std::string> seen;
  std::string joined;
  for (const Cell* cell : cells) {
    const std::string kind = cell->generator_name();
    if (!seen.insert(kind).second) continue;
    const std::string rest = text(*cell, [&](const std::string& key) {
      return key.starts_with("generator.") && key != "generator.kind" && !varying.contains(key);
    });
    if (!rest.empty()) joined += (joined.empty() ? "" : " · ") + kind + ": " + rest;
  }
  return joined;
}

}  // namespace

std::vector<std::vector<std::size_t>> by_language(const Record& record,
                                                  const std::vector<std::size_t>& cells) {
  std::vector<std::vector<std::size_t>> list;
  std::map<std::string, std::size_t> place, family;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    family.try_emplace(family_text(cell), family.size());
    const auto [entry, is_new] = place.try_emplace(text(cell, describes_grammars), list.size());
    if (is_new) list.emplace_back();
    list[entry->second].push_back(i);
  }
  std::ranges::stable_sort(list, {}, [&](const std::vector<std::size_t>& language) {
    const Cell& cell = record.plan.cells()[language.front()];
    return std::pair(family.at(family_text(cell)), cell.language().height);
  });
  return list;
}

std::vector<std::vector<std::size_t>> sections(const Record& record, const std::vector<std::size_t>& cells) {
  auto list = by_language(record, cells);
  if (2 * list.size() > cells.size()) return {cells};
  return list;
}

Overview overview(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& indices) {
  Overview view;
  if (indices.empty()) return view;
  const std::vector<const Cell*> cells = pick(record, indices);
  const std::set<std::string> varying = varying_keys(cells);
  std::set<std::uint64_t> samples;
  for (const std::size_t i : indices) samples.insert(samples_done(record.tallies[i]));
  view.language = shared_language(*cells.front(), varying);
  if (const std::string generators = shared_generators(cells, varying); !generators.empty())
    view.common.push_back(generators);
  if (samples.size() == 1)
    view.common.push_back(count_text(*samples.begin()) + (cells.size() > 1 ? " samples a cell" : " samples"));
  if (cells.front()->is_pooled() && !varying.contains("seed"))
    view.common.push_back(cells.front()->seed_text());

  view.table.columns = {{"#"},
                        {"cell", Kind::word},
                        {"samples", Kind::number, 5},
                        {"Var(S)/n"},
                        {"exact", Kind::number, 4, "exact variances"},
                        {"z", Kind::z, 6, "z of the variance"},
                        {"kurtosis"},
                        {"exact", Kind::number, 2, "exact kurtoses"},
                        {"z", Kind::z, 5, "z of the kurtosis"},
                        {"valid"},
                        {"exact", Kind::number, 1, "exact valid rates"},
                        {"z", Kind::z, 5, "z of the valid rate"},
                        {"bits", Kind::number, 3, "bits of memory"}};
  for (const std::size_t i : indices) {
    const Cell& cell = record.plan.cells()[i];
    const auto find = [&](const char* statistic) { return index.find(i, statistic); };
    Row row = {std::to_string(i), text(cell, [&](const std::string& key) {
                 return varying.contains(key) || key == "generator.kind";
               })};
    row.push_back(samples.size() > 1 ? count_text(samples_done(record.tallies[i])) : "");
    for (const char* statistic : {"variance", "excess_kurtosis", "valid_rate"}) {
      add_value(row, find(statistic));
      add_exact(row, find(statistic));
      add_z(row, find(statistic));
    }
    add_value(row, find("memory_bits"));
    view.table.rows.push_back(std::move(row));
  }
  return view;
}

TextTable entropy_table(const Record& record, const EstimateIndex& index,
                        const std::vector<std::size_t>& indices) {
  TextTable table;
  table.columns = {{"#"},
                   {"cell", Kind::word},
                   {"cross-entropy"},
                   {"exact", Kind::number, 4, "exact cross-entropies"},
                   {"z", Kind::z, 5, "z of the cross-entropy"},
                   {"divergence"},
                   {"own entropy", Kind::number, 6, "entropies of the writers' own laws"},
                   {"reverse", Kind::number, 3, "reverse cross-entropies"},
                   {"impossible", Kind::number, 7, "rates of impossible sentences"},
                   {"well formed", Kind::number, 8, "rates of well-formed sentences"},
                   {"nats/sentence", Kind::number, 2, "nats a sentence"}};
  if (indices.empty()) return table;
  const std::set<std::string> varying = varying_keys(pick(record, indices));
  for (const std::size_t i : indices) {
    const auto find = [&](const char* statistic) { return index.find(i, statistic); };
    if (!find("cross_entropy") && !find("well_formed_rate")) continue;
    Row row = {std::to_string(i), text(record.plan.cells()[i], [&](const std::string& key) {
                 return varying.contains(key) || key == "generator.kind";
               })};
    add_value(row, find("cross_entropy"));
    add_exact(row, find("cross_entropy"));
    add_z(row, find("cross_entropy"));
    for (const char* statistic : {"kl_divergence", "own_entropy", "reverse_cross_entropy", "impossible_rate",
                                  "well_formed_rate", "sentence_cross_entropy"})
      add_value(row, find(statistic));
    table.rows.push_back(std::move(row));
  }
  return table;
}

TextTable learner_table(const Record& record, const EstimateIndex& index,
                        const std::vector<std::size_t>& indices) {
  TextTable table;
  table.columns = {{"#"},
                   {"cell", Kind::word},
                   {"test loss"},
                   {"excess", Kind::number, 8, "excess over the exact entropy"},
                   {"error", Kind::number, 7, "rates of wrong predictions"},
                   {"context", Kind::number, 6, "effective contexts"}};
  if (indices.empty()) return table;
  const std::vector<const Cell*> cells = pick(record, indices);
  int most_levels = 0;
  for (const Cell* cell : cells) most_levels = std::max(most_levels, cell->language().height);
  for (int j = 1; j < most_levels; ++j)
    table.columns.push_back(
        {fmt::format("purity {}", j), Kind::number, 5, fmt::format("purity of clusters of height {}", j)});
  const std::set<std::string> varying = varying_keys(cells);
  for (std::size_t c = 0; c < indices.size(); ++c) {
    const std::size_t i = indices[c];
    if (!index.find(i, "test_cross_entropy")) continue;
    Row row = {std::to_string(i), text(*cells[c], [&](const std::string& key) {
                 return varying.contains(key) || key == "generator.kind";
               })};
    for (const char* statistic : {"test_cross_entropy", "test_excess", "test_error", "effective_context"})
      add_value(row, index.find(i, statistic));
    for (int j = 1; j < most_levels; ++j) add_value(row, index.find(i, "cluster_purity", j));
    table.rows.push_back(std::move(row));
  }
  return table;
}

TextTable by_height(const Record& record, const EstimateIndex& index, std::size_t cell) {
  TextTable table;
  table.columns = {{"j"},
                   {"Var(s)/d^j"},
                   {"z", Kind::z, 6, "z of the variance"},
                   {"kurtosis"},
                   {"z", Kind::z, 4, "z of the kurtosis"},
                   {"correlation"},
                   {"z", Kind::z, 5, "z of the correlation"},
                   {"valid"},
                   {"z", Kind::z, 3, "z of the valid rate"},
                   {"first bad"},
                   {"divergence", Kind::number, 7, "divergence by height"},
                   {"tokens", Kind::number, 7, "correlation of tokens by height"},
                   {"z", Kind::z, 2, "z of the correlation of tokens"}};
  for (int j = 1; j <= record.plan.cells()[cell].language().height; ++j) {
    Row row = {std::to_string(j)};
    for (const char* statistic : {"variance", "excess_kurtosis", "correlation", "valid_rate"}) {
      add_value(row, index.find(cell, statistic, j));
      add_z(row, index.find(cell, statistic, j));
    }
    add_value(row, index.find(cell, "inconsistency_rate", j));
    add_value(row, index.find(cell, "kl_divergence", j));
    add_value(row, index.find(cell, "token_correlation", j));
    add_z(row, index.find(cell, "token_correlation", j));
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& text) { return !text.empty(); }))
      table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace leafcast::analysis
