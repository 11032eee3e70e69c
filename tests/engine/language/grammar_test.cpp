#include "engine/language/grammar.h"

#include <catch2/catch.hpp>
#include <set>

#include "engine/cell/cell.h"
#include "engine/error.h"
#include "engine/language/grammar_laws.h"
#include "tests/reference/grammar.h"

namespace grammar_test {

using namespace leafcast;
using Catch::Contains;

namespace {

std::string refusal(const std::string& text) {
  try {
    (void)Grammar::from_text(text);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

constexpr const char* kSmall =
    "symbols 2; children 2; height 2\n"
    "level 2\n0 -> 0 1 : 0.25\n0 -> 1 1 : 0.75  # skewed\n1 -> 1 0\n"
    "level 1\n0 -> 0 0\n1 -> 1 0\n1 -> 0 1\n";

}  // namespace

TEST_CASE("a random grammar has m distinct tuples for every symbol of every level") {
  const Grammar grammar = Grammar::random({16, 5, 3, 4, 7, 3});
  CHECK(grammar.classes() == 7);
  for (int j = 1; j <= 4; ++j) {
    const RuleSet& set = grammar.rules(j);
    REQUIRE(set.parents() == (j == 4 ? 7 : 16));
    std::set<std::vector<std::uint8_t>> seen;
    for (int r = 0; r < set.rules(); ++r) {
      const auto tuple = set.tuple(r);
      seen.emplace(tuple.begin(), tuple.end());
      for (const int symbol : tuple) CHECK(symbol < 16);
      CHECK(set.probability[static_cast<std::size_t>(r)] == 1.0 / 5);
    }
    CHECK(seen.size() == static_cast<std::size_t>(5 * set.parents()));
    CHECK(set.is_uniform());
  }
}

TEST_CASE("a grammar is its seed's, and grammars of other heights share its lower levels") {
  const Grammar grammar = Grammar::random({8, 3, 2, 3, 8, 5}), again = Grammar::random({8, 3, 2, 3, 8, 5}),
                other = Grammar::random({8, 3, 2, 3, 8, 6}), taller = Grammar::random({8, 3, 2, 5, 8, 5});
  CHECK(grammar.text() == again.text());
  CHECK(grammar.text() != other.text());
  for (int j = 1; j <= 3; ++j) CHECK(grammar.rules(j).symbols == taller.rules(j).symbols);
  CHECK(grammar.rules(1).symbols != grammar.rules(2).symbols);
  // What the seed gives is the same on every machine and in every version.
  CHECK(grammar.text().substr(0, 66) ==
        "symbols 8\nchildren 2\nheight 3\nlevel 3\n0 -> 5 6\n0 -> 1 6\n0 -> 1 4\n1");
}

TEST_CASE("tuples are drawn uniformly: all groups of a small level are equally likely") {
  // v = 2, s = 2, m = 1: 12 ordered pairs of distinct tuples.
  std::map<std::vector<std::uint8_t>, int> counts;
  constexpr int kGrammars = 12000;
  for (std::uint64_t seed = 0; seed < kGrammars; ++seed)
    ++counts[Grammar::random({2, 1, 2, 1, 2, seed}).rules(1).symbols];
  REQUIRE(counts.size() == 12);
  double chi2 = 0;
  for (const auto& [tuples, count] : counts) chi2 += (count - 1000.0) * (count - 1000.0) / 1000.0;
  CHECK(chi2 < 45);  // 11 degrees of freedom: p = 5e-6
}

TEST_CASE("Zipf's rules fall off by rank at their level, with the same ranks for every symbol") {
  const Grammar grammar = Grammar::random({8, 4, 2, 3, 8, 1, 0.5, 2});
  CHECK(grammar.rules(1).is_uniform());
  CHECK(grammar.rules(3).is_uniform());
  const RuleSet& set = grammar.rules(2);
  for (int r = 0; r < set.rules(); ++r)
    CHECK(set.probability[static_cast<std::size_t>(r)] /
              set.probability[static_cast<std::size_t>(r / 4 * 4)] ==
          Approx(std::pow(1 + r % 4, -1.5)).epsilon(1e-14));
  CHECK(set.probability[0] + set.probability[1] + set.probability[2] + set.probability[3] ==
        Approx(1).epsilon(1e-15));
}

TEST_CASE("a grammar is read as it was written") {
  for (const Grammar& grammar : {Grammar::random({8, 3, 2, 3, 5, 5}),
                                 Grammar::random({4, 3, 3, 2, 4, 5, 1.3, 1}), Grammar::from_text(kSmall)}) {
    const Grammar again = Grammar::from_text(grammar.text()), line = Grammar::from_text(grammar.line());
    CHECK(again.text() == grammar.text());
    CHECK(line.text() == grammar.text());
    for (int j = 1; j <= grammar.height(); ++j)
      CHECK(again.rules(j).probability == grammar.rules(j).probability);
  }
  const Grammar small = Grammar::from_text(kSmall);
  CHECK(small.rules(2).probability == std::vector<double>{0.25, 0.75, 1});
  CHECK(small.rules(1).first == std::vector<std::uint32_t>{0, 1, 3});
}

TEST_CASE("what is no unambiguous grammar is refused with its place") {
  const std::string shape = "symbols 2; children 2; height 1\n";
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 1\n1 -> 1 1\n1 -> 0 1\n"),
             Contains("line 5") && Contains("ambiguous") &&
                 Contains("tuple (0, 1) is written by 1 and, on line 3, by 0"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 1\n0 -> 1 1\n"),
             Contains("incomplete: symbol 1 has no rule at level 1"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 1 : 0.5\n0 -> 1 1 : 0.4\n1 -> 1 0\n"), Contains("sum to 0.9"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 1 : 0.5\n0 -> 1 1\n1 -> 1 0\n"),
             Contains("all of them or none"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 1 : 0\n1 -> 1 0\n"), Contains("line 3") && Contains("above 0"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0 2\n1 -> 1 0\n"), Contains("\"2\" is no symbol"));
  CHECK_THAT(refusal(shape + "level 1\n0 -> 0\n1 -> 1 0\n"), Contains("writes 2 symbols, this one 1"));
  CHECK_THAT(refusal(shape + "level 2\n"), Contains("1 to 1"));
  CHECK_THAT(refusal(shape + "0 -> 0 1\n"), Contains("write \"level J\" first"));
  CHECK_THAT(refusal(shape + "root 0.5 0.6\n"), Contains("sum to 1.1"));
  CHECK_THAT(refusal(shape + "root 1\n"), Contains("2 symbols and 1 probabilities"));
  CHECK_THAT(refusal("level 1\n"), Contains("say symbols, children and height first"));
  CHECK_THAT(refusal("symbols 1\n"), Contains("from 2 to 256"));
  CHECK_THAT(refusal("symbols 2\nsymbols 2\n"), Contains("said twice"));
  CHECK_THAT(refusal("hello"), Contains("no keyword"));
  CHECK_THAT(refusal(""), Contains("it is no grammar"));
  CHECK_THROWS_WITH(Grammar::random({4, 5, 2, 2, 4, 1}), Contains("the most is m = 4"));
}

TEST_CASE("a cell names its grammar, or refuses it") {
  const auto make = [](const Parameters& more) {
    Parameters all = {{"language.kind", "rhm"},
                      {"language.v", "8"},
                      {"language.m", "3"},
                      {"language.s", "2"},
                      {"language.L", "3"}};
    for (const auto& [key, value] : more) all[key] = value;
    return Cell::make(all);
  };
  const auto why = [&](const Parameters& more) {
    try {
      make(more);
    } catch (const CellError& e) {
      return e.key + ": " + e.reason;
    }
    return std::string();
  };
  const Cell cell = make({});
  CHECK(cell.label() == "rhm v=8 m=3 s=2 L=3 grammar 1 · true");
  CHECK((cell.language().leaves() == 8 && cell.language().symbols() == 8 && cell.language().constrained));
  CHECK(cell.parameters().at("language.classes") == "8");
  CHECK(&cell.language().grammar() == &make({{"seed", "2"}}).language().grammar());
  CHECK(cell.id() != make({{"language.grammar-seed", "2"}}).id());
  CHECK_THAT(why({{"language.m", "9"}}), Contains("language.m") && Contains("m = 8"));
  CHECK_THAT(why({{"language.classes", "40"}}), Contains("language.m") && Contains("m = 1"));
  CHECK_THAT(why({{"language.zipf-level", "1"}}), Contains("rules = zipf"));
  CHECK_THAT(why({{"language.rules", "zipf"}}), Contains("language.zipf-exponent"));
  CHECK_THAT(why({{"language.rules", "zipf"}, {"language.zipf-exponent", "1"}, {"language.zipf-level", "4"}}),
             Contains("language.zipf-level") && Contains("L = 3"));
  CHECK_THAT(why({{"language.d", "2"}}), Contains("a grammar is given by"));
  CHECK_THAT(why({{"language.L", "62"}}), Contains("2^62"));
  CHECK_THAT(why({{"generator.method", "collapsed"}}), Contains("siblings of a grammar"));
  CHECK_THAT(why({{"generator.kind", "reasoning"}, {"generator.encoding", "segment"}}), Contains("stack"));
  CHECK_THAT(
      why({{"generator.kind", "block"}, {"generator.context-depth", "0"}, {"generator.method", "splitting"}}),
      Contains("coloring"));
  // A grammar that is written out.
  Parameters written = {{"language.kind", "rhm"}, {"language.grammar", kSmall}};
  const Cell read = Cell::make(written);
  CHECK(read.label() == "rhm v=2 s=2 L=2 from a file · true");
  CHECK(Cell::make(read.parameters()).id() == read.id());
  written["language.m"] = "2";
  CHECK_THROWS_AS(Cell::make(written), CellError);
}

TEST_CASE("laws of nodes by transfer matrices are those of the enumeration") {
  for (const Grammar& grammar :
       {Grammar::random({3, 2, 2, 3, 2, 5}), Grammar::random({3, 4, 3, 2, 3, 5, 0.8, 1})}) {
    const GrammarLaws laws(grammar);
    const int v = grammar.symbols(), s = grammar.children(), top = grammar.height();
    for (int j = 0; j < top; ++j) {
      const reference::Law law = reference::true_law_of_nodes(grammar, j);
      const int nodes = static_cast<int>(std::lround(std::pow(s, top - j)));
      std::vector<Eigen::VectorXd> marginals(static_cast<std::size_t>(nodes), Eigen::VectorXd::Zero(v));
      Eigen::MatrixXd ends = Eigen::MatrixXd::Zero(v, v);  // joint law of the first two
      for (std::size_t index = 0; index < law.size(); ++index) {
        const std::vector<int> symbols = reference::sentence_symbols(v, nodes, index);
        for (int i = 0; i < nodes; ++i)
          marginals[static_cast<std::size_t>(i)][symbols[static_cast<std::size_t>(i)]] += law[index];
        ends(symbols[0], symbols[1]) += law[index];
      }
      Eigen::VectorXd mean = Eigen::VectorXd::Zero(v);
      for (int i = 0; i < nodes; ++i) {
        CHECK((laws.law(j, i) - marginals[static_cast<std::size_t>(i)]).norm() < 1e-12);
        mean += marginals[static_cast<std::size_t>(i)] / nodes;
      }
      CHECK((grammar.mean_law(j) - mean).norm() < 1e-12);
      CHECK((laws.siblings(j + 1, laws.law(j + 1, 0), 0, 1) - ends).norm() < 1e-12);
      const Eigen::MatrixXd descent = laws.descent(top, j, nodes - 1);
      CHECK((descent.transpose() * grammar.root() - marginals.back()).norm() < 1e-12);
    }
  }
}

}  // namespace grammar_test
