// The left edge of a k-gram's window, in a tree or in a stream of marks.
#if defined(LEAFCAST_LANES_WINDOW_EDGE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_WINDOW_EDGE_H_
#undef LEAFCAST_LANES_WINDOW_EDGE_H_
#else
#define LEAFCAST_LANES_WINDOW_EDGE_H_
#endif

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/language/tree.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// The left edge ℓ of the window of leaf i: max(0, i − k) leaves, or the first leaf among the last k tokens,
/// where a mark stands before every leaf i > 0 with d | i (MATH.md §5). Advances with i; no division.
class WindowEdge {
 public:
  WindowEdge(const KgramGenerator& generator, int d, int height)
      : k_(generator.context), tokens_(generator.unit == ContextUnit::tokens), odometer_(d, height) {}

  void reset() {
    odometer_.reset();
    token_ = leaf_token_ = 0;
    leaf_ = 0;
  }
  /// Tells that the next leaf is reached by this carry.
  HWY_INLINE void next_leaf(int carry) {
    leaf_token_ += tokens_ && carry > 0 ? 2 : 1;
    ++leaf_;
  }
  /// Whether leaf ℓ has left the window.
  HWY_INLINE bool behind() const { return leaf_token_ - token_ > k_; }
  /// ℓ ← ℓ + 1; returns the carry.
  HWY_INLINE int advance() {
    const int carry = odometer_.advance();
    token_ += tokens_ && carry > 0 ? 2 : 1;
    return carry;
  }
  bool sees_nothing() const { return odometer_.leaf() == leaf_; }
  /// Place of ℓ's height-(j − 1) ancestor among its siblings, 0 … d − 1.
  HWY_INLINE int digit(int j) const { return odometer_.digit(j); }

 private:
  std::int64_t k_;
  bool tokens_;
  LeafOdometer odometer_;
  std::int64_t token_ = 0, leaf_token_ = 0;  // positions of leaves ℓ and i in the stream
  std::int64_t leaf_ = 0;                    // i
};

/// The same of a stream whose marks its writer has drawn. They need not be those of any tree, but any k
/// tokens in a row stand in the stream of some tree; so what the window shows whole has the shape of a tree,
/// and only its edges may be torn. Nodes are therefore counted by marks, not by digits, and a node's number
/// of children is known once it is complete. Context in tokens.
class StreamEdge {
 public:
  StreamEdge(const KgramGenerator& generator, int d, int height)
      : k_(generator.context), d_(d), levels_(static_cast<std::size_t>(height) + 2) {
    std::int64_t nodes = std::min(k_, tree_power(d, height));
    carries_.resize(static_cast<std::size_t>(nodes) + 3);
    for (std::size_t j = 1; j < levels_.size(); ++j) {
      nodes /= d;
      levels_[j].children.resize(static_cast<std::size_t>(nodes) + 3);
    }
    reset();
  }

  void reset() {
    token_ = leaf_token_ = leaf_ = left_ = 0;
    left_slot_ = right_slot_ = 0;
    for (Level& level : levels_) level.left = level.right = 0, level.passed = 0, level.open = 1;
  }
  HWY_INLINE void next_leaf(int carry) {
    leaf_token_ += carry > 0 ? 2 : 1;
    ++leaf_;
    step(right_slot_, carries_.size());
    carries_[right_slot_] = static_cast<std::uint8_t>(carry);
    for (int j = 1; j <= carry; ++j) {
      Level& level = levels_[j];
      level.children[level.right] = level.open;
      step(level.right, level.children.size());
      level.open = 1;
    }
    ++levels_[carry + 1].open;
  }
  HWY_INLINE bool behind() const { return leaf_token_ - token_ > k_; }
  HWY_INLINE int advance() {
    step(left_slot_, carries_.size());
    ++left_;
    const int carry = carries_[left_slot_];
    token_ += carry > 0 ? 2 : 1;
    for (int j = 1; j <= carry; ++j) {
      step(levels_[j].left, levels_[j].children.size());
      levels_[j].passed = 0;
    }
    ++levels_[carry + 1].passed;
    return carry;
  }
  bool sees_nothing() const { return left_ == leaf_; }
  /// Counted from the last child, d − 1, of a node that is complete.
  HWY_INLINE int digit(int j) const {
    const Level& level = levels_[j];
    return d_ - level.children[level.left] + level.passed;
  }

 private:
  struct Level {
    std::vector<int> children;        // ring: of the complete nodes of this height from ℓ's on
    std::size_t left = 0, right = 0;  // slots of ℓ's and i's node
    int passed = 0;                   // children of ℓ's node before ℓ's ancestor
    int open = 1;                     // children of i's node, as far as it goes
  };
  static HWY_INLINE void step(std::size_t& slot, std::size_t size) { slot = slot + 1 == size ? 0 : slot + 1; }

  std::int64_t k_;
  int d_;
  std::vector<std::uint8_t> carries_;  // ring: of the leaves from ℓ on
  std::size_t left_slot_ = 0, right_slot_ = 0;
  std::vector<Level> levels_;  // [height j ≥ 1]
  std::int64_t token_ = 0, leaf_token_ = 0, left_ = 0, leaf_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
