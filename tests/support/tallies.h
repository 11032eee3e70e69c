#pragma once
#include <vector>

#include "engine/observe/power_sums.h"

namespace leafcast::test {

/// Counts by entry.
inline std::vector<std::uint64_t> counts_of(const Tally& tally, const Field& field) {
  const auto counts = tally.counts(field);
  return {counts.begin(), counts.end()};
}

/// Whether all that `less` tallies is the same in `more`, whatever else that tallies.
inline bool includes(const Tally& more, const Tally& less) {
  if (more.samples != less.samples || more.histogram != less.histogram) return false;
  for (const TallyLayout::Slot& slot : less.layout()->slots())
    for (std::size_t i = 0; i < slot.entries.count; ++i)
      if (const int index = slot.entries.first + static_cast<int>(i);
          wide(more, *slot.field, index) != wide(less, *slot.field, index))
        return false;
  return true;
}

}  // namespace leafcast::test
