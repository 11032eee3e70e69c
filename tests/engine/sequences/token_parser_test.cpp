#include "engine/sequences/token_parser.h"

#include <catch2/catch.hpp>

#include "engine/kernels/chunk_runner.h"
#include "engine/sequences/token_stream.h"

namespace token_parser_test {

using namespace leafcast;
using Kind = Vocabulary::Kind;

namespace {

Cell ising(int d, int height) {
  return Cell::make({{"language.kind", "ising"},
                     {"language.d", std::to_string(d)},
                     {"language.height", std::to_string(height)},
                     {"language.rho", "0.8"}});
}

using Tokens = std::vector<std::int32_t>;

/// + + 1 − + 2 − − 1 − +, the sentence in the authors' README.
const Tokens kReadme = {0, 4, 4, 3, 2, 4, 5, 2, 2, 3, 2, 4};

std::pair<std::string, std::int64_t> fault_of(const Tokens& tokens, bool patch = false) {
  const TokenParser parser(StreamKind::punctuated, ising(2, 3).language());
  const ParsedSequence parsed = parser.parse(tokens, patch);
  return {parsed.fault ? fault_name(*parsed.fault) : "", parsed.place};
}

Tokens changed(std::size_t at, std::int32_t token) {
  Tokens tokens = kReadme;
  tokens[at] = token;
  return tokens;
}

using Verdict = std::pair<std::string, std::int64_t>;

}  // namespace

TEST_CASE("a well-formed sequence is its sentence, with or without its begin mark, and with the next one's") {
  const TokenParser parser(StreamKind::punctuated, ising(2, 3).language());
  Tokens more = kReadme;
  more.push_back(0);
  more.push_back(77);
  for (const Tokens& tokens : {kReadme, Tokens(kReadme.begin() + 1, kReadme.end()), more}) {
    const ParsedSequence parsed = parser.parse(tokens);
    CHECK_FALSE(parsed.fault.has_value());
    CHECK(parsed.leaves == std::vector<std::uint8_t>{1, 1, 0, 1, 0, 0, 0, 1});
    CHECK(parsed.counts == std::vector<std::int64_t>{4, 4});
  }
}

TEST_CASE("faults are told by kind and place") {
  CHECK(fault_of(changed(2, 99)) == Verdict{"unknown token", 1});
  CHECK(fault_of(changed(2, 1)) == Verdict{"unknown token", 1});
  CHECK(fault_of(changed(2, -7)) == Verdict{"unknown token", 1});
  CHECK(fault_of(changed(2, 3)) == Verdict{"mark for leaf", 1});
  CHECK(fault_of(changed(3, 2)) == Verdict{"leaf for mark", 2});
  CHECK(fault_of(changed(3, 5)) == Verdict{"wrong mark", 2});
  CHECK(fault_of(changed(4, 0)) == Verdict{"begin mark inside", 3});
  CHECK(fault_of(Tokens(kReadme.begin(), kReadme.end() - 2)) == Verdict{"too short", 9});
  CHECK(fault_of({}) == Verdict{"too short", 0});
  Tokens longer = kReadme;
  longer.push_back(2);
  CHECK(fault_of(longer) == Verdict{"too long", 11});
  const TokenParser leaves(StreamKind::leaves, ising(2, 2).language());
  CHECK(leaves.parse(Tokens{1, -1, 0, 1}).leaves == std::vector<std::uint8_t>{1, 0, 0, 1});
  CHECK(leaves.parse(Tokens{1, 2, 0, 1}).fault == Fault::unknown_token);
  CHECK(leaves.parse(Tokens{1, 0, 1}).fault == Fault::too_short);
  CHECK(leaves.parse(Tokens{1, 0, 1, 0, 1}).fault == Fault::too_long);
}

TEST_CASE("the sum is of the symbols among the first tokens, whatever is wrong") {
  const TokenParser parser(StreamKind::punctuated, ising(2, 3).language());
  Tokens tokens(20, 4);
  tokens[0] = 0;
  CHECK(parser.parse(tokens).counts == std::vector<std::int64_t>{0, 11});
  tokens[5] = 3;
  tokens[7] = 2;
  CHECK(parser.parse(tokens).counts == std::vector<std::int64_t>{1, 9});
}

TEST_CASE("patching forces the marks and nothing else") {
  CHECK(fault_of(changed(3, 2), true).first.empty());
  CHECK(fault_of(changed(3, 99), true).first.empty());
  CHECK(fault_of(changed(6, 3), true).first.empty());
  CHECK(fault_of(changed(2, 3), true) == Verdict{"mark for leaf", 1});
}

TEST_CASE("rows of every stream are read back, and memory states are skipped") {
  for (const auto& [d, height] : {std::pair{2, 4}, {3, 3}, {3, 1}}) {
    const Cell cell = ising(d, height);
    const auto n = static_cast<std::size_t>(cell.language().leaves());
    const WrittenSentences written = ChunkRunner(cell).write(0, 0, 20, true);
    for (const StreamKind kind :
         {StreamKind::leaves, StreamKind::punctuated, StreamKind::segment, StreamKind::path})
      for (const std::int64_t segment : {1, 3, 7, 1000}) {
        const TokenStream stream(kind, cell.language(), segment);
        const TokenParser parser(kind, cell.language());
        for (std::size_t i = 0; i < 20; ++i) {
          const auto sentence = std::span(written.leaves).subspan(i * n, n);
          const auto nodes = std::span(written.nodes).subspan(i * stream.nodes(), stream.nodes());
          std::vector<std::uint16_t> row(static_cast<std::size_t>(stream.row_tokens()));
          stream.write(sentence, nodes, row);
          const ParsedSequence parsed = parser.parse(Tokens(row.begin(), row.end()));
          INFO(stream_name(kind) << " " << segment);
          CHECK_FALSE(parsed.fault.has_value());
          CHECK(std::ranges::equal(parsed.leaves, sentence));
        }
      }
  }
}

}  // namespace token_parser_test
