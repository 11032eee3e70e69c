#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/present/map.h"
#include "analysis/present/plot.h"

namespace leafcast::analysis {

/// What a figure is in, beside the page: the endings of its files.
inline constexpr std::array kFigureFiles = {".svg", ".pdf", ".column.pdf", ".png", ".csv", ".dat", ".gp"};

/// The curves' points, a block a curve, for gnuplot's `index`.
std::string plot_data(const Plot& plot);
/// The same for other programs: CSV with the columns series, x, y, low, high. A curve without a label has the name of the
/// one that it belongs to; what only guides the eye is not there.
std::string plot_csv(const Plot& plot);
/// Draws plot.name.svg, .pdf and .png, and .column.pdf for a column of print, from plot.name.dat, all in the current directory.
std::string plot_script(const Plot& plot);

/// The values of all panels, a block a panel, a line a cell of the grid; and the script.
std::string map_data(const Map& map);
/// CSV with the columns series (the panel), x, y, value.
std::string map_csv(const Map& map);
std::string map_script(const Map& map);

/// A figure as gnuplot takes it.
struct Drawing {
  std::string name, data, script, csv;
};
Drawing drawing(const Plot& plot);
Drawing drawing(const Map& map);

/// Writes data and scripts into the folder and runs gnuplot there, once for all of them. Returns the SVGs.
/// Throws IoError.
std::vector<std::string> draw(const std::vector<Drawing>& drawings, const std::filesystem::path& folder);
std::string draw(const Plot& plot, const std::filesystem::path& folder);

}  // namespace leafcast::analysis
