#pragma once
#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "engine/observe/estimate.h"
#include "engine/plan/plan.h"

namespace leafcast::analysis {

enum class Format { text, csv, json };
/// "text", "csv" or "json"; throws UsageError otherwise.
Format parse_format(const std::string& name);

/// One row a (cell, statistic), columns as in README.md (“Table”); unused parameters and unknown values are
/// empty. Text has no line of more than `width` columns, and says what was left out to that end.
void write_table(std::ostream& out, Format format, const Record& record,
                 const std::vector<Estimate>& estimates, std::size_t width = 80);
/// Fits as text for people, CSV (a row a coefficient) or JSON.
void write_fits(std::ostream& out, Format format, const std::vector<Fit>& fits);

}  // namespace leafcast::analysis
