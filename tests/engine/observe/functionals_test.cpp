#include "engine/observe/functionals.h"

#include <catch2/catch.hpp>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/wide_int.h"
#include "tests/support/cells.h"

namespace functionals_test {

using namespace leafcast;
using test::with;

namespace {

constexpr std::uint64_t kSentences = 77;  // the last batch is partial
const auto kGo = [] { return true; };
const Parameters kWalls = {{"observe.domain-walls", "on"}};

struct Sums {
  WideInt sum = 0, squares = 0;
  bool operator==(const Sums&) const = default;
};

/// Σ F and Σ F² of sentences of n leaves, by the definition.
Sums walls(const std::vector<std::uint8_t>& leaves, std::size_t n) {
  Sums sums;
  for (std::size_t begin = 0; begin < leaves.size(); begin += n) {
    int count = 0;
    for (std::size_t i = begin + 1; i < begin + n; ++i) count += leaves[i - 1] != leaves[i];
    sums.sum += count;
    sums.squares += count * count;
  }
  return sums;
}

Sums tallied(const Cell& cell) {
  const Tally tally = ChunkRunner(cell).run(3, kSentences, kGo).value();
  const Functional& functional = functionals()[static_cast<std::size_t>(FunctionalName::domain_walls)];
  return {wide(tally, *functional.sum), wide(tally, *functional.squares)};
}

const Parameters kIsing = {
    {"language.kind", "ising"}, {"language.d", "3"}, {"language.height", "3"}, {"language.rho", "0.6"}};
const Parameters kColoring = {
    {"language.kind", "coloring"}, {"language.d", "5"}, {"language.height", "2"}, {"language.q", "40"}};
const Parameters kGrammar = {{"language.kind", "rhm"},
                             {"language.v", "5"},
                             {"language.m", "2"},
                             {"language.s", "2"},
                             {"language.L", "4"}};
const Parameters kKgram = {{"generator.kind", "kgram"}, {"generator.context", "4"}};

}  // namespace

TEST_CASE("domain walls of every writer are those of the sentences, on every instruction set") {
  for (const Parameters& language : {kIsing, kColoring, kGrammar})
    for (const Parameters& generator :
         {Parameters{{"generator.kind", "true"}}, kKgram, with(kKgram, {{"observe.entropy", "on"}}),
          Parameters{{"generator.kind", "block"}, {"generator.context-depth", "1"}},
          Parameters{{"generator.kind", "reasoning"}, {"generator.memory-depth", "1"}}})
      for (const char* samples : {"1000", "20000"}) {  // few, and as many as planes take
        const Cell cell =
            Cell::make(with(with(with(language, generator), kWalls), {{"sampling.samples", samples}}));
        INFO(cell.label());
        const auto leaves = static_cast<std::size_t>(cell.language().leaves());
        for (const std::string& set : instruction_sets()) {
          use_instruction_set(set);
          const std::vector<std::uint8_t> sentences = ChunkRunner(cell).sentences(3, kSentences);
          CHECK(tallied(cell) == walls(sentences, leaves));
          // The wrong twin: leaves in another order.
          std::vector<std::uint8_t> other = sentences;
          for (std::size_t i = 0; i < other.size(); i += leaves)
            std::swap(other[i + 1], other[i + leaves / 2]);
          CHECK_FALSE(tallied(cell) == walls(other, leaves));
        }
        use_instruction_set("");
      }
}

TEST_CASE("a writer of its own structure has domain walls between the leaves that it writes") {
  const Cell cell =
      Cell::make(with(with(with(kIsing, kKgram), kWalls),
                      {{"generator.context-unit", "tokens"}, {"generator.structure", "sampled"}}));
  const Sums sums = tallied(cell);
  CHECK(sums.sum > 0);
  CHECK(sums.squares * kSentences >= sums.sum * sums.sum);
}

TEST_CASE("an observer that is off changes no cell, and who writes no leaves refuses it") {
  const Cell plain = Cell::make(kIsing);
  CHECK(Cell::make(with(kIsing, {{"observe.domain-walls", "off"}})).parameters() == plain.parameters());
  const Cell watched = Cell::make(with(kIsing, kWalls));
  CHECK(watched.id() == plain.id());
  CHECK(Cell::from_parameters(watched.parameters()).parameters() == watched.parameters());
  CHECK_THROWS_AS(Cell::make(with(with(kIsing, kWalls), {{"generator.method", "collapsed"}})), CellError);
  CHECK_THROWS_AS(
      Cell::make(with(with(with(kColoring, kKgram), kWalls), {{"generator.method", "splitting"}})),
      CellError);
  CHECK_THROWS_AS(Cell::make(with(with(kGrammar, kWalls),
                                  {{"generator.kind", "counting"}, {"generator.training", "10"}})),
                  CellError);
}

}  // namespace functionals_test
