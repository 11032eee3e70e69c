#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "analysis/fit/families.h"
#include "analysis/present/figures.h"
#include "analysis/text/cell_text.h"

namespace leafcast::analysis {

namespace {

using Cells = std::vector<std::size_t>;

/// The cells that a figure compares: the true language and contexts evenly spread over the generator with
/// most of them.
struct Selection {
  std::string title;
  struct Entry {
    std::size_t cell;
    std::string label;
    int color;
  };
  std::vector<Entry> entries;
};

Selection select(const Record& record, const Cells& cells, std::size_t most) {
  std::map<std::string, Cells> by_family;
  std::optional<std::size_t> truth;
  Cells largest;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    if (cell.generator_name() == "true") {
      if (!truth) truth = i;
      continue;
    }
    const GeneratorTraits traits = cell.traits();
    if (traits.is_exact && traits.levels.value_or(0) >= cell.language().height)
      continue;  // the true language once more
    Cells& family = by_family[group_key(cell, context_keys())];
    family.push_back(i);
    if (family.size() > largest.size()) largest = family;
  }
  std::stable_sort(largest.begin(), largest.end(), [&](std::size_t a, std::size_t b) {
    return record.plan.cells()[a].traits().levels.value_or(-1) <
           record.plan.cells()[b].traits().levels.value_or(-1);
  });

  Selection selection;
  selection.title = language_text(record.plan.cells()[cells.front()]);
  if (truth) selection.entries.push_back({*truth, "true language", 0});
  if (!largest.empty())
    selection.title += " · " + generator_text(record.plan.cells()[largest.front()], context_keys());
  const std::size_t room = std::min(most, largest.size());
  for (std::size_t i = 0; i < room; ++i) {
    const std::size_t place = room == 1 ? 0 : (i * (largest.size() - 1) + (room - 1) / 2) / (room - 1);
    const std::string label = text(record.plan.cells()[largest[place]],
                                   [](const std::string& key) { return context_keys().contains(key); });
    selection.entries.push_back({largest[place], label, static_cast<int>(i) + 1});
  }
  return selection;
}

Plot frame(const Record& record, const Cells& cells, const Selection& selection, const std::string& name,
           const std::string& title) {
  Plot plot;
  plot.name = file_name(language_text(record.plan.cells()[cells.front()])) + "-" + name;
  plot.title = title + selection.title;
  return plot;
}

std::optional<Plot> plot_by_height(const Record& record, const EstimateIndex& index, const Cells& cells,
                                   const std::string& statistic, const std::string& name,
                                   const std::string& title) {
  const Selection selection = select(record, cells, 5);
  const int height = record.plan.cells()[cells.front()].language().height;
  std::vector<double> shown;
  std::vector<std::pair<const Selection::Entry*, std::vector<Measurement>>> list;
  for (const Selection::Entry& entry : selection.entries) {
    std::vector<Measurement> measurements;
    for (int j = 1; j <= height; ++j)
      if (const Estimate* estimate = index.find(entry.cell, statistic, j);
          estimate && !std::isnan(estimate->value))
        measurements.push_back({entry.cell, static_cast<double>(j), estimate});
    if (measurements.size() < 2) continue;
    const auto more = clear_values(measurements, true);
    shown.insert(shown.end(), more.begin(), more.end());
    list.emplace_back(&entry, std::move(measurements));
  }
  if (list.empty()) return {};

  Plot plot = frame(record, cells, selection, name, title);
  plot.whole_x = true;
  plot.log_y = true;
  plot.x_low = 0.6;
  plot.x_high = height + 0.4;
  set_y_range(plot, shown);
  for (const auto& [entry, measurements] : list)
    add_measurements(plot, entry->label, measurements, entry->color, 0, plot.log_y);
  clip_bars(plot);
  return plot;
}

/// Density of (S − mean)/sd. Bins of the tally are joined until they are 0.15 sd wide.
std::optional<Curve> histogram(const Cell& cell, const CellTally& bins, const Selection::Entry& entry) {
  std::map<std::int32_t, double> counts;
  double samples = 0;
  for (const Tally& tally : bins)
    for (const auto& [bin, count] : tally.histogram) {
      counts[bin] += static_cast<double>(count);
      samples += static_cast<double>(count);
    }
  if (samples < 2) return {};

  const double q = cell.language().symbols();
  const auto offset =
      static_cast<double>(cell.language().symbols() * HistogramBins::centre(cell) - cell.language().leaves());
  const auto left_of = [&](int bin) {
    return q * (static_cast<double>(HistogramBins::lower(bin)) - 0.5) + offset;
  };
  const auto right_of = [&](int bin) {
    return left_of(bin) + q * static_cast<double>(HistogramBins::width(bin));
  };
  double mean = 0, square = 0;
  for (const auto& [bin, count] : counts) mean += (left_of(bin) + right_of(bin)) / 2 * count / samples;
  for (const auto& [bin, count] : counts)
    square += std::pow((left_of(bin) + right_of(bin)) / 2 - mean, 2) * count / samples;
  const double sd = std::sqrt(square);
  if (sd == 0) return {};

  Curve curve{entry.label, Curve::Style::steps, entry.color, false, 0, {}};
  const int first = counts.begin()->first, last = counts.rbegin()->first;
  double left = left_of(first), inside = 0;
  curve.points.push_back(point((left - mean) / sd, 0));
  for (int bin = first; bin <= last; ++bin) {
    const auto count = counts.find(bin);
    if (count != counts.end()) inside += count->second;
    const double right = right_of(bin);
    if (right - left < 0.15 * sd && bin < last) continue;
    add_bin(curve, (left - mean) / sd, (right - mean) / sd, inside / samples / (right - left) * sd);
    left = right;
    inside = 0;
  }
  curve.points.push_back(point((left - mean) / sd, 0));
  return curve;
}

std::optional<Plot> plot_histograms(const Record& record, const Cells& cells) {
  const Selection selection = select(record, cells, 3);
  Plot plot = frame(record, cells, selection, "histogram", "Histogram of S: ");
  plot.x_label = "(S − mean) / standard deviation";
  plot.y_label = "probability density";
  plot.caption =
      "Histogram of the sentence's sum, standardized. A short context makes it Gaussian; the true language "
      "is not, where dλ² > 1.";
  plot.x_low = -4;
  plot.x_high = 4;
  double highest = gaussian(0);
  for (const Selection::Entry& entry : selection.entries) {
    auto curve = histogram(record.plan.cells()[entry.cell], record.tallies(entry.cell), entry);
    if (!curve) continue;
    for (const Curve::Point& p : curve->points) highest = std::max(highest, p.y);
    plot.curves.push_back(std::move(*curve));
  }
  if (plot.curves.empty()) return {};
  add_gaussian(plot);
  plot.y_low = 0;
  plot.y_high = 1.08 * highest;
  return plot;
}

}  // namespace

std::vector<Plot> scale_plots(const Record& record, const EstimateIndex& index, const Cells& cells) {
  std::vector<Plot> plots;
  if (auto plot =
          plot_by_height(record, index, cells, "variance", "variance-by-height", "Variance by scale: ")) {
    plot->x_label = "subtree height j";
    plot->y_label = "Var(s) / dʲ";
    plot->caption =
        "Variance of the sums over subtrees of height j: a bounded context follows the true language up to "
        "about its own depth, then stays behind. Lines are exact." +
        plot->caption;
    plots.push_back(std::move(*plot));
  }
  if (auto plot =
          plot_by_height(record, index, cells, "correlation", "correlation", "Correlation by scale: ")) {
    plot->x_label = "height of the leaves' lowest common ancestor";
    plot->y_label = plot->log_y ? "|correlation|" : "correlation";
    plot->caption =
        std::string(
            "Two-point correlation of leaves by the height of their lowest common ancestor. Lines are exact.") +
        (plot->log_y ? " Hollow symbols are negative." : "") + plot->caption;
    plots.push_back(std::move(*plot));
  }
  if (auto plot = plot_histograms(record, cells)) plots.push_back(std::move(*plot));
  return plots;
}

}  // namespace leafcast::analysis
