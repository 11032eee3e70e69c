#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/sequences/vocabulary.h"

namespace leafcast {

/// What can be wrong with a sequence of tokens. The first fault counts, at its place.
enum class Fault {
  unknown_token,  ///< a number that is no token of the stream
  mark_for_leaf,  ///< a mark where a leaf is due
  leaf_for_mark,  ///< a leaf where a mark is due
  wrong_mark,     ///< a mark of another level than the tree's
  begin_inside,   ///< a begin mark before the sentence is whole
  too_short,      ///< ends before
  too_long,       ///< goes on after
  open_memory     ///< a memory state that does not end
};
inline constexpr std::array kFaults = {Fault::unknown_token, Fault::mark_for_leaf, Fault::leaf_for_mark,
                                       Fault::wrong_mark,    Fault::begin_inside,  Fault::too_short,
                                       Fault::too_long,      Fault::open_memory};
const char* fault_name(Fault fault);

/// What a sequence of tokens says.
struct ParsedSequence {
  std::vector<std::uint8_t> leaves;  ///< if well formed: the sentence
  std::optional<Fault> fault;        ///< the first; none if well formed
  std::int64_t place = 0;            ///< of the fault: token after the begin mark, memory states not counted
  std::vector<std::int64_t>
      counts;  ///< [symbol] among the first d^h + d^{h−1} − 1 such tokens (of leaves: the n first)
};

/// Reads sequences as the authors' simulator does: the begin mark in front may be missing, memory states are
/// skipped, and tokens after a begin mark that ends the sentence do not count. Of Ising leaves −1 is symbol
/// 0.
class TokenParser {
 public:
  TokenParser(StreamKind stream, const Language& language);
  /// `patch`: marks are first written over what stands where marks belong.
  ParsedSequence parse(std::span<const std::int32_t> tokens, bool patch = false) const;

 private:
  ParsedSequence parse_leaves(std::span<const std::int32_t> tokens) const;

  Vocabulary vocabulary_;
  bool ising_;
  int q_, d_, height_;
  std::int64_t leaves_, length_;  // of a sentence, in leaves and in tokens without the begin mark
};

}  // namespace leafcast
