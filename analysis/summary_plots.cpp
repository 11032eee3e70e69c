#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/cell_text.h"
#include "analysis/curves.h"
#include "analysis/figures.h"
#include "analysis/overview.h"

namespace leafcast::analysis {

namespace {

constexpr double kShare = 0.9;  // of the true variance
constexpr int kMostCurves = 6;

struct Need {
  double leaves, amount;
};
using Needs = std::map<std::string, std::vector<Need>>;  // by label

/// Smallest context at which the variance reaches `wanted`, if the scan shows where it does: the context a
/// level below falls short, or there is none.
const Measurement* find_sufficient(const Family& family, double wanted) {
  const auto& all = family.measurements;
  const auto first =
      std::find_if(all.begin(), all.end(), [&](const Measurement& m) { return m.estimate->value >= wanted; });
  if (first == all.end()) return nullptr;
  const bool bracketed = first == all.begin() ? first->x == 0 : first->x - std::prev(first)->x < 1.5;
  return bracketed ? &*first : nullptr;
}

Plot plot_needs(const std::string& title, const Needs& needs) {
  Plot plot;
  plot.name = file_name(title) + "-needed-memory";
  plot.title = title;
  plot.x_label = "leaves of the sentence, n";
  plot.y_label = "needed for 90% of the true variance";
  plot.caption =
      "The least that a writer must remember to reach 90% of the true variance. A context window must grow "
      "in proportion to the "
      "sentence; explicit working memory grows with its logarithm (GKMSS Theorems 3.1 and 3.4).";
  plot.log_x = plot.log_y = true;
  std::vector<double> x, y;
  int color = 0;
  for (const auto& [label, list] : needs) {
    if (list.size() < 2 || color == kMostCurves) continue;
    ++color;
    Curve guide{"", Curve::Style::guide, color, false, 0, {}};
    for (const Need& need : list) {
      guide.points.push_back(point(need.leaves, need.amount));
      x.push_back(need.leaves);
      y.push_back(need.amount);
    }
    plot.curves.push_back(guide);
    plot.curves.push_back({label, Curve::Style::points, color, false, 0, std::move(guide.points)});
  }
  if (plot.curves.empty()) return plot;
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  plot.x_low = *least / 1.5;
  plot.x_high = *most * 1.5;
  y.push_back(*most);
  set_y_range(plot, y);
  plot.curves.push_back({"the whole sentence",
                         Curve::Style::reference,
                         0,
                         false,
                         0,
                         {point(plot.x_low, plot.x_low), point(plot.x_high, plot.x_high)}});
  return plot;
}

}  // namespace

std::vector<Plot> needed_memory_plots(const Record& record, const EstimateIndex& index) {
  std::vector<std::pair<std::string, Needs>> by_title;  // in the order of the plan
  for (const std::vector<std::size_t>& cells : by_language(record, index.cells())) {
    const Cell& cell = record.plan.cells()[cells.front()];
    const Language& language = cell.language();
    if (language.d * std::pow(language.channel.lambda(), 2) <= 1) continue;
    const auto truth = true_value(record, index, cells, "variance");
    if (!truth) continue;
    const std::string title = text(
        cell, [](const std::string& key) { return describes_language(key) && key != "language.height"; });
    auto entry =
        std::find_if(by_title.begin(), by_title.end(), [&](const auto& e) { return e.first == title; });
    if (entry == by_title.end()) entry = by_title.insert(entry, {title, {}});
    for (const Family& family : families(record, index, cells, "variance")) {
      const Measurement* m = find_sufficient(family, kShare * *truth);
      if (!m) continue;
      const auto leaves = static_cast<double>(language.leaves());
      const Estimate* bits = index.find(m->cell, "memory_bits");
      if (bits && bits->value > 0)
        entry->second[family.label + ": bits"].push_back({leaves, bits->value});
      else if (!bits)
        entry->second[family.label + ": leaves"].push_back({leaves, std::pow(language.d, m->x)});
    }
  }

  std::vector<Plot> plots;
  for (auto& [title, needs] : by_title) {
    for (auto& [label, list] : needs)
      std::sort(list.begin(), list.end(), [](const Need& a, const Need& b) { return a.leaves < b.leaves; });
    Plot plot = plot_needs(title, needs);
    if (!plot.curves.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

}  // namespace leafcast::analysis
