#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/estimate/distributions.h"
#include "analysis/present/figures.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kFewest = 30;
constexpr double kEdge = 5;  // of the histogram

Plot plot_histogram(const std::vector<double>& z) {
  constexpr int kBins = 20;
  constexpr double kWidth = 2 * kEdge / kBins;
  const auto total = static_cast<double>(z.size());
  std::vector<double> counts(kBins, 0.0);
  for (const double value : z)
    ++counts[static_cast<std::size_t>(std::clamp((value + kEdge) / kWidth, 0.0, kBins - 1.0))];
  Plot plot;
  plot.name = "z-scores";
  plot.title = "Deviations from exact values";
  plot.x_label = "z = (estimate − exact) / standard error";
  plot.y_label = "probability density";
  plot.caption = fmt::format(
      "All {} statistics with an error and an exact value; the outermost bins hold all beyond. Statistics of "
      "one cell are correlated, so the shape fluctuates more than that of independent numbers.",
      z.size());
  plot.x_low = -kEdge;
  plot.x_high = kEdge;
  plot.y_low = 0;
  plot.y_high = 1.1 * std::max(gaussian(0), *std::max_element(counts.begin(), counts.end()) / total / kWidth);
  Curve curve{"estimates", Curve::Style::steps, 1, false, 0, {point(-kEdge, 0)}};
  for (int b = 0; b < kBins; ++b)
    add_bin(curve, -kEdge + b * kWidth, -kEdge + (b + 1) * kWidth, counts[b] / total / kWidth);
  curve.points.push_back(point(kEdge, 0));
  plot.curves.push_back(std::move(curve));
  add_gaussian(plot);
  return plot;
}

/// The ranks that are drawn: all in the tails, where they matter and lie apart, and some in between.
std::vector<std::size_t> drawn(std::size_t count) {
  constexpr std::size_t kTail = 60, kBetween = 120;
  std::vector<std::size_t> list;
  const std::size_t step = std::max<std::size_t>(1, count / kBetween);
  for (std::size_t i = 0; i < count; ++i)
    if (i < kTail || i + kTail >= count || i % step == 0) list.push_back(i);
  return list;
}

Plot plot_quantiles(const std::vector<double>& z) {
  const std::size_t count = z.size();
  Plot plot;
  plot.name = "z-quantiles";
  plot.title = "Deviations from exact values: quantiles";
  plot.x_label = "quantile of the Gaussian";
  plot.y_label = "ordered z";
  plot.caption = fmt::format(
      "The same z-scores in ascending order against the quantiles of a Gaussian: on the diagonal, errors are "
      "neither too small nor too large. Of {} independent scores, each would lie between the dotted lines "
      "with probability 95%.",
      count);
  Curve below{"95% of independent scores", Curve::Style::slope, 0, false, 0, {}}, above = below;
  above.label.clear();
  Curve points{"estimates", Curve::Style::points, 1, false, 0, {}};
  double edge = 3;
  for (const std::size_t i : drawn(count)) {
    const auto quantile = [&](double p) {
      return normal_quantile(order_statistic_quantile(p, static_cast<double>(i), static_cast<double>(count)));
    };
    const double x = quantile(0.5);
    below.points.push_back(point(x, quantile(0.025)));
    above.points.push_back(point(x, quantile(0.975)));
    points.points.push_back(point(x, z[i]));
    edge = std::max({edge, std::abs(x), std::abs(below.points.back().y), std::abs(above.points.back().y),
                     std::min(std::abs(z[i]), 2 * kEdge)});
  }
  plot.x_low = -(plot.x_high = 1.06 * std::max(3.0, std::abs(points.points.front().x)));
  plot.y_low = -(plot.y_high = 1.06 * edge);
  for (Curve::Point& p : points.points) p.y = std::clamp(p.y, plot.y_low, plot.y_high), p.low = p.high = p.y;
  plot.curves.push_back(std::move(below));
  plot.curves.push_back(std::move(above));
  plot.curves.push_back({"Gaussian",
                         Curve::Style::reference,
                         0,
                         false,
                         0,
                         {point(plot.x_low, plot.x_low), point(plot.x_high, plot.x_high)}});
  plot.curves.push_back(std::move(points));
  return plot;
}

}  // namespace

std::vector<Plot> z_plots(std::vector<double> z) {
  std::ranges::sort(z);
  if (z.size() < kFewest) return {};
  return {plot_histogram(z), plot_quantiles(z)};
}

}  // namespace leafcast::analysis
