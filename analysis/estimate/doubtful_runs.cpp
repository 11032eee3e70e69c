#include "analysis/estimate/doubtful_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "engine/observe/splitting.h"

namespace leafcast::analysis {

std::string doubtful_runs(const std::vector<Estimate>& estimates) {
  std::vector<std::size_t> few, extinct, tiny;
  std::set<std::size_t> zero;  // cells
  for (const Estimate& estimate : estimates) {
    if (estimate.statistic == "effective_runs" && estimate.value < kFewEffectiveRuns)
      few.push_back(estimate.cell);
    if (estimate.statistic == "valid_rate" && estimate.value == 0) zero.insert(estimate.cell);
    if (estimate.statistic != "extinct_run_rate") continue;
    if (estimate.value == 1)
      extinct.push_back(estimate.cell);
    else if (zero.contains(estimate.cell))
      tiny.push_back(estimate.cell);
  }
  std::string remark;
  if (!few.empty())
    remark += fmt::format(
        "splitting: fewer than {:.0f} effective runs carry the rates of cells {}, so their errors may be too "
        "small; take more particles a run (generator.particles), then more samples. ",
        kFewEffectiveRuns, fmt::join(few, ", "));
  if (!extinct.empty())
    remark += fmt::format(
        "splitting: no run of cells {} survived, so 0 is no estimate; take more particles a run "
        "(generator.particles). ",
        fmt::join(extinct, ", "));
  if (!tiny.empty())
    remark += fmt::format(
        "splitting: runs of cells {} survived, with rates too small for the sums that are kept (2^-{}); 0 is "
        "no "
        "estimate. ",
        fmt::join(tiny, ", "), kWeightBits);
  if (!remark.empty()) remark.pop_back();
  return remark;
}

}  // namespace leafcast::analysis
