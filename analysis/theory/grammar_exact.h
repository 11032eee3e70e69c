#pragma once
#include <map>
#include <string>

#include "analysis/theory/exact.h"

namespace leafcast::analysis {

/// Exact values of a cell of a grammar, by statistic (MATH.md §11).
std::map<std::string, ExactValue> exact_of_grammar(const Cell& cell);

}  // namespace leafcast::analysis
