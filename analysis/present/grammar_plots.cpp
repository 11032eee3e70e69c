#include "analysis/present/grammar_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analysis/text/cell_text.h"

namespace leafcast::analysis {

namespace {

using Point = Curve::Point;

/// The level of "statistic@level".
std::optional<int> level_of(const std::string& name, const std::string& statistic) {
  if (!name.starts_with(statistic + "@")) return {};
  int level = 0;
  const char* begin = name.data() + statistic.size() + 1;
  if (std::from_chars(begin, name.data() + name.size(), level).ec != std::errc()) return {};
  return level;
}

std::string family_of(const Cell& cell) { return text(cell, describes_grammars); }

Point bar(double x, double y, double error) {
  const double e = std::isnan(error) ? 0 : error;
  return {x, y, y - e, y + e};
}

/// Exact values, or their predictions, of a family by level.
std::vector<Point> by_level(const GrammarFamily& family, const std::string& statistic, bool predicted) {
  std::vector<Point> points;
  for (const GrammarValue& value : family.average)
    if (const auto level = level_of(value.statistic, statistic))
      if (const double y = predicted ? value.predicted : value.value; std::isfinite(y))
        points.push_back(bar(*level, y, 0));
  return points;
}

void fit_axes(Plot& plot) {
  const auto is_off = [](const Point& p) { return !(p.y > 0); };
  const bool any = std::ranges::any_of(
      plot.curves, [&](const Curve& curve) { return !std::ranges::all_of(curve.points, is_off); });
  plot.log_y = plot.log_y && any;  // exact correlations are 0 where all tuples have a rule
  double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
  for (const Curve& curve : plot.curves)
    for (const Point& p : curve.points) {
      if (plot.log_y && !(p.y > 0)) continue;
      x_low = std::min(x_low, p.x);
      x_high = std::max(x_high, p.x);
      y_low = std::min(y_low, p.y);
      y_high = std::max(y_high, p.y);
    }
  const auto widen = [](bool log, double low, double high, double& out_low, double& out_high) {
    const double share = 0.06;
    if (log) {
      const double room = std::max(share * std::log(high / low), 0.1);
      out_low = low * std::exp(-room);
      out_high = high * std::exp(room);
    } else {
      const double room = std::max(share * (high - low), 0.05);
      out_low = low - room;
      out_high = high + room;
    }
  };
  widen(plot.log_x, x_low, x_high, plot.x_low, plot.x_high);
  widen(plot.log_y, y_low, y_high, plot.y_low, plot.y_high);
  if (!plot.log_y) return;
  std::size_t off = 0;
  for (Curve& curve : plot.curves) {
    off += std::erase_if(curve.points, is_off);
    for (Point& p : curve.points) p.low = std::max(p.low, plot.y_low);
  }
  if (off > 0)
    plot.caption += fmt::format(" {} value{} of 0 or less {} not on this logarithmic axis.", off,
                                off == 1 ? "" : "s", off == 1 ? "is" : "are");
}

void add(Plot& plot, std::string label, Curve::Style style, int color, std::vector<Point> points) {
  if (!points.empty()) plot.curves.push_back({std::move(label), style, color, false, 0, std::move(points)});
}

/// An empty figure of a family: "<family>-<kind>".
Plot figure(const GrammarFamily& family, const char* kind, const char* title, const char* x_label,
            const char* y_label, const char* caption) {
  Plot plot{};
  plot.name = file_name(family.text) + '-' + kind;
  plot.title = fmt::format("{}: {}", title, family.text);
  plot.x_label = x_label;
  plot.y_label = y_label;
  plot.caption = caption;
  return plot;
}

std::optional<Plot> correlations(const Record& record, const std::vector<GrammarAverage>& averages,
                                 const GrammarFamily& family) {
  std::vector<Point> sampled;
  for (const GrammarAverage& average : averages) {
    const Cell& cell = record.plan.cells()[average.first_cell];
    if (!std::holds_alternative<TrueGenerator>(cell.generator()) || family_of(cell) != family.text) continue;
    if (const auto level = level_of(average.statistic, "token_correlation"))
      sampled.push_back(bar(*level, average.value, average.error));
  }
  const std::vector<Point> exact = by_level(family, "last_token_correlation", false);
  if (exact.size() < 2) return {};
  Plot plot = figure(
      family, "correlations", "Correlations", "height ℓ of the LCA", "rms correlation of the last token",
      "Root mean square correlation of the last token with one before it, over all pairs of symbols, by the "
      "height of their lowest "
      "common ancestor; averages over grammars. It falls as m^−ℓ, so with the distance as t^−β, β = ln m/ln "
      "s (arXiv 2406.00048).");
  plot.log_y = plot.whole_x = true;
  add(plot, "exact", Curve::Style::line, 0, exact);
  add(plot, "many symbols and rules", Curve::Style::slope, 0,
      by_level(family, "last_token_correlation", true));
  add(plot, "sampled", Curve::Style::points, 1, sampled);
  fit_axes(plot);
  return plot;
}

std::optional<Plot> entropies(const GrammarFamily& family) {
  const std::vector<Point> entropy = by_level(family, "last_token_entropy", false);
  if (entropy.size() < 2) return {};
  Plot plot = figure(
      family, "contexts", "What contexts tell", "levels of context (s^k − 1 tokens)", "nats",
      "Entropy of the last token given the context, exactly; the mean logarithm of the number N of tokens "
      "that can follow; and the logarithm of its "
      "mean, which the annealed formula is about. Averages over grammars.");
  plot.log_y = plot.whole_x = true;
  add(plot, "entropy", Curve::Style::line, 1, entropy);
  add(plot, "mean log N", Curve::Style::line, 2, by_level(family, "mean_log_compatible", false));
  add(plot, "log mean N", Curve::Style::line, 3, by_level(family, "log_mean_compatible", false));
  add(plot, "annealed formula", Curve::Style::reference, 0, by_level(family, "log_mean_compatible", true));
  fit_axes(plot);
  return plot;
}

/// Learners of a family by what tells them apart, sizes of training sets aside.
std::map<const Cell*, std::string> learner_labels(const Record& record, const GrammarFamily& family) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : record.plan.cells())
    if (std::holds_alternative<LearnerGenerator>(cell.generator()) && family_of(cell) == family.text)
      cells.push_back(&cell);
  std::set<std::string> told = varying_keys(cells);
  for (const char* key : {"generator.training", "seed"}) told.erase(key);
  told.insert("generator.kind");
  std::map<const Cell*, std::string> labels;
  for (const Cell* cell : cells)
    labels[cell] =
        text(*cell, [&](const std::string& key) { return !describes_language(key) && told.contains(key); });
  return labels;
}

/// A statistic of a family's learners against the size of the training set, by learner.
std::map<std::string, std::vector<Point>> learning_curves(const Record& record,
                                                          const std::vector<GrammarAverage>& averages,
                                                          const GrammarFamily& family,
                                                          const std::string& statistic,
                                                          const std::set<Learner>& learners) {
  std::map<std::string, std::vector<Point>> curves;
  const std::map<const Cell*, std::string> labels = learner_labels(record, family);
  for (const GrammarAverage& average : averages) {
    const Cell& cell = record.plan.cells()[average.first_cell];
    const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
    if (!learner || average.statistic != statistic || !learners.contains(learner->learner) ||
        family_of(cell) != family.text)
      continue;
    curves[labels.at(&cell)].push_back(
        bar(static_cast<double>(learner->training), average.value, average.error));
  }
  for (auto& [label, points] : curves) std::ranges::sort(points, {}, &Point::x);
  std::erase_if(curves, [](const auto& curve) { return curve.second.size() < 2; });
  return curves;
}

std::optional<Plot> learning(const Record& record, const std::vector<GrammarAverage>& averages,
                             const GrammarFamily& family, const std::string& statistic) {
  const auto curves =
      learning_curves(record, averages, family, statistic,
                      statistic == "test_error" ? std::set{Learner::classifier}
                                                : std::set{Learner::counting, Learner::clustering});
  if (curves.empty()) return {};
  Plot plot =
      statistic == "test_error"
          ? figure(family, "classification", "Classification", "sentences in the training set", "test error",
                   "Test error of the root's class against the number of training sentences; averages over "
                   "grammars.")
          : figure(family, "learning", "Learning curves", "sentences in the training set",
                   "test cross-entropy of the last token, nats",
                   "Test cross-entropy of the last token against the number of training sentences; averages "
                   "over grammars. Dashed: its exact entropy given the tokens of 0, 1, 2 … levels, where "
                   "learners that have found so many levels stay until they find the next.");
  plot.log_x = plot.log_y = true;
  int color = 1;
  double least = INFINITY, most = 0;
  for (const auto& [label, points] : curves) {
    least = std::min(least, points.front().x);
    most = std::max(most, points.back().x);
    add(plot, "", Curve::Style::guide, color, points);
    add(plot, label, Curve::Style::points, color, points);
    color = color % 6 + 1;
  }
  if (statistic != "test_error") {
    bool first = true;
    for (const Point& level : by_level(family, "last_token_entropy", false)) {
      add(plot, first ? "exact entropies" : "", Curve::Style::reference, 0,
          {bar(least, level.y, 0), bar(most, level.y, 0)});
      first = false;
    }
  }
  fit_axes(plot);
  return plot;
}

/// The learning curve of a learner by clusters, level by level, as shares of the step that the level makes.
std::optional<Plot> collapse(const GrammarFamily& family, const std::string& learner,
                             const std::vector<Point>& curve) {
  const std::vector<Point> entropy = by_level(family, "last_token_entropy", false),
                           threshold = by_level(family, "sample_threshold", true);
  if (threshold.empty()) return {};
  Plot plot = figure(
      family, "collapse", "Thresholds", "P/P_ℓ", "share of the step that is left",
      "How much of the step between the exact entropies given ℓ − 1 levels of context and ℓ the learner has "
      "not yet made after P sentences, against P over P_ℓ = v m^(2ℓ−1)/(1−f), where the correlations of "
      "level "
      "ℓ stand out of their noise; averages over grammars. One curve for all levels is the collapse of arXiv "
      "2406.00048, for learners that are told the token to be predicted alone.");
  plot.name += '-' + file_name(learner);
  plot.title += ", " + learner;
  plot.log_x = true;
  for (const Point& level : threshold) {
    const auto l = static_cast<std::size_t>(level.x);
    if (l >= entropy.size()) break;
    std::vector<Point> points;
    const double step = entropy[l - 1].y - entropy[l].y;
    for (const Point& p : curve) {
      const auto share = [&](double y) { return (y - entropy[l].y) / step; };
      if (share(p.y) > -0.25 && share(p.y) < 1.25)
        points.push_back({p.x / level.y, share(p.y), share(p.low), share(p.high)});
    }
    const int color = static_cast<int>(l - 1) % 6 + 1;
    add(plot, "", Curve::Style::guide, color, points);
    add(plot, fmt::format("ℓ = {}", l), Curve::Style::points, color, points);
  }
  if (plot.curves.empty()) return {};
  fit_axes(plot);
  return plot;
}

}  // namespace

std::vector<Plot> grammar_plots(const Record& record, const std::vector<GrammarAverage>& averages,
                                const std::vector<GrammarFamily>& families) {
  std::vector<Plot> plots;
  const auto keep = [&](std::optional<Plot> plot) {
    if (plot) plots.push_back(std::move(*plot));
  };
  for (const GrammarFamily& family : families) {
    keep(correlations(record, averages, family));
    keep(entropies(family));
    keep(learning(record, averages, family, "test_cross_entropy"));
    for (const auto& [learner, curve] :
         learning_curves(record, averages, family, "test_cross_entropy", {Learner::clustering}))
      keep(collapse(family, learner, curve));
    keep(learning(record, averages, family, "test_error"));
  }
  return plots;
}

}  // namespace leafcast::analysis
