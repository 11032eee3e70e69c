#include "analysis/estimate/moments.h"

namespace leafcast::analysis {

Shape shape(const PowerSums& sums, const VastInt& count) {
  return shape<VastInt>({VastInt(sums[0]), VastInt(sums[1]), VastInt(sums[2]), VastInt(sums[3])}, count);
}

}  // namespace leafcast::analysis
