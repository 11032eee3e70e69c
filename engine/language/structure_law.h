#pragma once
#include <cstdint>
#include <deque>
#include <vector>

namespace leafcast {

/// The law of the next token's kind in the endless stream of sentences (begin mark, leaves, marks before leaf
/// i > 0 with d | i; MATH.md §5), given the last k tokens and nothing else, position uniform a priori. It
/// does not depend on the leaves' symbols: those have a law that depends on the marks in the window alone, so
/// structure and symbols factorise. Kinds are levels: 0 a leaf, 1 … h − 1 a mark, h a begin mark.
///
/// Let m be the highest level in the window (0 if there is no mark), c the number of its marks there. Levels
/// below m are known exactly. The digit of level m is uniform on c … d − 1 (of leaves, m = 0: 0 … d of which
/// c = the leaves in the window are past), and those above are uniform: where all below are full, the next
/// mark has
///   level m with probability 1 − 1/(d − c), level j > m, j < h: (1 − 1/d) d^{−(j−1−m)}/(d − c), begin:
///   d^{−(h−1−m)}/(d − c).
/// Memory O(k/d + h), a step O(h) at most. (`MATH.md`, section 10; enumerated in tests/engine/language/structure_law_test.cpp)
class StructureLaw {
 public:
  StructureLaw(int d, int height, std::int64_t context);
  /// A sentence begins: its begin mark has just been seen, and nothing before it matters.
  void begin();
  /// Of the next token's being of this kind. 0 for all if no position of the stream shows such a window.
  double probability(int level) const;
  void observe(int level);

 private:
  struct Mark {
    std::int64_t token;
    int level;
  };
  int highest() const;

  int d_, height_;
  std::int64_t context_;
  std::int64_t token_ = 0;               // tokens seen
  std::int64_t leaves_ = 0;              // since the last mark
  std::deque<Mark> marks_;               // in the window
  std::vector<std::int64_t> in_window_;  // [level] marks
  std::vector<std::int64_t> since_;      // [level] marks since the last higher one
};

}  // namespace leafcast
