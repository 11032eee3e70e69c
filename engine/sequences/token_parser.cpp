#include "engine/sequences/token_parser.h"

#include "engine/language/tree.h"

namespace leafcast {

using Kind = Vocabulary::Kind;

const char* fault_name(Fault fault) {
  switch (fault) {
    case Fault::unknown_token:
      return "unknown token";
    case Fault::mark_for_leaf:
      return "mark for leaf";
    case Fault::leaf_for_mark:
      return "leaf for mark";
    case Fault::wrong_mark:
      return "wrong mark";
    case Fault::begin_inside:
      return "begin mark inside";
    case Fault::too_short:
      return "too short";
    case Fault::too_long:
      return "too long";
    case Fault::open_memory:
      return "open memory state";
  }
  return "";
}

TokenParser::TokenParser(StreamKind stream, const Language& language)
    : vocabulary_(stream, language.symbols(), language.d, language.height),
      ising_(language.kind == "ising"),
      q_(language.symbols()),
      d_(language.d),
      height_(language.height),
      leaves_(language.leaves()),
      length_(sentence_tokens(language.d, language.height)) {}

ParsedSequence TokenParser::parse_leaves(std::span<const std::int32_t> tokens) const {
  ParsedSequence parsed;
  parsed.counts.resize(static_cast<std::size_t>(q_));
  const auto blame = [&](Fault fault, std::int64_t place) {
    if (parsed.fault) return;
    parsed.fault = fault;
    parsed.place = place;
  };
  for (std::size_t i = 0; i < tokens.size() && static_cast<std::int64_t>(i) < leaves_; ++i) {
    const std::int32_t x = ising_ && tokens[i] == -1 ? 0 : tokens[i];
    if (x < 0 || x >= q_) {
      blame(Fault::unknown_token, static_cast<std::int64_t>(i));
      continue;
    }
    ++parsed.counts[static_cast<std::size_t>(x)];
    if (!parsed.fault) parsed.leaves.push_back(static_cast<std::uint8_t>(x));
  }
  const auto size = static_cast<std::int64_t>(tokens.size());
  if (size < leaves_) blame(Fault::too_short, size);
  if (size > leaves_) blame(Fault::too_long, leaves_);
  return parsed;
}

ParsedSequence TokenParser::parse(std::span<const std::int32_t> tokens, bool patch) const {
  if (vocabulary_.stream() == StreamKind::leaves) return parse_leaves(tokens);
  ParsedSequence parsed;
  parsed.counts.resize(static_cast<std::size_t>(q_));
  std::int64_t place = 0;
  const auto blame = [&](Fault fault) {
    if (parsed.fault) return;
    parsed.fault = fault;
    parsed.place = place;
  };
  bool begun = false, in_memory = false;
  LeafOdometer odometer(d_, height_);
  int due = 0;  // level of the mark that is due, 0 for a leaf
  for (const std::int32_t number : tokens) {
    std::optional<Vocabulary::Token> token = vocabulary_.token(number);
    if (in_memory) {
      in_memory = !token || token->kind != Kind::memory_closes;
      continue;
    }
    if (token && token->kind == Kind::memory_opens) {
      in_memory = true;
      continue;
    }
    if (!begun) {
      begun = true;
      if (token && token->kind == Kind::begin) continue;
    }
    if (place == length_) {
      if (!token || token->kind != Kind::begin) blame(Fault::too_long);
      break;
    }
    const bool is_mark_place = place % (d_ + 1) == d_;
    if (patch && is_mark_place && due > 0) token = Vocabulary::Token{Kind::mark, due};
    if (!token) {
      blame(Fault::unknown_token);
    } else if (token->kind == Kind::symbol) {
      ++parsed.counts[static_cast<std::size_t>(token->value)];
      if (due > 0) blame(Fault::leaf_for_mark);
      if (!parsed.fault) {
        parsed.leaves.push_back(static_cast<std::uint8_t>(token->value));
        due = odometer.advance();
      }
    } else if (token->kind == Kind::mark) {
      if (due == 0)
        blame(Fault::mark_for_leaf);
      else if (due != token->value)
        blame(Fault::wrong_mark);
      due = 0;
    } else {
      blame(token->kind == Kind::begin ? Fault::begin_inside : Fault::unknown_token);
    }
    ++place;
  }
  if (in_memory) blame(Fault::open_memory);
  if (place < length_) blame(Fault::too_short);
  return parsed;
}

}  // namespace leafcast
