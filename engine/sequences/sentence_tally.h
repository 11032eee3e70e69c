#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"

namespace leafcast {

/// Tallies given sentences as the samplers tally those that they write: the sums over subtrees, the histogram
/// and the validity that the cell observes. Scalar and exact.
class SentenceTally {
 public:
  explicit SentenceTally(const Cell& cell);
  /// Counts a sentence of n symbols below q.
  void add(std::span<const std::uint8_t> leaves, Tally& tally);
  /// Height of the lowest node of the last sentence without an allowed color, 0 if there is none or no
  /// validity is observed. The authors' simulator tells the depth of the same event below the root.
  int lowest_inconsistency() const { return lowest_; }

  /// Counts a sequence by its sum alone: S = q·N_c − (number of symbols), as a k-gram that writes its own
  /// structure.
  void add_stream(std::span<const std::int64_t> counts, bool well_formed, Tally& tally) const;

 private:
  void add_validity(std::span<const std::uint8_t> leaves, Tally& tally);

  int q_, d_, height_;
  std::int64_t leaves_;
  Observe observe_;
  std::int64_t centre_;
  std::vector<std::int64_t> counts_;
  int lowest_ = 0;
};

}  // namespace leafcast
