#pragma once
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/text/text_table.h"
#include "engine/plan/plan.h"

namespace leafcast::analysis {

/// The cells by language: kinds in the order of their first cells, trees of one kind by height.
std::vector<std::vector<std::size_t>> by_language(const Record& record,
                                                  const std::vector<std::size_t>& cells);
/// The same, but all together if the languages are many and have few cells each.
std::vector<std::vector<std::size_t>> sections(const Record& record, const std::vector<std::size_t>& cells);

/// The statistics of sentences, a row a cell. What all cells share is said once; a row's name is the rest.
struct Overview {
  std::string language;             ///< "ising d=3 ρ=0.9 h=8 (n = 6561)", as far as it is shared
  std::vector<std::string> common;  ///< generators, samples
  TextTable table;
};
Overview overview(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells);

/// Entropies, and structure where writers make their own, a row a cell that has any; named as in the
/// overview.
TextTable entropy_table(const Record& record, const EstimateIndex& index,
                        const std::vector<std::size_t>& cells);

/// What learners lose and know, nats a prediction, a row a cell that learns; named as in the overview.
TextTable learner_table(const Record& record, const EstimateIndex& index,
                        const std::vector<std::size_t>& cells);

/// The statistics of one cell by subtree height, a row a height; no rows if it has none.
TextTable by_height(const Record& record, const EstimateIndex& index, std::size_t cell);

}  // namespace leafcast::analysis
