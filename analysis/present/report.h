#pragma once
#include <filesystem>
#include <vector>

#include "analysis/present/cost_view.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Writes one self-contained HTML page (figures embedded as SVG) and, beside it in <stem>-figures/, every
/// figure as SVG, PDF and PNG with its data and gnuplot script. Replaces symbolic links in the way rather
/// than follow them. Throws IoError if gnuplot is missing or a file cannot be written.
void write_report(const std::filesystem::path& html, const Record& record,
                  const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                  const Provenance& provenance);

}  // namespace leafcast::analysis
