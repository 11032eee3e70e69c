// Samplers of grammars against enumeration: engine/kernels/lanes/derivation_sampler.h, grammar_kgram.h and parse.h.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "engine/kernels/chunk_runner.h"
#include "engine/observe/memory.h"
#include "engine/observe/validity.h"
#include "engine/sequences/sentence_tally.h"
#include "tests/reference/grammar.h"
#include "tests/support/tallies.h"

namespace grammar_sampling_test {

using namespace leafcast;

namespace {

constexpr std::uint64_t kSamples = 100'000;
constexpr double kAlarm = 5.7e-7;

struct SmallGrammar {
  std::string name;
  Parameters parameters;
};

/// Enumerable grammars: both parities of m, Zipf's rules, few classes, a root's law and rules of unequal
/// number.
const std::vector<SmallGrammar>& small_grammars() {
  const auto rhm = [](int v, int m, int s, int levels, Parameters more = {}) {
    Parameters all = {{"language.kind", "rhm"},
                      {"language.v", std::to_string(v)},
                      {"language.m", std::to_string(m)},
                      {"language.s", std::to_string(s)},
                      {"language.L", std::to_string(levels)}};
    all.merge(more);
    return all;
  };
  static const std::vector<SmallGrammar> all = {
      {"binary, m = 1", rhm(2, 1, 2, 3)},
      {"v = 3, m = 2", rhm(3, 2, 2, 3, {{"language.grammar-seed", "4"}})},
      {"v = 3, m = 3: all tuples", rhm(3, 3, 2, 3)},
      {"two classes", rhm(3, 2, 2, 3, {{"language.classes", "2"}, {"language.grammar-seed", "9"}})},
      {"triples", rhm(3, 4, 3, 2)},
      {"Zipf below",
       rhm(3, 3, 2, 3,
           {{"language.rules", "zipf"}, {"language.zipf-exponent", "1"}, {"language.zipf-level", "1"}})},
      {"Zipf above",
       rhm(3, 5, 3, 2,
           {{"language.rules", "zipf"}, {"language.zipf-exponent", "0.5"}, {"language.zipf-level", "2"}})},
      {"quintuples", rhm(2, 7, 5, 1)},
      {"written out",
       {{"language.kind", "rhm"},
        {"language.grammar",
         "symbols 3;children 2;height 3;classes 2;root 0.3 0.7;level 3;0 -> 0 1 : 0.2;0 -> 2 2 : 0.8;1 -> 1 "
         "1;level 2;"
         "0 -> 0 0;0 -> 1 2;0 -> 2 2;1 -> 1 0;2 -> 0 2 : 0.9;2 -> 1 1 : 0.1;level 1;0 -> 2 1;1 -> 0 0 : "
         "0.125;1 -> 0 1 : "
         "0.875;2 -> 1 1;2 -> 2 0"}}}};
  return all;
}

Cell cell_of(const SmallGrammar& grammar, const Parameters& generator, std::uint64_t samples = kSamples) {
  Parameters all = grammar.parameters;
  for (const auto& [key, value] : generator) all[key] = value;
  all["sampling.samples"] = std::to_string(samples);
  all["seed"] = "7";
  return Cell::make(all);
}

std::vector<std::uint64_t> count_sentences(const Cell& cell) {
  const int v = cell.language().symbols();
  const auto n = static_cast<std::size_t>(cell.language().leaves());
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(std::llround(std::pow(v, n))));
  const std::vector<std::uint8_t> symbols = ChunkRunner(cell).sentences(0, kSamples);
  for (std::size_t at = 0; at < symbols.size(); at += n)
    ++counts[reference::sentence_index(v, {symbols.begin() + static_cast<std::ptrdiff_t>(at),
                                           symbols.begin() + static_cast<std::ptrdiff_t>(at + n)})];
  return counts;
}

void check_law(const SmallGrammar& grammar, const Parameters& generator, const reference::Law& law) {
  std::string text = grammar.name;
  for (const auto& [key, value] : generator) text += " " + key + "=" + value;
  INFO(text);
  CHECK(reference::chi_square_p_value(law, count_sentences(cell_of(grammar, generator))) > kAlarm);
}

}  // namespace

TEST_CASE(
    "a grammar's sentences, and those of its stack of pending symbols, have the law of their enumeration") {
  for (const SmallGrammar& grammar : small_grammars()) {
    const reference::Law law = reference::true_law(cell_of(grammar, {}).language().grammar());
    check_law(grammar, {{"generator.kind", "true"}}, law);
    check_law(grammar, {{"generator.kind", "reasoning"}}, law);
  }
}

TEST_CASE("the sentences of another grammar are told apart") {
  SmallGrammar grammar = small_grammars()[1];
  const reference::Law law = reference::true_law(cell_of(grammar, {}).language().grammar());
  grammar.parameters["language.grammar-seed"] = "5";
  CHECK(reference::chi_square_p_value(law, count_sentences(cell_of(grammar, {}))) < 1e-12);
  // Probabilities, not only tuples.
  SmallGrammar zipf = small_grammars()[5];
  const reference::Law uniform = reference::true_law(cell_of(small_grammars()[2], {}).language().grammar());
  CHECK(reference::chi_square_p_value(uniform, count_sentences(cell_of(zipf, {}))) < 1e-12);
}

TEST_CASE("k-grams of grammars have the law of their enumeration, for every context") {
  for (const SmallGrammar& grammar : small_grammars()) {
    const Language language = cell_of(grammar, {}).language();
    const reference::Law truth = reference::true_law(language.grammar());
    const int n = static_cast<int>(language.leaves());
    for (int k = 0; k < n; ++k)
      check_law(grammar, {{"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}},
                reference::kgram_law(truth, language.symbols(), language.d, n, k, ContextUnit::leaves));
    for (int k = 1; k <= n; k += 3)
      check_law(grammar,
                {{"generator.kind", "kgram"},
                 {"generator.context", std::to_string(k)},
                 {"generator.context-unit", "tokens"}},
                reference::kgram_law(truth, language.symbols(), language.d, n, k, ContextUnit::tokens));
  }
}

TEST_CASE("a k-gram of another context is told apart") {
  const SmallGrammar& grammar = small_grammars()[1];
  const Language language = cell_of(grammar, {}).language();
  const reference::Law truth = reference::true_law(language.grammar());
  const auto counts =
      count_sentences(cell_of(grammar, {{"generator.kind", "kgram"}, {"generator.context", "3"}}));
  CHECK(reference::chi_square_p_value(reference::kgram_law(truth, 3, 2, 8, 2, ContextUnit::leaves), counts) <
        1e-12);
  CHECK(reference::chi_square_p_value(reference::kgram_law(truth, 3, 2, 8, 4, ContextUnit::leaves), counts) <
        1e-12);
}

TEST_CASE("a k-gram's conditional laws are right to 1e-6 at every leaf") {
  for (const SmallGrammar& grammar : small_grammars()) {
    const Language language = cell_of(grammar, {}).language();
    const int v = language.symbols(), n = static_cast<int>(language.leaves());
    const reference::Law truth = reference::true_law(language.grammar());
    for (const int k : {1, 2, 3, n / 2, n - 1}) {
      const ChunkRunner runner(
          cell_of(grammar, {{"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}}, 64));
      const std::vector<std::uint8_t> sentence = runner.sentences(0, 1);
      const Eigen::MatrixXd laws = runner.conditional_laws(sentence);
      for (int i = 0; i < n; ++i) {
        const int start = std::max(0, i - k);
        Eigen::VectorXd law = Eigen::VectorXd::Zero(v);
        for (std::size_t index = 0; index < truth.size(); ++index) {
          if (truth[index] == 0) continue;
          const std::vector<int> symbols = reference::sentence_symbols(v, n, index);
          if (std::equal(symbols.begin() + start, symbols.begin() + i, sentence.begin() + start))
            law[symbols[static_cast<std::size_t>(i)]] += truth[index];
        }
        CHECK((laws.row(i).transpose() - law / law.sum()).cwiseAbs().maxCoeff() < 1e-6);
      }
    }
  }
}

TEST_CASE("block writers of grammars have the law of their enumeration, whatever they remember") {
  for (const SmallGrammar& grammar : small_grammars()) {
    const Language language = cell_of(grammar, {}).language();
    for (int w = 0; w < language.height; ++w)
      for (const auto& [name, lca] :
           {std::pair{"sampled", LcaLaw::sampled}, std::pair{"sampled-reset", LcaLaw::sampled_reset},
            std::pair{"fixed", LcaLaw::fixed}}) {
        const reference::Law law = reference::block_law(language.grammar(), w, lca);
        for (const char* memory : {"leaves", "root"})
          check_law(grammar,
                    {{"generator.kind", "block"},
                     {"generator.context-depth", std::to_string(w)},
                     {"generator.memory", memory},
                     {"generator.lca", name}},
                    law);
        if (lca == LcaLaw::sampled)
          check_law(grammar, {{"generator.kind", "reasoning"}, {"generator.memory-depth", std::to_string(w)}},
                    law);
      }
  }
}

TEST_CASE("grammaticality by level is that of the enumeration") {
  for (const SmallGrammar& grammar : small_grammars()) {
    INFO(grammar.name);
    const Cell cell = cell_of(grammar, {{"generator.kind", "kgram"}, {"generator.context", "1"}}, 3200);
    const Language& language = cell.language();
    const int v = language.symbols();
    const auto tally = ChunkRunner(cell).run(0, 3200, [] { return true; });
    const std::vector<std::uint8_t> sentences = ChunkRunner(cell).sentences(0, 3200);
    std::vector<std::uint64_t> valid(static_cast<std::size_t>(language.height) + 1), lowest(valid.size());
    for (std::size_t at = 0; at < sentences.size(); at += static_cast<std::size_t>(language.leaves())) {
      std::size_t first = valid.size();
      for (int j = language.height; j >= 0; --j) {
        const std::vector<bool> can_be = reference::grammatical(language.grammar(), j);
        const auto size = static_cast<std::size_t>(std::llround(std::pow(language.d, j)));
        for (std::size_t node = 0; node < static_cast<std::size_t>(language.leaves()); node += size) {
          const auto begin = sentences.begin() + static_cast<std::ptrdiff_t>(at + node);
          const bool good =
              can_be[reference::sentence_index(v, {begin, begin + static_cast<std::ptrdiff_t>(size)})];
          valid[static_cast<std::size_t>(j)] += good;
          if (!good) first = static_cast<std::size_t>(j);
        }
      }
      if (first < lowest.size()) ++lowest[first];
      if (at > 40 * static_cast<std::size_t>(language.leaves())) break;  // the enumeration is slow
    }
    // The same sentences by a run of as many.
    const auto few = ChunkRunner(cell).run(0, 42, [] { return true; });
    CHECK(test::counts_of(*few, fields::valid) == valid);
    CHECK(test::counts_of(*few, fields::first_inconsistency) == lowest);
    CHECK(tally->count(fields::valid, 0) == 3200u * static_cast<std::uint64_t>(language.leaves()));
  }
}

TEST_CASE("sums of leaves that come many at once are those of the sentences, and of leaves one by one") {
  const auto go_on = [] { return true; };
  const auto sums_of = [](const Cell& cell, const std::vector<std::uint8_t>& sentences) {
    SentenceTally tally_of(cell);
    Tally tally(cell);
    const auto n = static_cast<std::size_t>(cell.language().leaves());
    for (std::size_t at = 0; at < sentences.size(); at += n)
      tally_of.add(std::span(sentences).subspan(at, n), tally);
    return tally;
  };
  struct Shape {
    int v, m, s, levels;
    const char* rules;
  };
  // One and two levels a draw, odd heights, tuples of one word to three with and without room to spare,
  // tables too large for two levels, sentences above and below what counts of a byte hold.
  for (const Shape& shape :
       {Shape{4, 2, 2, 1, "uniform"}, Shape{4, 2, 2, 4, "uniform"}, Shape{4, 3, 2, 5, "zipf"},
        Shape{8, 3, 2, 11, "uniform"}, Shape{64, 16, 2, 3, "uniform"}, Shape{3, 4, 3, 4, "zipf"},
        Shape{4, 5, 4, 3, "uniform"}, Shape{2, 6, 5, 3, "uniform"}, Shape{2, 9, 9, 2, "zipf"}})
    for (const char* subtrees : {"on", "off"})
      for (const int symbol : {0, shape.v - 1})
        for (const Parameters& generator :
             {Parameters{{"generator.kind", "true"}}, Parameters{{"generator.kind", "reasoning"}},
              Parameters{{"generator.kind", "block"}, {"generator.context-depth", "0"}},
              Parameters{{"generator.kind", "block"}, {"generator.context-depth", "1"}}}) {
          Parameters all = {{"language.kind", "rhm"},
                            {"language.v", std::to_string(shape.v)},
                            {"language.m", std::to_string(shape.m)},
                            {"language.s", std::to_string(shape.s)},
                            {"language.L", std::to_string(shape.levels)},
                            {"language.rules", shape.rules},
                            {"observe.subtrees", subtrees},
                            {"observe.symbol", std::to_string(symbol)},
                            {"observe.validity", "off"},
                            {"observe.correlation", "off"}};
          all.insert(generator.begin(), generator.end());
          if (shape.rules == std::string("zipf")) all["language.zipf-exponent"] = "1";
          const Cell cell = Cell::make(all);
          INFO(cell.label() << ", subtrees " << subtrees << ", symbol " << symbol);
          const ChunkRunner runner(cell);
          const std::vector<std::uint8_t> sentences = runner.sentences(2, 77);
          Tally told = runner.run(2, 77, go_on).value(), right = sums_of(cell, sentences);
          if (told.has(fields::memory_bits)) told.counts(fields::memory_bits)[0] = 0;
          CHECK(told == right);
          if (generator.at("generator.kind") == "true")
            CHECK(runner.write(2, 0, 77, true).leaves == sentences);
          // The wrong twin: one leaf of another symbol.
          std::vector<std::uint8_t> other = sentences;
          other.back() = static_cast<std::uint8_t>(other.back() == symbol ? (symbol + 1) % shape.v : symbol);
          CHECK_FALSE(told == sums_of(cell, other));
        }
}

TEST_CASE("true sentences of large grammars are grammatical, on every instruction set alike") {
  const std::vector<std::pair<std::string, Parameters>> cells = {
      {"v = 256", {{"language.v", "256"}, {"language.m", "200"}, {"language.s", "2"}, {"language.L", "4"}}},
      {"v = 32", {{"language.v", "32"}, {"language.m", "11"}, {"language.s", "2"}, {"language.L", "5"}}},
      {"Zipf",
       {{"language.v", "20"},
        {"language.m", "77"},
        {"language.s", "3"},
        {"language.L", "3"},
        {"language.rules", "zipf"},
        {"language.zipf-exponent", "0.7"},
        {"language.zipf-level", "2"}}}};
  for (const auto& [name, parameters] : cells)
    for (const Parameters& generator :
         {Parameters{{"generator.kind", "true"}},
          Parameters{{"generator.kind", "true"}, {"observe.entropy", "on"}},
          Parameters{{"generator.kind", "kgram"}, {"generator.context", "7"}, {"observe.entropy", "on"}},
          Parameters{{"generator.kind", "block"}, {"generator.context-depth", "1"}}}) {
      INFO(name << " " << generator.at("generator.kind"));
      Parameters all = parameters;
      all["language.kind"] = "rhm";
      for (const auto& [key, value] : generator) all[key] = value;
      all["sampling.samples"] = "1000";
      const Cell cell = Cell::make(all);
      std::optional<Tally> first;
      for (const std::string& target : instruction_sets()) {
        use_instruction_set(target);
        const auto tally = ChunkRunner(cell).run(3, 100, [] { return true; });
        if (!first) first = tally;
        CHECK(*tally == *first);
      }
      use_instruction_set("");
      if (cell.generator_name() == "true")
        for (int j = 1; j <= cell.language().height; ++j)
          CHECK(first->count(fields::valid, j) ==
                100u * static_cast<std::uint64_t>(
                           std::llround(std::pow(cell.language().d, cell.language().height - j))));
      else
        CHECK(first->count(fields::valid, cell.language().height) < 100);
    }
}

}  // namespace grammar_sampling_test
