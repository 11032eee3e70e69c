#pragma once
#include <vector>

#include "analysis/estimate/grammar_averages.h"
#include "analysis/present/plot.h"
#include "analysis/theory/grammar_values.h"

namespace leafcast::analysis {

/// For every family of grammars: correlations by LCA height beside their exact values and the papers' law;
/// what contexts tell of the last leaf, beside the annealed formula; learning curves. Those that the data do
/// not bear are not there.
std::vector<Plot> grammar_plots(const Record& record, const std::vector<GrammarAverage>& averages,
                                const std::vector<GrammarFamily>& families);

}  // namespace leafcast::analysis
