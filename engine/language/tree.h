#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace leafcast {

/// d^e for 0 ≤ e; the caller guarantees that it fits (see tree_fits).
constexpr std::int64_t tree_power(int d, int e) {
  std::int64_t p = 1;
  for (; e > 0; --e) p *= d;
  return p;
}

/// Whether d^h < 2^62, the largest sentence that leafcast addresses.
constexpr bool tree_fits(int d, int h) {
  std::int64_t p = 1;
  for (int j = 0; j < h; ++j) {
    if (p > ((std::int64_t{1} << 62) - 1) / d) return false;
    p *= d;
  }
  return true;
}

/// Walks the leaves 0, 1, 2, … of a d-ary tree by counting in base d: no division in a sampler's loop.
/// digit(j) is the child index, within its height-j parent, of the height-(j−1) ancestor of the current leaf
/// (j ≥ 1).
class LeafOdometer {
 public:
  LeafOdometer(int d, int height) : d_(d), digit_(static_cast<std::size_t>(height) + 2, 0) {}
  /// Moves to the next leaf and returns its carry c: the subtrees of heights 0…c that held the old leaf are
  /// now complete (c = number of trailing zeros in base d of the new leaf's index; height when the sentence
  /// is complete).
  int advance() {
    int j = 1;
    while (j < static_cast<int>(digit_.size()) - 1 && ++digit_[j] == d_) digit_[j++] = 0;
    ++leaf_;
    return j - 1;
  }
  int digit(int level) const { return digit_[level]; }
  std::int64_t leaf() const { return leaf_; }
  void reset() {
    std::fill(digit_.begin(), digit_.end(), 0);
    leaf_ = 0;
  }

 private:
  int d_;
  std::int64_t leaf_ = 0;
  std::vector<int> digit_;
};

}  // namespace leafcast
