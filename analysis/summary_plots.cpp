#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/curves.h"
#include "analysis/figures.h"

namespace leafcast::analysis {

std::vector<Plot> z_plots(const std::vector<Estimate>& estimates) {
  constexpr int kBins = 20, kFewest = 30;
  constexpr double kEdge = 5, kWidth = 2 * kEdge / kBins;
  std::vector<double> counts(kBins, 0.0);
  double total = 0;
  for (const Estimate& estimate : estimates) {
    const double z = estimate.z();
    if (std::isnan(z) || estimate.error == 0) continue;
    ++counts[static_cast<std::size_t>(std::clamp((z + kEdge) / kWidth, 0.0, kBins - 1.0))];
    ++total;
  }
  if (total < kFewest) return {};

  Plot plot;
  plot.name = "z-scores";
  plot.title = "Deviations from exact values";
  plot.x_label = "z = (estimate − exact) / standard error";
  plot.y_label = "probability density";
  plot.caption = fmt::format(
      "All {} statistics with an error and an exact value; the outermost bins hold all beyond. Statistics of "
      "one cell are "
      "correlated, so the shape fluctuates more than that of independent numbers.",
      total);
  plot.x_low = -kEdge;
  plot.x_high = kEdge;
  plot.y_low = 0;
  Curve curve{"estimates", Curve::Style::steps, 1, false, 0, {point(-kEdge, 0)}};
  for (int b = 0; b < kBins; ++b)
    add_bin(curve, -kEdge + b * kWidth, -kEdge + (b + 1) * kWidth, counts[b] / total / kWidth);
  curve.points.push_back(point(kEdge, 0));
  plot.y_high = 1.1 * std::max(gaussian(0), *std::max_element(counts.begin(), counts.end()) / total / kWidth);
  plot.curves.push_back(std::move(curve));
  add_gaussian(plot);
  return {plot};
}

}  // namespace leafcast::analysis
