#pragma once
#include <array>
#include <filesystem>
#include <string>

#include "analysis/present/plot.h"

namespace leafcast::analysis {

/// What a figure is in, beside the page: the endings of its files.
inline constexpr std::array kFigureFiles = {".svg", ".pdf", ".png", ".dat", ".gp"};

/// The curves' points, a block a curve, for gnuplot's `index`.
std::string plot_data(const Plot& plot);
/// Draws plot.name.svg, .pdf and .png from plot.name.dat, all in the current directory.
std::string plot_script(const Plot& plot);

/// Writes data and script into the folder and runs gnuplot there. Returns the SVG. Throws IoError.
std::string draw(const Plot& plot, const std::filesystem::path& folder);

}  // namespace leafcast::analysis
