#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>

#include "analysis/present/document.h"
#include "analysis/score/score.h"

namespace leafcast::analysis {

/// A score as text for people (no line above `width`), as CSV (section, name, context or height, value,
/// stderr, reference, z: a row a number) or as JSON.
void write_score(std::ostream& out, Format format, const Score& score, std::size_t width = 80);

/// One self-contained page with figures beside it, as write_report. `title`: what was scored.
void write_score_page(const std::filesystem::path& html, const Score& score, const std::string& title);

/// The figures: scores by context, and departures from the language by height and by leaf.
std::vector<Plot> score_plots(const Score& score);

}  // namespace leafcast::analysis
