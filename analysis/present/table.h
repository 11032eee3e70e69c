#pragma once
#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "analysis/present/document.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// For programs a row per cell and statistic, columns as in README.md (“Table”); unused parameters and unknown
/// values are empty. For people a row per cell.
void write_table(std::ostream& out, Format format, const Record& record,
                 const std::vector<Estimate>& estimates, std::size_t width = 80);

/// A parameter of a cell, by its key: missing where the cell does not use it; a number if the key's form is one,
/// but for pooled seeds, else text.
Entry parameter_entry(const Cell& cell, const std::string& key);

}  // namespace leafcast::analysis
