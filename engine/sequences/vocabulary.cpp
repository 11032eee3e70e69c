#include "engine/sequences/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "engine/contract.h"
#include "engine/language/tree.h"

namespace leafcast {

namespace {

using Kind = Vocabulary::Kind;

constexpr std::array<const char*, 4> kStreamNames = {"leaves", "punctuated", "segment", "path"};

constexpr std::array kPlainSingles = {Kind::begin};
constexpr std::array kMemorySingles = {Kind::begin, Kind::memory_opens, Kind::memory_closes, Kind::padding};
constexpr std::array kLeafKinds = {Kind::symbol};
constexpr std::array kPunctuatedKinds = {Kind::mark, Kind::symbol};
constexpr std::array kSegmentKinds = {Kind::mark, Kind::symbol, Kind::memory_mark, Kind::memory_symbol};
constexpr std::array kPathKinds = {Kind::mark, Kind::symbol, Kind::memory_mark, Kind::memory_symbol,
                                   Kind::sibling};

/// Numbers: first the tokens without a value, then the kinds with values, interleaved.
struct Layout {
  std::span<const Kind> singles, kinds;
};
Layout layout(StreamKind stream) {
  switch (stream) {
    case StreamKind::leaves:
      return {{}, kLeafKinds};
    case StreamKind::punctuated:
      return {kPlainSingles, kPunctuatedKinds};
    case StreamKind::segment:
      return {kMemorySingles, kSegmentKinds};
    case StreamKind::path:
      return {kMemorySingles, kPathKinds};
  }
  break_contract("the vocabulary of a stream", "its kind is unknown", "use one of StreamKind");
}

template <class Range>
int place(const Range& range, Kind kind) {
  const auto found = std::ranges::find(range, kind);
  return found == range.end() ? -1 : static_cast<int>(found - range.begin());
}

}  // namespace

const char* stream_name(StreamKind stream) { return kStreamNames[static_cast<std::size_t>(stream)]; }

std::optional<StreamKind> stream_of_name(const std::string& name) {
  const auto found = std::ranges::find(kStreamNames, name);
  if (found == kStreamNames.end()) return std::nullopt;
  return static_cast<StreamKind>(found - kStreamNames.begin());
}

Vocabulary::Vocabulary(StreamKind stream, int q, int d, int height)
    : stream_(stream), q_(q), d_(d), height_(height) {}

int Vocabulary::size() const {
  int largest = -1;
  for (const Kind kind : layout(stream_).singles) largest = std::max(largest, number({kind, 0}));
  for (const Kind kind : layout(stream_).kinds) {
    const int last = kind == Kind::sibling                             ? d_
                     : kind == Kind::mark || kind == Kind::memory_mark ? height_ - 1
                                                                       : q_ - 1;
    if (last >= 0) largest = std::max(largest, number({kind, last}));
  }
  return largest + 1;
}

int Vocabulary::number(Token token) const {
  const auto [singles, kinds] = layout(stream_);
  if (const int single = place(singles, token.kind); single >= 0) return single;
  const int kind = place(kinds, token.kind);
  LEAFCAST_EXPECT(kind >= 0, "the number of " + text(token),
                  std::string("no token of a stream of ") + stream_name(stream_),
                  "choose the stream that has it");
  return static_cast<int>(singles.size()) + kind + token.value * static_cast<int>(kinds.size());
}

std::optional<Vocabulary::Token> Vocabulary::token(std::int64_t number) const {
  const auto [singles, kinds] = layout(stream_);
  if (number < 0 || number >= size()) return std::nullopt;
  if (number < static_cast<std::int64_t>(singles.size()))
    return Token{singles[static_cast<std::size_t>(number)], 0};
  const auto rest = static_cast<std::size_t>(number) - singles.size();
  const Token token{kinds[rest % kinds.size()], static_cast<int>(rest / kinds.size())};
  const bool exists = token.kind == Kind::sibling       ? token.value <= d_
                      : token.kind == Kind::mark        ? token.value >= 1 && token.value < height_
                      : token.kind == Kind::memory_mark ? token.value < height_
                                                        : token.value < q_;
  return exists ? std::optional(token) : std::nullopt;
}

std::string Vocabulary::text(Token token) {
  switch (token.kind) {
    case Kind::begin:
      return "begin";
    case Kind::memory_opens:
      return "memory opens";
    case Kind::memory_closes:
      return "memory closes";
    case Kind::padding:
      return "padding";
    case Kind::mark:
      return fmt::format("mark {}", token.value);
    case Kind::symbol:
      return fmt::format("symbol {}", token.value);
    case Kind::memory_mark:
      return fmt::format("memory mark {}", token.value);
    case Kind::memory_symbol:
      return fmt::format("memory symbol {}", token.value);
    case Kind::sibling:
      return fmt::format("sibling {}", token.value);
  }
  break_contract("the text of a token", "its kind is unknown", "use one of Kind");
}

std::int64_t sentence_tokens(int d, int height) {
  return height == 0 ? 1 : tree_power(d, height) + tree_power(d, height - 1) - 1;
}

}  // namespace leafcast
