#pragma once
#include <array>
#include <cstdint>

#include "engine/int128.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/tally.h"

namespace leafcast {

/// Exact Σ N^p, p = 1 … 4, of the number N of chosen symbols among the leaves of a subtree, over many
/// subtrees of one height. Sums stay in machine words as long as they surely fit.
class CountSums {
 public:
  /// `leaves` < 2^62: the most that N can be.
  explicit CountSums(std::int64_t leaves);

  void add(std::int64_t n) {
    if (room_ == 0) return add_wide(n);
    const auto m = static_cast<std::uint64_t>(n);
    const std::uint64_t square = m * m;
    staged_[0] += m;
    staged_[1] += square;
    staged_[2] += square * m;
    staged_[3] += square * square;
    ++subtrees_;
    if (--left_ == 0) flush();
  }
  /// Counts many subtrees at once by their sums.
  void add(std::uint64_t subtrees, const std::array<std::uint64_t, kPowers>& sums);
  void add(std::uint64_t subtrees, const PowerSums& sums);

  std::int64_t leaves() const { return leaves_; }
  /// Σ s^p of s = qN − leaves.
  PowerSums sums_of_s(int q) const;
  /// Brings them into the sums of the subtrees of this height.
  void add_sums_of_s(Tally& tally, int height, int q) const;

 private:
  void add_wide(std::int64_t n);
  void flush();
  void widen();
  /// Σ s^p if all that it takes fits into 128 bits.
  bool has_narrow_sums(int q) const;
  std::array<Int128, kPowers> narrow_sums_of_s(int q) const;

  std::int64_t leaves_;
  std::uint64_t
      room_;  // subtrees whose sums fit into 64 bits; 0 where fourth powers are too large for that to pay
  std::uint64_t left_;
  std::uint64_t subtrees_ = 0;
  std::array<std::uint64_t, kPowers> staged_{};
  std::array<UInt128, kPowers> narrow_{};
  bool is_wide_ = false;  // some of the sums are in sums_
  PowerSums sums_{};
};

/// Σ s^p of the leaves by themselves (s = q − 1 or −1), from Σ S over the sentences that they make up.
PowerSums leaf_power_sums(const WideInt& sum_of_s, std::uint64_t sentences, std::int64_t leaves, int q);
/// Brings them into a tally that has the sums of its sentences, of this height.
void add_leaf_power_sums(Tally& tally, int height, std::int64_t leaves, int q);

}  // namespace leafcast
