#pragma once
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/fit/required.h"
#include "analysis/present/document.h"
#include "engine/plan/record.h"

/// Cells that differ in one key, such as language.d, beside each other.
namespace leafcast::analysis {

/// Keys of which cells of the plan have different values, in reading order: what can be compared over.
std::vector<std::string> comparable_keys(const Plan& plan);

/// Figures for each group of cells that differ in the key (and seeds, and sizes of contexts) alone:
/// * a statistic against context, a curve for each value of the key;
/// * a statistic against the key, where the group has no context, or the same contexts for several values; only of keys whose
///   values are numbers;
/// * k*/n at each writer's largest n against the key, with a power law of the key through it, which no theory predicts.
/// And a table of these power laws. Empty if no group has two values.
Document comparison(const Record& record, const EstimateIndex& index, const std::vector<Required>& needs,
                    const std::string& key);

}  // namespace leafcast::analysis
