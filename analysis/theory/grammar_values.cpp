#include "analysis/theory/grammar_values.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "analysis/text/cell_text.h"
#include "analysis/theory/grammar_correlation.h"
#include "analysis/theory/grammar_entropy.h"
#include "engine/language/tree.h"

namespace leafcast::analysis {

namespace {

std::string at_level(const char* statistic, int level) { return fmt::format("{}@{}", statistic, level); }

std::string family_key(const Cell& cell) {
  std::string key;
  for (const auto& [name, value] : cell.parameters())
    if (name.starts_with("language.") && name != "language.grammar-seed") key += name + "=" + value + "\n";
  return key;
}

constexpr double kSameForAll = 1e-13;

}  // namespace

std::vector<GrammarValue> grammar_values(const Grammar& grammar, const LeafContexts& asked) {
  const GrammarLaws laws(grammar);
  const int v = grammar.symbols(), s = grammar.children(), top = grammar.height(),
            m = grammar.is_uniform() ? grammar.rules_of_symbol() : 0;
  const std::int64_t last = tree_power(s, top) - 1;
  std::vector<GrammarValue> list;
  const auto add = [&](std::string statistic, double value, double predicted = kUnknown) {
    list.push_back({std::move(statistic), value, kUnknown, predicted});
  };
  for (int j = 1; j <= top; ++j)
    if (const auto value = token_correlation_of_height(grammar, laws, j))
      add(at_level("token_correlation", j), *value, m ? asymptotic_token_correlation(v, m, s, j) : kUnknown);
  for (int j = 1; j <= top; ++j)
    add(at_level("last_token_correlation", j),
        token_correlation(grammar, laws, last - tree_power(s, j - 1), last),
        m ? asymptotic_token_correlation(v, m, s, j) : kUnknown);
  for (int j = 2; j <= top; ++j) add(at_level("tuple_correlation", j), tuple_correlation(grammar, laws, j));
  const std::vector<NextLeaf> next = last_leaf_by_level(grammar, laws);
  const int levels = static_cast<int>(next.size());
  for (int j = 0; j < levels; ++j) add(at_level("last_token_entropy", j), next[j].entropy);
  for (int j = 0; j < levels; ++j) add(at_level("mean_log_compatible", j), next[j].mean_log_compatible);
  for (int j = 0; j < levels; ++j)
    add(at_level("log_mean_compatible", j), std::log(next[j].mean_compatible),
        m ? std::log(annealed_compatible(v, m, s, j)) : kUnknown);
  add("entropy_per_token", sentence_entropy(grammar) / static_cast<double>(last + 1));
  for (const std::int64_t k : asked.contexts) {
    const auto leaf = next_leaf(grammar, laws, asked.leaf < 0 ? last : asked.leaf, k);
    if (!leaf) continue;
    add(fmt::format("leaf_entropy@{}", k), leaf->entropy);
    add(fmt::format("leaf_mean_log_compatible@{}", k), leaf->mean_log_compatible);
    add(fmt::format("leaf_log_mean_compatible@{}", k), std::log(leaf->mean_compatible));
  }
  if (m)
    for (int j = 1; j <= top; ++j)
      add(at_level("sample_threshold", j), kUnknown, sample_threshold(v, m, s, j));
  return list;
}

MeanOverGrammars mean_over_grammars(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (values.size() < 2) return {mean, kUnknown};
  const double error = std::sqrt(squares / (n * (n - 1)));
  return {mean, error < kSameForAll * std::abs(mean) ? 0 : error};  // what is the same for all grammars
}

std::vector<GrammarFamily> grammar_families(const Plan& plan, const LeafContexts& asked) {
  std::vector<GrammarFamily> families;
  std::map<std::string, std::size_t> place;
  std::set<const Grammar*> seen;
  for (const Cell& cell : plan.cells()) {
    if (!cell.language().is_grammar() || !seen.insert(&cell.language().grammar()).second) continue;
    const auto [entry, is_new] = place.try_emplace(family_key(cell), families.size());
    if (is_new) families.push_back({text(cell, describes_grammars), {}, {}, {}});
    GrammarFamily& family = families[entry->second];
    family.members.push_back(&cell);
    family.of_member.push_back(grammar_values(cell.language().grammar(), asked));
  }
  for (GrammarFamily& family : families) {
    // A value that was too much work for one grammar is averaged over none.
    for (const GrammarValue& first : family.of_member.front()) {
      std::vector<double> values;
      for (const auto& member : family.of_member)
        for (const GrammarValue& value : member)
          if (value.statistic == first.statistic) values.push_back(value.value);
      if (values.size() < family.members.size()) continue;
      const MeanOverGrammars mean = mean_over_grammars(values);
      family.average.push_back({first.statistic, mean.mean, mean.error, first.predicted});
    }
  }
  return families;
}

}  // namespace leafcast::analysis
