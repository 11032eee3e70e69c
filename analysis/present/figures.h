#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/fit/families.h"
#include "analysis/present/plot.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Plots of the cells of one language; those that the data do not bear (a single context, nothing observed)
/// are not there.

/// Variance, kurtosis and valid rate against the context, for every generator that has one.
std::vector<Plot> context_plots(const Record& record, const EstimateIndex& index,
                                const std::vector<std::size_t>& cells);
/// Variance and correlation by subtree height, and the histogram of S, for the true language and a selection
/// of contexts.
std::vector<Plot> scale_plots(const Record& record, const EstimateIndex& index,
                              const std::vector<std::size_t>& cells);

/// z of all statistics with an exact value and an error: histogram and quantiles beside the Gaussian that they should
/// follow. None if they are few.
std::vector<Plot> z_plots(std::vector<double> z);

// ---- what they are made of

/// Measurements that are so many at each abscissa, as seeds make them, that figures cannot tell them apart: their
/// means instead, whose estimates are added to `means`. Returns of how many at most, 0 if they are left alone.
std::size_t average_crowds(std::vector<Measurement>& measurements, std::deque<Estimate>& means);

/// Points with error bars and, behind them, the exact values; where these are missing, a guide to the eye.
/// With `sizes` values appear by their size, negative ones hollow.
void add_measurements(Plot& plot, const std::string& label, const std::vector<Measurement>& measurements,
                      int color, double shift, bool sizes);
/// The values that an axis should show: exact ones, and measured ones that are clear of their errors.
std::vector<double> clear_values(const std::vector<Measurement>& measurements, bool sizes);

}  // namespace leafcast::analysis
