#include "engine/sequences/token_stream.h"

#include <algorithm>
#include <optional>

#include "engine/language/tree.h"

namespace leafcast {

using Kind = Vocabulary::Kind;

namespace {

struct Writer {
  std::span<std::uint16_t> row;
  std::size_t at = 0;
  void put(int token) { row[at++] = static_cast<std::uint16_t>(token); }
};

}  // namespace

/// A writer's memory along a sentence.
class TokenStream::Memory {
 public:
  Memory(const TokenStream& stream, std::span<const std::uint8_t> nodes)
      : stream_(stream),
        nodes_(nodes),

        index_(static_cast<std::size_t>(stream.height_) + 1),
        known_(index_.size()),
        siblings_(index_.size()),
        written_(index_.size()) {}

  void mark(int level) {
    for (int j = 0; j < level; ++j) siblings_[j].clear();
    siblings_[level].push_back(symbol(level, index_[level]));
    for (int j = 1; j <= level; ++j) {
      ++index_[j];
      known_[j] = false;
      written_[j] = 0;
    }
    ++written_[level + 1];
  }
  void leaf(int x) {
    siblings_[0].push_back(x);
    std::fill(known_.begin() + 1, known_.end(), true);
    ++written_[1];
  }

  void write(Writer& out) const {
    const Vocabulary& words = stream_.vocabulary_;
    out.put(words.number({Kind::memory_opens, 0}));
    if (words.stream() == StreamKind::path) {
      for (int j = stream_.height_; j >= 1; --j) {
        out.put(words.number(known_[j] ? Vocabulary::Token{Kind::memory_symbol, symbol(j, index_[j])}
                                       : Vocabulary::Token{Kind::padding, 0}));
        out.put(words.number({Kind::sibling, written_[j]}));
      }
    } else {
      for (int j = stream_.height_ - 1; j >= 0; --j) {
        out.put(words.number({Kind::memory_mark, j}));
        for (const int x : siblings_[j]) out.put(words.number({Kind::memory_symbol, x}));
        for (auto s = siblings_[j].size(); s < static_cast<std::size_t>(stream_.d_); ++s)
          out.put(words.number({Kind::padding, 0}));
      }
    }
    out.put(words.number({Kind::memory_closes, 0}));
  }

 private:
  int symbol(int height, std::size_t index) const {
    return nodes_[stream_.node_offset_[static_cast<std::size_t>(height) - 1] + index];
  }
  const TokenStream& stream_;
  std::span<const std::uint8_t> nodes_;
  std::vector<std::size_t> index_;          // [height ≥ 1] of the current leaf's ancestor
  std::vector<bool> known_;                 // [height ≥ 1] whether a leaf below it has been written
  std::vector<std::vector<int>> siblings_;  // [height] symbols of the completed siblings
  std::vector<int> written_;                // [height ≥ 1] children of the ancestor that are complete
};

TokenStream::TokenStream(StreamKind stream, const Language& language, std::int64_t segment_tokens)
    : vocabulary_(stream, language.symbols(), language.d, language.height),
      d_(language.d),
      height_(language.height),
      segment_tokens_(segment_tokens) {
  for (int j = 1; j <= height_; ++j) {
    node_offset_.push_back(nodes_);
    nodes_ += static_cast<std::size_t>(tree_power(d_, height_ - j));
  }
  const std::int64_t punctuated = 1 + sentence_tokens(d_, height_);
  row_tokens_ = stream == StreamKind::leaves ? language.leaves()
                : needs_nodes()
                    ? punctuated + (punctuated + segment_tokens_ - 1) / segment_tokens_ * state_tokens()
                    : punctuated;
}

bool TokenStream::needs_nodes() const {
  return vocabulary_.stream() == StreamKind::path || vocabulary_.stream() == StreamKind::segment;
}

std::int64_t TokenStream::state_tokens() const {
  return 2 + height_ * (vocabulary_.stream() == StreamKind::path ? 2 : 1 + d_);
}

void TokenStream::write(std::span<const std::uint8_t> leaves, std::span<const std::uint8_t> nodes,
                        std::span<std::uint16_t> row) const {
  if (vocabulary_.stream() == StreamKind::leaves) {
    std::ranges::copy(leaves, row.begin());
    return;
  }
  Writer out{row};
  std::optional<Memory> memory;
  if (needs_nodes()) memory.emplace(*this, nodes);
  std::int64_t tokens = 0;
  const auto put = [&](int token) {
    if (memory && tokens % segment_tokens_ == 0) memory->write(out);
    ++tokens;
    out.put(token);
  };
  LeafOdometer odometer(d_, height_);
  put(vocabulary_.number({Kind::begin, 0}));
  const int first_mark = height_ > 1 ? vocabulary_.mark(1) : 0,
            marks = height_ > 2 ? vocabulary_.mark(2) - first_mark : 0;
  const int first_symbol = vocabulary_.symbol(0), symbols = vocabulary_.symbol(1) - first_symbol;
  for (int carry = 0; odometer.leaf() < static_cast<std::int64_t>(leaves.size());
       carry = odometer.advance()) {
    if (carry > 0) {
      put(first_mark + (carry - 1) * marks);
      if (memory) memory->mark(carry);
    }
    const int x = leaves[static_cast<std::size_t>(odometer.leaf())];
    put(first_symbol + x * symbols);
    if (memory) memory->leaf(x);
  }
}

}  // namespace leafcast
