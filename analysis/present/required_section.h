#pragma once
#include <functional>
#include <string>
#include <vector>

#include "analysis/fit/required.h"
#include "analysis/present/gnuplot.h"

namespace leafcast::analysis {

/// The headline of the report: figures and tables of context and memory that are required to match the true
/// language, as HTML without a heading. `draw` makes figures of plots. Empty unless some writer was scanned
/// at two heights.
std::string required_section(const Record& record, const EstimateIndex& index,
                             const std::function<std::string(std::vector<Plot>)>& draw);

}  // namespace leafcast::analysis
