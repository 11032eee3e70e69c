#pragma once
#include <functional>
#include <vector>

#include "analysis/fit/law.h"
#include "analysis/fit/required.h"
#include "engine/checkpoint.h"
#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Fits every law (laws/registry.h) to every group of points that it is about. See analysis/README.md.
/// `checkpoint`: between fits.
std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates,
                      const Checkpoint& checkpoint = {});
/// The same with what is required, known beforehand.
std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates,
                      const std::vector<Required>& needs, const Checkpoint& checkpoint = {});
/// The same, shown one after the other, and none kept.
void each_fit(const Record& record, const std::vector<Estimate>& estimates,
              const std::function<void(const Fit&)>& use, const Checkpoint& checkpoint = {});
/// One law on one series.
Fit fit_law(const Law& law, const Series& series);

}  // namespace leafcast::analysis
