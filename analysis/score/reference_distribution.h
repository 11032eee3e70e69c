#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/estimate.h"

namespace leafcast::analysis {

/// Statistics of sentences as a reference writes them: replicates, each of as many sentences as are judged.
class ReferenceDistribution {
 public:
  /// Samples replicates of the reference, each of `sentences`: 199, or fewer (39 at least) where these are more than 10¹⁰
  /// leaves. `judged` is the cell whose statistics are wanted, of the same language.
  ReferenceDistribution(const Cell& reference, const Cell& judged, std::uint64_t sentences);
  std::size_t replicates() const { return replicates_.size(); }
  /// [replicate] the statistic; NaN where a replicate has none.
  std::vector<double> values(const StatisticName& statistic) const;

 private:
  std::vector<std::vector<Estimate>> replicates_;
};

/// One statistic to be judged: its deviation from the reference, and that of every replicate. NaN: there is none.
struct Deviations {
  double observed;
  std::vector<double> replicates;
};

/// Adjusted p-values of all together, by the step-down procedure of Westfall & Young (1993, algorithm 4.1): the share, among
/// replicates and the observed, of those whose largest deviation is as large as this one, deviations in units of their root
/// mean square over both. If the observed comes from the reference it is one more replicate, so the probability
/// that any p-value is below α is at most α, whatever the laws of the statistics and however they depend on each other.
/// NaN for what was not observed. All have as many replicates.
std::vector<double> westfall_young(const std::vector<Deviations>& statistics);

}  // namespace leafcast::analysis
