#pragma once
#include <cstdint>
#include <vector>

#include "engine/plan/record.h"

namespace leafcast::jobs {

struct Resampling {
  std::uint64_t compared = 0, unknown = 0;  ///< chunks; unknown: that nothing is known of to compare with
  std::vector<Chunk> different;
};

/// Samples `count` chunks of a record once more, taken at random (all, if it has no more), and compares them with
/// their hashes, or with their jackknife bin where they are alone in it. Throws UsageError: pooled results, or of
/// earlier streams.
Resampling resample(const Record& record, std::uint64_t count);

}  // namespace leafcast::jobs
