#pragma once
#include <span>

#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

/// What the samples of a cell are to each other.
struct Sampling {
  /// Of sentences: below 1 where a writer of its own structure writes several with the same marks.
  double independent_share = 1;
  /// Sentences of somebody else, of which neighbours may depend on each other: only the bins are independent.
  bool by_blocks = false;
};

/// Shapes of fewer values than this have no known error: the jackknife's is too small by what it has not seen.
inline constexpr double kShapeValues = 1024;
/// Of two peaks, m₄/m₂² ≤ 2, without tails to miss: so few suffice.
inline constexpr double kTwoPeakedValues = 256;
/// Nor have squares of correlations of fewer samples: their counts are too few for the law of χ².
inline constexpr double kPairSamples = 256;
/// Nor has an average over fewer of the sentences, if these were chosen by what they are.
inline constexpr double kChosenSentences = 16;

/// The error of a statistic with its value, and what z needs beside it (Estimate). `without_bin`: the statistic computed
/// without each of the bins, as for jackknife.h. How errors are made is in analysis/README.md, Errors.
/// Whether it varied over the bins at all.
bool add_error(Estimate& estimate, const Statistic& statistic, std::span<const double> without_bin,
               const Sampling& sampling);

}  // namespace leafcast::analysis
