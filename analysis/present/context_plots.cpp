#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <set>

#include "analysis/fit/families.h"
#include "analysis/present/figures.h"
#include "analysis/text/cell_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostFamilies = 7;  // a color each
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastRate = 1e-12;  // exact rates fall without end; measured ones need room

struct Wanted {
  std::string statistic, name, title, y_label, caption;
  std::string log_y_label, log_caption;  ///< instead, and in addition, where the axis is logarithmic
};

std::string subscript(int number) {
  static const char* digits[] = {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"};
  std::string text;
  for (const char c : std::to_string(number)) text += digits[c - '0'];
  return text;
}

/// What x is for the generators that are there: "context depth w", "w (block), log₃ k (kgram)".
std::string x_label(const Record& record, const std::vector<Family>& list) {
  std::set<std::string> kinds;
  for (const Family& family : list)
    kinds.insert(record.plan.cells()[family.measurements.front().cell].generator_name());
  const std::string k =
      "log" + subscript(record.plan.cells()[list.front().measurements.front().cell].language().d) + " k";
  const bool alone = kinds.size() == 1;
  std::string joined;
  for (const std::string& kind : kinds) {
    const std::string symbol = kind == "block" ? "w" : kind == "reasoning" ? "m" : k;
    const std::string name = kind == "block" ? "context depth w" : kind == "reasoning" ? "memory depth m" : k;
    joined += (joined.empty() ? "" : ", ") + (alone ? name : symbol + " (" + kind + ")");
  }
  return joined;
}

/// A law to compare with, through the point of the first generator that is clear of its error, at least two
/// levels below the root, and nearest to half the height.
void add_law(Plot& plot, const Cell& cell, const std::vector<Measurement>& points, double growth,
             bool kurtosis) {
  const double height = cell.language().height;
  const Measurement* anchor = nullptr;
  for (const Measurement& m : points) {
    if (m.x > height - 2 || !(std::abs(m.estimate->value) > 3 * m.estimate->error)) continue;
    if (!anchor || std::abs(m.x - height / 2) < std::abs(anchor->x - height / 2)) anchor = &m;
  }
  if (!anchor) return;
  const double y =
      std::abs(std::isnan(anchor->estimate->exact) ? anchor->estimate->value : anchor->estimate->exact);
  if (kurtosis)
    add_slope(plot, "∝ dʷ", anchor->x, y, std::log(cell.language().d));
  else
    add_slope(plot, "∝ (dλ²)ʷ", anchor->x, y, std::log(growth));
}

/// The values, and the ends of all error bars: on a linear axis noise has room.
std::vector<double> with_bars(const std::vector<Family>& list, std::vector<double> values) {
  for (const Family& family : list)
    for (const Measurement& m : family.measurements)
      for (const double sign : {-1.0, 1.0})
        if (m.estimate->error < kInfinity) values.push_back(m.estimate->value + sign * m.estimate->error);
  return values;
}

/// What lines are, in the caption.
void add_key(Plot& plot) {
  const auto has = [&](Curve::Style style) {
    return std::ranges::any_of(plot.curves, [&](const Curve& curve) { return curve.style == style; });
  };
  if (has(Curve::Style::line)) plot.caption += " Solid lines are exact values.";
  if (has(Curve::Style::guide))
    plot.caption += " Thin dashes join the points of a series without exact values.";
}

std::optional<Plot> plot_against_context(const Record& record, const EstimateIndex& index,
                                         const std::vector<std::size_t>& cells, const Wanted& wanted,
                                         std::vector<Family> list) {
  std::deque<Estimate> means;
  std::size_t averaged = 0;
  for (Family& family : list) averaged = std::max(averaged, average_crowds(family.measurements, means));
  std::set<double> x;
  for (const Family& family : list)
    for (const Measurement& m : family.measurements) x.insert(m.x);
  if (x.size() < 2) return {};

  const Cell& cell = record.plan.cells()[cells.front()];
  const double lambda = cell.language().lambda(), growth = cell.language().d * lambda * lambda;
  const bool rate = wanted.statistic == "valid_rate", divergence = wanted.statistic == "kl_divergence";
  const bool has_law = !rate && !divergence && growth > 1;
  Plot plot;
  plot.name = file_name(language_text(cell)) + "-" + wanted.name;
  plot.title = wanted.title + " against context: " + language_text(cell);
  plot.x_label = x_label(record, list);
  plot.whole_x = true;
  plot.x_low = std::floor(*x.begin()) - 0.4;
  plot.x_high = std::ceil(*x.rbegin()) + 0.4;
  plot.x2_base = cell.language().d;
  plot.x2_label = "leaves in the context";

  auto truth = true_value(record, index, cells, wanted.statistic);
  if (divergence) truth.reset();  // 0
  const auto shown = [&](bool sizes) {
    std::vector<double> values;
    for (const Family& family : list)
      for (const double v : clear_values(family.measurements, sizes))
        if (!rate || v > kLeastRate) values.push_back(v);
    if (truth) values.push_back(sizes ? std::abs(*truth) : *truth);
    return values;
  };
  const std::vector<double> sizes = shown(true);
  plot.log_y = has_law || divergence ||
               (rate && std::any_of(sizes.begin(), sizes.end(), [](double v) { return v > 0 && v < 0.02; }));
  set_y_range(plot, sizes);
  if (!plot.log_y) set_y_range(plot, with_bars(list, shown(false)));
  plot.y_label = plot.log_y ? wanted.log_y_label : wanted.y_label;
  plot.caption = wanted.caption + (plot.log_y ? wanted.log_caption : "");
  if (averaged > 0) plot.caption += fmt::format(" Symbols are means over up to {} cells.", averaged);

  if (truth) add_horizontal(plot, "true language", plot.log_y ? std::abs(*truth) : *truth);
  if (has_law && plot.log_y)
    add_law(plot, cell, list.front().measurements, growth, wanted.statistic == "excess_kurtosis");
  int color = 0;
  for (const Family& family : list)
    add_measurements(plot, family.label, family.measurements, ++color, 0, plot.log_y);
  tell_apart(plot);
  add_key(plot);
  const auto is_nowhere = [&](std::size_t i) {
    const Cell& of = record.plan.cells()[i];
    return of.generator_name() == "kgram" && !of.traits().levels && index.find(i, wanted.statistic);
  };
  if (const auto count = std::ranges::count_if(cells, is_nowhere); count > 0)
    plot.caption += fmt::format(" {} k-gram{} of less than a leaf of context {} no place on this axis.",
                                count, count == 1 ? "" : "s", count == 1 ? "has" : "have");
  clip_bars(plot);
  return plot;
}

}  // namespace

std::vector<Plot> context_plots(const Record& record, const EstimateIndex& index,
                                const std::vector<std::size_t>& cells) {
  const Wanted all[] = {
      {.statistic = "variance",
       .name = "variance",
       .title = "Variance",
       .y_label = "Var(S) / n",
       .caption =
           "Variance of the sentence's sum against context. Where dλ² > 1 it grows as a power of the context "
           "(GKMSS Theorem "
           "3.1) and reaches the true language's only when the context is a share of the whole sentence.",
       .log_y_label = "Var(S) / n",
       .log_caption = ""},
      {.statistic = "excess_kurtosis",
       .name = "kurtosis",
       .title = "Excess kurtosis",
       .y_label = "excess kurtosis of S",
       .caption = "Excess kurtosis of the sentence's sum against context. With a bounded context it decays "
                  "like the inverse number "
                  "of blocks (GKMSS Theorem 3.2): sentences look Gaussian.",
       .log_y_label = "|excess kurtosis| of S",
       .log_caption = " Hollow symbols are negative."},
      {.statistic = "valid_rate",
       .name = "valid",
       .title = "Valid sentences",
       .y_label = "share of valid sentences",
       .caption = "Share of sentences that some coloring of the tree explains. Where roots freeze it "
                  "vanishes as the tree grows, for "
                  "any bounded context (GKMSS Theorem 3.3).",
       .log_y_label = "share of valid sentences",
       .log_caption = " Exact rates below 10⁻¹² are off this logarithmic axis."},
      {.statistic = "kl_divergence",
       .name = "divergence",
       .title = "Divergence from the language",
       .y_label = "D(language ‖ writer), bits a leaf",
       .caption = "What the language's sentences cost the writer more than the language itself, a leaf: the "
                  "information that the context does not hold.",
       .log_y_label = "D(language ‖ writer), bits a leaf",
       .log_caption = ""}};
  std::vector<Plot> plots;
  for (const Wanted& wanted : all) {
    const std::vector<Family> list = families(record, index, cells, wanted.statistic);
    std::vector<Plot> parts;
    for (auto first = list.begin(); first != list.end();) {
      const auto end = first + std::min<std::ptrdiff_t>(kMostFamilies, list.end() - first);
      if (auto plot = plot_against_context(record, index, cells, wanted, {first, end}))
        parts.push_back(std::move(*plot));
      first = end;
    }
    number_parts(parts);
    std::ranges::move(parts, std::back_inserter(plots));
  }
  return plots;
}

}  // namespace leafcast::analysis
