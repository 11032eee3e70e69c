#pragma once
#include <cstddef>
#include <iosfwd>
#include <vector>

#include "analysis/estimate/grammar_averages.h"
#include "analysis/present/document.h"
#include "analysis/theory/grammar_values.h"

namespace leafcast::analysis {

/// As write_table, with the column `grammars` in place of `samples`, and columns for what tells the averages apart
/// alone. All rows have all columns.
void write_averages(std::ostream& out, Format format, const Record& record,
                    const std::vector<GrammarAverage>& averages, std::size_t width = 80);

/// text: a table for each family, its average; csv, json: every grammar, then the average (grammar_seed
/// empty).
void write_grammars(std::ostream& out, Format format, const std::vector<GrammarFamily>& families);

/// Both of a report, with figures: what was sampled of several grammars, and what is exactly known of them.
Document grammars_document(const Record& record, const std::vector<Estimate>& estimates);

}  // namespace leafcast::analysis
