#pragma once
#include <string>
#include <vector>

/// Figures as they are to be understood; gnuplot.h draws them.
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

struct Plot {
  std::string name;  ///< of its files, without extension
  std::string title, x_label, y_label;
  std::string caption;  ///< for the page
  bool log_x = false, log_y = false, whole_x = false;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  int x2_base = 0;  ///< if positive, the upper axis shows x2_base^x
  std::string x2_label;
  std::vector<Curve> curves;
};

/// A file name that reads like the text: "ising d=3 ρ=0.9" → "ising-d3-rho0.9". Of very long ones the end is a hash.
std::string file_name(const std::string& text);

Curve::Point point(double x, double y, double error = 0);

void add_horizontal(Plot& plot, const std::string& label, double y);
/// A power law through (x, y), with this slope of log y in x, over the plot's width.
void add_slope(Plot& plot, const std::string& label, double x, double y, double slope);
double gaussian(double x);
void add_gaussian(Plot& plot);
/// A bin of a histogram's outline.
void add_bin(Curve& curve, double left, double right, double density);

/// If the points are more than can be told apart: those of one abscissa by their mean, with the error of independent
/// ones. Whether they were.
bool merge_crowd(Curve& curve);

/// Sets the range of y to show all values; linear from zero, or logarithmic if plot.log_y and they differ
/// enough.
void set_y_range(Plot& plot, const std::vector<double>& values);
/// Ends error bars where the axis ends, so that those that cross it are still drawn; adds to the caption which points a
/// logarithmic axis cannot show.
void clip_bars(Plot& plot);

/// Series at the same places: every second one hollow and larger. Where hollow means negative the symbols'
/// shapes must do.
void tell_apart(Plot& plot);
/// Figures of one kind that share its series among them: name and title say which of how many each is. One alone is all.
void number_parts(std::vector<Plot>& parts);

}  // namespace leafcast::analysis
