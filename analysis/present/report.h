#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

#include "analysis/present/cost_view.h"
#include "analysis/present/report_choice.h"
#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Writes one self-contained HTML page (figures embedded as SVG) and, beside it in <stem>-figures/, every
/// figure as SVG, PDF and PNG with its data and gnuplot script. At most 5 MB (PageLimits): long tables are cut.
/// Returns how many of their rows were left out. Replaces symbolic links in the way rather than follow them.
/// Throws IoError if gnuplot is missing or a file cannot be written; UsageError if it has no figure that the choice asks for.
std::size_t write_report(const std::filesystem::path& html, const Record& record,
                         const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                         const Provenance& provenance, const ReportChoice& choice = {});

/// The same for large sweeps, as a folder of such pages: index.html (what the data say, contents, maps, laws,
/// agreement) and language-001.html … with every cell on one of them. Pages of that name from an earlier report that
/// had more are removed. Returns how many pages there are, index.html included.
std::size_t write_report_pages(const std::filesystem::path& folder, const Record& record,
                               const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                               const Provenance& provenance, const ReportChoice& choice = {});

}  // namespace leafcast::analysis
