#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace leafcast {

/// What sequences are made of.
enum class StreamKind {
  leaves,      ///< the n symbols of a sentence, nothing else
  punctuated,  ///< begin mark, symbols, and marks between them (MATH.md §5)
  segment,     ///< punctuated, with the memory states of a segment writer in between (MATH.md §2, reasoning)
  path         ///< the same of a path writer
};
const char* stream_name(StreamKind stream);
std::optional<StreamKind> stream_of_name(const std::string& name);

/// Tokens of a stream and their numbers. These are those of the authors' simulator
/// (joonhyungshin/nanocontext), so that its checkpoints read and write them; an Ising symbol 0 is −1 there, 1
/// is +1:
///   leaves      symbol c: c
///   punctuated  begin 0; mark of level j 1 + 2j; symbol c 2 + 2c
///   segment     begin 0, memory opens 1, closes 2, padding 3; mark j 4 + 4j; symbol c 5 + 4c; within memory:
///   mark j
///               6 + 4j, symbol c 7 + 4c
///   path        begin 0, memory opens 1, closes 2, padding 3; mark j 4 + 5j; symbol c 5 + 5c; within memory:
///   mark j
///               6 + 5j (never written), symbol c 7 + 5c, sibling index i 8 + 5i
class Vocabulary {
 public:
  enum class Kind {
    begin,
    memory_opens,
    memory_closes,
    padding,
    mark,
    symbol,
    memory_mark,
    memory_symbol,
    sibling
  };
  struct Token {
    Kind kind;
    int value;  ///< level of a mark, symbol, sibling index; else 0
    bool operator==(const Token&) const = default;
  };

  /// Of sentences of d^height leaves over q symbols.
  Vocabulary(StreamKind stream, int q, int d, int height);
  StreamKind stream() const { return stream_; }
  int q() const { return q_; }
  /// Tokens are 0 … size() − 1.
  int size() const;
  /// Throws ContractError for a kind that the stream has not.
  int number(Token token) const;
  int symbol(int c) const { return number({Kind::symbol, c}); }
  int mark(int level) const { return number({Kind::mark, level}); }
  /// What the number stands for; nothing if the stream has no such token.
  std::optional<Token> token(std::int64_t number) const;
  /// For people and for headers of files: "begin", "mark 2", "symbol 1", "memory symbol 0", "sibling 2".
  static std::string text(Token token);

 private:
  StreamKind stream_;
  int q_, d_, height_;
};

/// Tokens of a punctuated sentence of d^height leaves without its begin mark: d^h + d^{h−1} − 1 (1 if h = 0).
std::int64_t sentence_tokens(int d, int height);

}  // namespace leafcast
