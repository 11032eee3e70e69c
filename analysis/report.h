#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/estimate.h"
#include "engine/plan.h"

namespace leafcast::analysis {

/// Writes one self-contained HTML page (plots embedded as SVG) and, beside it in <stem>-figures/, every
/// figure as PNG and SVG with its data and gnuplot script. Throws IoError if gnuplot is missing or a file
/// cannot be written.
void write_report(const std::filesystem::path& html, const Record& record,
                  const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                  const std::map<std::string, std::string>& provenance);

}  // namespace leafcast::analysis
