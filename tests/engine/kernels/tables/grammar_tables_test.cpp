#include "engine/kernels/tables/grammar_tables.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

namespace leafcast::grammar_tables_test {
namespace {

using Tuple = std::vector<std::uint8_t>;

Cell grammar_cell(const Grammar& grammar) {
  return Cell::make(
      {{"language.kind", "rhm"}, {"language.grammar", grammar.line()}, {"generator.kind", "true"}});
}

/// The symbols at the next level that is drawn, and those in between.
Tuple symbols(const RuleDraw& draw, std::size_t row, int children) {
  const std::size_t rows = draw.tuples.size() / static_cast<std::size_t>(draw.words);
  Tuple tuple;
  for (int i = 0; i < children; ++i)
    tuple.push_back(static_cast<std::uint8_t>(draw.tuples[static_cast<std::size_t>(i / 4) * rows + row] >>
                                              (8 * (i % 4))));
  return tuple;
}

/// What a uniform word of 32 bits draws of a parent, in units of 2^-32, as the kernels read the tables.
std::map<Tuple, double> drawn(const RuleDraw& draw, std::size_t parent, int children) {
  std::map<Tuple, double> law;
  const std::size_t first = parent * draw.columns;
  const std::uint32_t mask = alias_mask(draw.columns);
  for (std::size_t c = 0; c < draw.columns; ++c) {
    const double share = 0x1p32 / draw.columns;
    const double kept = draw.aliased ? (draw.choice[first + c] & ~mask) / 0x1p32 : 1;
    if (kept > 0) law[symbols(draw, first + c, children)] += kept * share;
    if (kept < 1) law[symbols(draw, first + (draw.choice[first + c] & mask), children)] += (1 - kept) * share;
  }
  return law;
}

/// The same of the rules, from a parent of height `from` down to height `to`.
std::map<Tuple, double> of_rules(const Grammar& grammar, int from, int to, std::size_t parent) {
  std::map<Tuple, double> law;
  const RuleSet& set = grammar.rules(from);
  for (auto r = set.first[parent]; r < set.first[parent + 1]; ++r) {
    const auto tuple = set.tuple(static_cast<int>(r));
    std::map<Tuple, double> all = {{{}, set.probability[r]}};
    for (const std::uint8_t child : tuple) {
      const auto below =
          from - 1 == to ? std::map<Tuple, double>{{{child}, 1.0}} : of_rules(grammar, from - 1, to, child);
      std::map<Tuple, double> longer;
      for (const auto& [left, p] : all)
        for (const auto& [right, q] : below) {
          Tuple both = left;
          both.insert(both.end(), right.begin(), right.end());
          longer[both] += p * q;
        }
      all = std::move(longer);
    }
    for (const auto& [leaves, p] : all) law[leaves] += p;
  }
  return law;
}

TEST_CASE("draws have the laws of their rules to the last bit of a word", "[grammar]") {
  const Grammar from_file = Grammar::from_text(
      "symbols 3; children 2; height 3; classes 2; level 3; 0 -> 0 1 : 0.3; 0 -> 1 2 : 0.7; 1 -> 2 0 : 1e-9;"
      "1 -> 2 1 : 0.999999999; level 2; 0 -> 0 0; 0 -> 1 0; 1 -> 1 1; 2 -> 2 2 : 0.999999; 2 -> 0 2 : 1e-6;"
      "level 1; 0 -> 0 0; 1 -> 1 1 : 0.25; 1 -> 1 2 : 0.75; 2 -> 2 2; 2 -> 0 2; 2 -> 2 1");
  int two_levels = 0, aliased = 0;
  for (const Grammar& grammar :
       {Grammar::random({4, 3, 2, 5, 4, 1}), Grammar::random({8, 5, 2, 4, 3, 2, 1.0, 1}),
        Grammar::random({8, 8, 2, 4, 8, 3, 0.5, 2}), Grammar::random({3, 7, 3, 2, 3, 4, 2.0, 1}),
        Grammar::random({2, 6, 5, 2, 2, 5}), from_file}) {
    const GrammarTables tables(grammar_cell(grammar));
    int height = 0;
    for (const Expansion& e : tables.expansions) {
      CHECK(e.to == height);
      height = e.from;
      two_levels += e.from - e.to == 2;
      aliased += e.draw.aliased;
      const int children = static_cast<int>(std::lround(std::pow(grammar.children(), e.from - e.to)));
      for (std::size_t a = 0; a < static_cast<std::size_t>(grammar.parents(e.from)); ++a) {
        const auto law = drawn(e.draw, a, children), rules = of_rules(grammar, e.from, e.to, a);
        for (const auto& [tuple, weight] : law) {
          const auto rule = rules.find(tuple);
          REQUIRE(rule != rules.end());
          CHECK(rule->second > 0);
        }
        for (const auto& [tuple, p] : rules) {
          const auto found = law.find(tuple);
          // A tuple has its own column and what it lends to others, each right to half a unit in 2^32.
          CHECK(std::abs((found == law.end() ? 0 : found->second) - p * 0x1p32) <=
                (e.draw.aliased ? e.draw.columns : 1));
        }
      }
    }
    CHECK(height == grammar.height());
  }
  CHECK(two_levels >= 6);
  CHECK(aliased >= 4);
}

}  // namespace
}  // namespace leafcast::grammar_tables_test
