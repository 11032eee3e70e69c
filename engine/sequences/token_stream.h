#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/sequences/vocabulary.h"

namespace leafcast {

/// Turns sentences into rows of tokens, all of the same length:
///   leaves      x_0 … x_{n−1}
///   punctuated  begin, x_0 … with the marks between (MATH.md §5): 1 + d^h + d^{h−1} − 1 tokens
///   segment, path   memory state, N tokens of the punctuated row, the state after them, N tokens, … : a
///   state before
///               every N tokens, each between memory_opens and memory_closes. As the authors' simulator has
///               it:
///     path      for every ancestor of the last leaf, from the root down: its symbol (padding before it is
///     known) and how
///               many of its children are complete (of leaves: written);
///     segment   for every height h − 1 … 0: its mark, the symbols of the completed siblings, padding up to
///     d.
class TokenStream {
 public:
  /// `segment_tokens`: N ≥ 1, for segment and path only.
  TokenStream(StreamKind stream, const Language& language, std::int64_t segment_tokens = 0);

  const Vocabulary& vocabulary() const { return vocabulary_; }
  std::int64_t row_tokens() const { return row_tokens_; }
  bool needs_nodes() const;
  /// Internal nodes of a sentence, as WrittenSentences::nodes has them.
  std::size_t nodes() const { return nodes_; }
  /// `leaves`: a sentence; `nodes`: its internal nodes if they are needed; `row`: row_tokens() tokens.
  void write(std::span<const std::uint8_t> leaves, std::span<const std::uint8_t> nodes,
             std::span<std::uint16_t> row) const;

 private:
  class Memory;
  std::int64_t state_tokens() const;

  Vocabulary vocabulary_;
  int d_, height_;
  std::int64_t segment_tokens_, row_tokens_;
  std::vector<std::size_t> node_offset_;  // [height − 1] of the nodes of this height
  std::size_t nodes_ = 0;
};

}  // namespace leafcast
