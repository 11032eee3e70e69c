#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/present/document.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// The cells by language: kinds in the order of their first cells, trees of one kind by height.
std::vector<std::vector<std::size_t>> by_language(const Plan& plan, const std::vector<std::size_t>& cells);
/// The same, but all together if the languages are many and have few cells each.
std::vector<std::vector<std::size_t>> sections(const Plan& plan, const std::vector<std::size_t>& cells);

/// "ising d=3 ρ=0.9 h=8 (n = 6561)", less what varies.
std::string shared_language(const Cell& cell, const std::set<std::string>& varying);

/// The statistics of cells, a row per cell, under the language as far as they share it: of sentences;
/// entropies, and structure where writers make their own; what learners lose and know. What all cells share is
/// said once; a row's name is the rest.
Section language_section(const Record& record, const EstimateIndex& index,
                         const std::vector<std::size_t>& cells, std::vector<Plot> plots = {});

/// The statistics by subtree height, a table per cell that has any; of the first `most` cells, which are then
/// so many fewer.
Document heights(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells,
                 std::size_t& most);

}  // namespace leafcast::analysis
