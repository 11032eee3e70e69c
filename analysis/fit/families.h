#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

struct Measurement {
  std::size_t cell;
  double x;
  const Estimate* estimate;
};

/// Cells that differ in the size of their context only, by that size.
struct Family {
  std::string label;
  std::vector<Measurement> measurements;  ///< x = log_d of the leaves remembered: w, m, or log_d k
};
std::vector<Family> families(const Record& record, const EstimateIndex& index,
                             const std::vector<std::size_t>& cells, const std::string& statistic);
/// The keys that set the size of the context, and the seed.
const std::set<std::string>& context_keys();

/// The cell of the language itself, with the same observed symbol.
Cell true_language(const Cell& cell);
/// What the true language of these cells has: the exact value, or else that of a cell that samples it.
std::optional<double> true_value(const Record& record, const EstimateIndex& index,
                                 const std::vector<std::size_t>& cells, const std::string& statistic);

}  // namespace leafcast::analysis
