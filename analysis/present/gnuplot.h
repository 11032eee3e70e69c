#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace leafcast::analysis {

/// One curve of a plot.
struct Curve {
  enum class Style {
    points,     ///< with error bars
    line,       ///< solid: theory
    guide,      ///< thin dashed: joins points where there is no theory
    reference,  ///< dashed black: the true language, the Gaussian
    slope,      ///< dotted grey: a power law to compare with
    steps       ///< a histogram's outline, corner by corner
  };
  struct Point {
    double x, y, low, high;  ///< low … high: the error bar. A NaN for y breaks a line
  };
  std::string label;  ///< in the legend; not there if empty
  Style style;
  int color = 0;      ///< 0 … 6; curves of one color belong together, 0 is the true language's
  bool open = false;  ///< hollow symbols
  double shift = 0;   ///< in x, so that equal points stay apart
  std::vector<Point> points;
};

/// A plot as it is to be understood; script() says it in gnuplot's words.
struct Plot {
  std::string name;  ///< of its files, without extension
  std::string title, x_label, y_label;
  std::string caption;  ///< for the page
  bool log_x = false, log_y = false, whole_x = false;
  double x_low, x_high, y_low, y_high;
  int x2_base = 0;  ///< if positive, the upper axis shows x2_base^x
  std::string x2_label;
  std::vector<Curve> curves;
};

/// What a figure is in, beside the page: the endings of its files.
inline constexpr std::array kFigureFiles = {".svg", ".pdf", ".png", ".dat", ".gp"};

/// The curves' points, a block a curve, for gnuplot's `index`.
std::string plot_data(const Plot& plot);
/// Draws plot.name.svg, .pdf and .png from plot.name.dat, all in the current directory.
std::string plot_script(const Plot& plot);

/// Writes data and script into the folder and runs gnuplot there. Returns the SVG. Throws IoError.
std::string draw(const Plot& plot, const std::filesystem::path& folder);

}  // namespace leafcast::analysis
