#include "analysis/present/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/observe/functionals.h"

namespace leafcast::analysis {

namespace {

/// A statistic as a table shows it, beside it the exact value and the deviation; by priority of the column, 0:
/// without.
struct Shown {
  const char *statistic, *name, *meaning;  ///< "exact " + meaning
  int value = 9, exact = 0, z = 0;
};

constexpr Shown kOfSentences[] = {{"variance", "Var(S)/n", "variances", 9, 4, 6},
                                  {"excess_kurtosis", "kurtosis", "kurtoses", 9, 2, 5},
                                  {"valid_rate", "valid", "valid rates", 9, 1, 5},
                                  {"memory_bits", "bits", "bits of memory", 3}};
constexpr Shown kEntropies[] = {{"cross_entropy", "cross-entropy", "cross-entropies", 9, 4, 5},
                                {"kl_divergence", "divergence", "divergences"},
                                {"own_entropy", "own entropy", "entropies of the writers' own sentences", 6},
                                {"reverse_cross_entropy", "reverse", "reverse cross-entropies", 3},
                                {"impossible_rate", "impossible", "rates of impossible sentences", 7},
                                {"well_formed_rate", "well formed", "rates of well-formed sentences", 8},
                                {"sentence_cross_entropy", "nats/sentence", "nats per sentence", 2}};
constexpr Shown kOfLearners[] = {{"test_cross_entropy", "test loss", "losses"},
                                 {"test_excess", "excess", "excess over the exact entropy", 8},
                                 {"test_error", "error", "rates of wrong predictions", 7},
                                 {"effective_context", "context", "effective contexts", 6}};
constexpr Shown kByHeight[] = {{"variance", "Var(s)/d^j", "variances", 9, 0, 6},
                               {"excess_kurtosis", "kurtosis", "kurtoses", 9, 0, 4},
                               {"correlation", "correlation", "correlations", 9, 0, 5},
                               {"valid_rate", "valid", "valid rates", 9, 0, 3},
                               {"inconsistency_rate", "first bad", "lowest inconsistencies"},
                               {"kl_divergence", "divergence", "divergences by height", 7},
                               {"token_correlation", "tokens", "correlations of tokens by height", 7, 0, 2}};

/// Mean and variance of each functional of neighbouring leaves, as tables show them.
std::span<const Shown> of_functionals() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Functional& functional : functionals())
      for (const char* of : {"_mean", "_variance"}) list.push_back(std::string(functional.name) + of);
    return list;
  }();
  static const std::vector<Shown> shown = [] {
    std::vector<Shown> list;
    for (const std::string& name : names)
      list.push_back(name.ends_with("_mean") ? Shown{name.c_str(), name.c_str(), name.c_str(), 9, 4, 5}
                                             : Shown{name.c_str(), name.c_str(), name.c_str(), 8});
    return list;
  }();
  return shown;
}

void add_columns(Table& table, std::span<const Shown> statistics) {
  for (const Shown& s : statistics) {
    table.columns.push_back({s.name, Column::Kind::number, s.value, s.meaning});
    if (s.exact > 0)
      table.columns.push_back({"exact", Column::Kind::number, s.exact, fmt::format("exact {}", s.meaning)});
    if (s.z > 0) table.columns.push_back({"z", Column::Kind::z, s.z, fmt::format("z of {}", s.meaning)});
  }
}

/// With the entries of the statistics of the cell, or of its subtrees of height j.
Row with(Row row, std::span<const Shown> statistics, const EstimateIndex& index, std::size_t cell,
         std::optional<int> j = {}) {
  for (const Shown& s : statistics) {
    const Estimate* e = j ? index.find(cell, s.statistic, *j) : index.find(cell, s.statistic);
    row.push_back(e ? Entry(e->value, e->error) : Entry());
    if (s.exact > 0) row.push_back(e ? Entry(e->exact) : Entry());
    if (s.z > 0) row.push_back(e ? Entry(e->z()) : Entry());
  }
  return row;
}

std::vector<const Cell*> pick(const Record& record, const std::vector<std::size_t>& indices) {
  std::vector<const Cell*> cells;
  for (const std::size_t i : indices) cells.push_back(&record.plan.cells()[i]);
  return cells;
}

/// "block: root sampled · reasoning: path", "counting, clustering: test 300"
std::string shared_generators(const std::vector<const Cell*>& cells, const std::set<std::string>& varying) {
  std::set<std::string> seen;
  std::vector<std::pair<std::string, std::string>> list;  // kinds, and what they share
  for (const Cell* cell : cells) {
    const std::string kind = cell->generator_name();
    if (!seen.insert(kind).second) continue;
    const std::string rest = text(*cell, [&](const std::string& key) {
      return key.starts_with("generator.") && key != "generator.kind" && !varying.contains(key);
    });
    if (rest.empty()) continue;
    const auto alike = std::ranges::find(list, rest, [](const auto& entry) { return entry.second; });
    if (alike == list.end())
      list.emplace_back(kind, rest);
    else
      alike->first += ", " + kind;
  }
  std::string joined;
  for (const auto& [kinds, rest] : list) joined += (joined.empty() ? "" : " · ") + kinds + ": " + rest;
  return joined;
}

std::string cell_name(const Cell& cell, const std::set<std::string>& varying) {
  return text(cell, [&](const std::string& key) { return varying.contains(key) || key == "generator.kind"; });
}

}  // namespace

std::string shared_language(const Cell& cell, const std::set<std::string>& varying) {
  std::string language =
      text(cell, [&](const std::string& key) { return describes_language(key) && !varying.contains(key); });
  if (!varying.contains("language.d") && !varying.contains("language.height"))
    language += fmt::format(" (n = {})", leaves_text(static_cast<double>(cell.language().leaves())));
  return language;
}

std::vector<std::vector<std::size_t>> by_language(const Plan& plan, const std::vector<std::size_t>& cells) {
  std::vector<std::vector<std::size_t>> list;
  std::map<std::string, std::size_t> place, family;
  for (const std::size_t i : cells) {
    const Cell& cell = plan.cells()[i];
    family.try_emplace(family_text(cell), family.size());
    const auto [entry, is_new] = place.try_emplace(text(cell, describes_grammars), list.size());
    if (is_new) list.emplace_back();
    list[entry->second].push_back(i);
  }
  std::ranges::stable_sort(list, {}, [&](const std::vector<std::size_t>& language) {
    const Cell& cell = plan.cells()[language.front()];
    return std::pair(family.at(family_text(cell)), cell.language().height);
  });
  return list;
}

std::vector<std::vector<std::size_t>> sections(const Plan& plan, const std::vector<std::size_t>& cells) {
  auto list = by_language(plan, cells);
  if (2 * list.size() > cells.size()) return {cells};
  return list;
}

Section language_section(const Record& record, const EstimateIndex& index,
                         const std::vector<std::size_t>& indices, std::vector<Plot> plots) {
  const std::vector<const Cell*> cells = pick(record, indices);
  const std::set<std::string> varying = varying_keys(cells);
  std::set<std::uint64_t> samples;
  int levels = 0;
  for (const std::size_t i : indices) {
    samples.insert(record.samples(i));
    levels = std::max(levels, record.plan.cells()[i].language().height);
  }
  Document content;
  const auto say = [&](std::string line) { content << Paragraph{std::move(line), Paragraph::Look::soft}; };
  say(shared_generators(cells, varying));
  if (samples.size() == 1)
    say(count_text(*samples.begin()) + (cells.size() > 1 ? " samples per cell" : " samples"));
  if (cells.front()->is_pooled() && !varying.contains("seed")) say(cells.front()->seed_text());
  content << Figures{std::move(plots)};

  const Column name = {"cell", Column::Kind::word};
  Table sentences{{{"#"}, name, {"samples", Column::Kind::number, 5}}, {}}, entropies{{{"#"}, name}, {}},
      learners{{{"#"}, name}, {}}, neighbours{{{"#"}, name}, {}};
  add_columns(sentences, kOfSentences);
  add_columns(entropies, kEntropies);
  add_columns(learners, kOfLearners);
  add_columns(neighbours, of_functionals());
  for (int j = 1; j < levels; ++j)
    learners.columns.push_back({fmt::format("purity {}", j), Column::Kind::number, 5,
                                fmt::format("purity of clusters of height {}", j)});
  for (const std::size_t i : indices) {
    const Row named = {i, cell_name(record.plan.cells()[i], varying)};
    Row sampled = named;
    sampled.push_back(samples.size() > 1 ? Entry(record.samples(i)) : Entry());
    sentences.rows.push_back(with(std::move(sampled), kOfSentences, index, i));
    if (index.find(i, "cross_entropy") || index.find(i, "well_formed_rate"))
      entropies.rows.push_back(with(named, kEntropies, index, i));
    if (!record.plan.cells()[i].observe().functionals.empty())
      neighbours.rows.push_back(with(named, of_functionals(), index, i));
    if (!index.find(i, "test_cross_entropy")) continue;
    Row learner = with(named, kOfLearners, index, i);
    for (int j = 1; j < levels; ++j) {
      const Estimate* purity = index.find(i, "cluster_purity", j);
      learner.push_back(purity ? Entry(purity->value, purity->error) : Entry());
    }
    learners.rows.push_back(std::move(learner));
  }
  if (learners.rows.size() < sentences.rows.size()) content << Heading{"Sentences"} << std::move(sentences);
  if (!entropies.rows.empty())
    content << Heading{"Entropies, bits per leaf"}
            << Paragraph{"Cross-entropy: of the language's sentences under the writer's distribution; divergence: "
                         "how much that is above the language's own entropy. Own entropy: of the writer's "
                         "sentences under its distribution; reverse: under the language's.",
                         Paragraph::Look::soft}
            << std::move(entropies);
  if (!neighbours.rows.empty()) content << Heading{"Neighbouring leaves, per leaf"} << std::move(neighbours);
  if (!learners.rows.empty())
    content << Heading{"Learners, nats per prediction of the last token (or of the class)"}
            << Paragraph{"Test loss, and its excess over the exact entropy of what is seen; wrong predictions; leaves "
                         "of context from which the language itself would predict as well; purity of clusters by "
                         "height.",
                         Paragraph::Look::soft}
            << std::move(learners);
  const std::string shared = shared_language(*cells.front(), varying);
  return {"", shared.empty() ? "All languages" : shared, {std::move(content)}};
}

Document heights(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells,
                 std::size_t& most) {
  Document tables;
  std::size_t left_out = 0;
  for (const std::size_t cell : cells) {
    Table table{{{"j"}}, {}};
    add_columns(table, kByHeight);
    for (int j = 1; j <= record.plan.cells()[cell].language().height; ++j) {
      Row row = with({j}, kByHeight, index, cell, j);
      if (std::any_of(row.begin() + 1, row.end(), [](const Entry& entry) { return !entry.text().empty(); }))
        table.rows.push_back(std::move(row));
    }
    if (table.rows.empty()) continue;
    if (most == 0) {
      ++left_out;
      continue;
    }
    --most;
    tables << Heading{fmt::format("#{} {}", cell, record.plan.cells()[cell].label()), 4} << std::move(table);
  }
  if (left_out > 0)
    tables << Paragraph{fmt::format("{} more cells are in the table: leafcast table.", left_out)};
  return tables;
}

}  // namespace leafcast::analysis
