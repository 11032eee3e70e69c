#pragma once
#include <boost/container/flat_map.hpp>
#include <cstdint>

#include "engine/observe/observable.h"

namespace leafcast {

/// Histogram of a sum, in bins that are exact near the centre and 1/32 of an octave wide beyond, for any n <
/// 2^62. The binned quantity is m = N_c − centre (the count of the observed symbol about its mean), so
/// S = q·N_c − n and every bin holds as many lattice points as it is wide.
struct HistogramBins {
  /// round(ν_c n), halves upwards: exactly n/q in a symmetric channel, else of the double ν_c, exactly
  /// multiplied.
  static std::int64_t centre(const Cell& cell);
  /// Bin of m; negative m have negative bins: bin(−1−m) = −1−bin(m).
  static int bin(std::int64_t m);
  static std::int64_t lower(int bin);  ///< smallest m of the bin
  static std::int64_t width(int bin);  ///< how many m it holds
};

/// Samples by bin (HistogramBins::bin), in order. Flat, because rank 0 receives and merges one a chunk: a
/// tree of a thousand nodes costs more than all else that it does for the chunk.
using Histogram = boost::container::flat_map<std::int32_t, std::uint64_t>;
/// Merges in one walk over both.
void add_histogram(Histogram& into, const Histogram& from);

/// The histogram of S. It has no fields: few of its bins are ever met, so it lies beside the flat array.
extern const Observable kHistogram;

}  // namespace leafcast
