#include "engine/sequences/vocabulary.h"

#include <catch2/catch.hpp>

namespace vocabulary_test {

using namespace leafcast;
using Kind = Vocabulary::Kind;

TEST_CASE("tokens have the numbers of the authors' simulator") {
  const Vocabulary punctuated(StreamKind::punctuated, 2, 3, 4);
  CHECK(punctuated.number({Kind::begin, 0}) == 0);
  CHECK(punctuated.mark(1) == 3);
  CHECK(punctuated.mark(3) == 7);
  CHECK(punctuated.symbol(0) == 2);
  CHECK(punctuated.symbol(1) == 4);
  const Vocabulary segment(StreamKind::segment, 2, 3, 4);
  CHECK(segment.mark(1) == 8);
  CHECK(segment.symbol(1) == 9);
  CHECK(segment.number({Kind::memory_mark, 3}) == 18);
  CHECK(segment.number({Kind::memory_symbol, 1}) == 11);
  const Vocabulary path(StreamKind::path, 3, 4, 6);
  CHECK(path.mark(1) == 9);
  CHECK(path.symbol(2) == 15);
  CHECK(path.number({Kind::memory_symbol, 2}) == 17);
  CHECK(path.number({Kind::sibling, 4}) == 28);
}

TEST_CASE("every token has a number of its own, and what is none is told") {
  for (const StreamKind stream :
       {StreamKind::leaves, StreamKind::punctuated, StreamKind::segment, StreamKind::path}) {
    CHECK(stream_of_name(stream_name(stream)) == stream);
    for (const int q : {2, 3, 7}) {
      const Vocabulary vocabulary(stream, q, 3, 4);
      int known = 0, symbols = 0;
      for (int number = -3; number < vocabulary.size() + 20; ++number) {
        const auto token = vocabulary.token(number);
        if (!token) continue;
        ++known;
        symbols += token->kind == Kind::symbol;
        CHECK(vocabulary.number(*token) == number);
        CHECK_FALSE(Vocabulary::text(*token).empty());
      }
      CHECK(symbols == q);
      CHECK(vocabulary.token(vocabulary.size() - 1).has_value());
      const int marks = 3, memory_marks = 4, siblings = 4;
      CHECK(known == (stream == StreamKind::leaves       ? q
                      : stream == StreamKind::punctuated ? 1 + q + marks
                      : stream == StreamKind::segment    ? 4 + 2 * q + marks + memory_marks
                                                         : 4 + 2 * q + marks + memory_marks + siblings));
    }
  }
}

TEST_CASE("a sentence has d^h + d^(h-1) - 1 tokens") {
  CHECK(sentence_tokens(3, 2) == 11);
  CHECK(sentence_tokens(2, 3) == 11);
  CHECK(sentence_tokens(3, 1) == 3);
  CHECK(sentence_tokens(3, 0) == 1);
}

}  // namespace vocabulary_test
