#include "engine/sequences/sentence_tally.h"

#include <catch2/catch.hpp>

#include "engine/kernels/chunk_runner.h"
#include "engine/sequences/token_parser.h"

namespace sentence_tally_test {

using namespace leafcast;

namespace {

const auto kGo = [] { return true; };

Tally of_sentences(const Cell& cell, const std::vector<std::uint8_t>& sentences) {
  SentenceTally tally_of(cell);
  Tally tally(cell);
  const auto n = static_cast<std::size_t>(cell.language().leaves());
  for (std::size_t at = 0; at < sentences.size(); at += n)
    tally_of.add(std::span(sentences).subspan(at, n), tally);
  return tally;
}

}  // namespace

TEST_CASE("given sentences have the tally of those who wrote them") {
  const Parameters kgram = {{"generator.kind", "kgram"}, {"generator.context", "4"}};
  for (Parameters parameters : {Parameters{{"language.kind", "ising"},
                                           {"language.d", "3"},
                                           {"language.height", "5"},
                                           {"language.rho", "0.9"}},
                                Parameters{{"language.kind", "coloring"},
                                           {"language.d", "4"},
                                           {"language.height", "4"},
                                           {"language.q", "3"}},
                                Parameters{{"language.kind", "coloring"},
                                           {"language.d", "2"},
                                           {"language.height", "7"},
                                           {"language.q", "3"},
                                           {"observe.symbol", "2"}},
                                Parameters{{"language.kind", "potts"},
                                           {"language.d", "5"},
                                           {"language.height", "3"},
                                           {"language.q", "7"},
                                           {"language.lambda", "0.5"},
                                           {"observe.subtrees", "off"},
                                           {"observe.histogram", "off"}}}) {
    parameters.insert(kgram.begin(), kgram.end());
    const Cell cell = Cell::make(parameters);
    INFO(cell.label());
    const ChunkRunner runner(cell);
    CHECK(of_sentences(cell, runner.sentences(2, 300)) == runner.run(2, 300, kGo).value());
  }
}

TEST_CASE("given streams have the tally of those who wrote them") {
  const Cell cell = Cell::make({{"language.kind", "ising"},
                                {"language.d", "2"},
                                {"language.height", "4"},
                                {"language.rho", "0.9"},
                                {"generator.kind", "kgram"},
                                {"generator.context", "5"},
                                {"generator.context-unit", "tokens"},
                                {"generator.structure", "sampled"}});
  const ChunkRunner runner(cell);
  const std::vector<std::uint8_t> tokens = runner.sentences(1, 500);
  const auto length = static_cast<std::size_t>(sentence_tokens(2, 4));
  const TokenParser parser(StreamKind::punctuated, cell.language());
  const SentenceTally tally_of(cell);
  Tally tally(cell);
  for (std::size_t at = 0; at < tokens.size(); at += length) {
    std::vector<std::int32_t> sequence = {0};
    sequence.insert(sequence.end(), tokens.begin() + static_cast<std::ptrdiff_t>(at),
                    tokens.begin() + static_cast<std::ptrdiff_t>(at + length));
    const ParsedSequence parsed = parser.parse(sequence);
    tally_of.add_stream(parsed.counts, !parsed.fault, tally);
  }
  CHECK(tally == runner.run(1, 500, kGo).value());
}

TEST_CASE("the lowest inconsistency has its height") {
  const Cell cell = Cell::make(
      {{"language.kind", "coloring"}, {"language.d", "3"}, {"language.height", "2"}, {"language.q", "3"}});
  SentenceTally tally_of(cell);
  Tally tally(cell);
  tally_of.add(std::vector<std::uint8_t>{0, 1, 2, 0, 0, 0, 0, 0, 0}, tally);  // three colors below one node
  CHECK(tally_of.lowest_inconsistency() == 1);
  tally_of.add(std::vector<std::uint8_t>{0, 1, 1, 1, 2, 2, 0, 2, 2}, tally);  // parents 2, 0, 1
  CHECK(tally_of.lowest_inconsistency() == 2);
  tally_of.add(std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0}, tally);
  CHECK(tally_of.lowest_inconsistency() == 0);
}

}  // namespace sentence_tally_test
