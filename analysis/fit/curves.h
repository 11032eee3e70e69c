#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/present/gnuplot.h"
#include "engine/plan/plan.h"

namespace leafcast::analysis {

// What the figures are made of: estimates become curves, and axes are fitted to them.

struct Measurement {
  std::size_t cell;
  double x;
  const Estimate* estimate;
};

/// Cells that differ in the size of their context only, by that size.
struct Family {
  std::string label;
  std::vector<Measurement> measurements;  ///< x = log_d of the leaves remembered: w, m, or log_d k
};
std::vector<Family> families(const Record& record, const EstimateIndex& index,
                             const std::vector<std::size_t>& cells, const std::string& statistic);
/// The keys that set the size of the context, and the seed.
const std::set<std::string>& context_keys();
std::optional<double> context_levels(const Cell& cell);

/// The cell of the language itself, with the same observed symbol.
Cell true_language(const Cell& cell);
/// What the true language of these cells has: the exact value, or else that of a cell that samples it.
std::optional<double> true_value(const Record& record, const EstimateIndex& index,
                                 const std::vector<std::size_t>& cells, const std::string& statistic);

/// A file name that reads like the text: "ising d=3 ρ=0.9" → "ising-d3-rho0.9".
std::string file_name(const std::string& text);

Curve::Point point(double x, double y, double error = 0);

/// Points with error bars and, behind them, the exact values; where these are missing, a guide to the eye.
/// With `sizes` values appear by their size, negative ones hollow.
void add_measurements(Plot& plot, const std::string& label, const std::vector<Measurement>& measurements,
                      int color, double shift, bool sizes);
void add_horizontal(Plot& plot, const std::string& label, double y);
/// A power law through (x, y), with this slope of log y in x, over the plot's width.
void add_slope(Plot& plot, const std::string& label, double x, double y, double slope);
double gaussian(double x);
void add_gaussian(Plot& plot);
/// A bin of a histogram's outline.
void add_bin(Curve& curve, double left, double right, double density);

/// The values that an axis should show: exact ones, and measured ones that are clear of their errors.
std::vector<double> clear_values(const std::vector<Measurement>& measurements, bool sizes);
/// Sets the range of y to show all values; linear from zero, or logarithmic if plot.log_y and they differ
/// enough.
void set_y_range(Plot& plot, const std::vector<double>& values);
/// Ends error bars where the axis ends, so that those that cross it are still drawn.
void clip_bars(Plot& plot);

}  // namespace leafcast::analysis
