#include "analysis/present/required_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "analysis/fit/families.h"
#include "analysis/present/required_table.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr int kMostCurves = 7;    // a color each
constexpr double kNarrow = 0.3;   // spread of shares, of the largest, that is shown from close by
constexpr double kOfLeast = 0.1;  // of k*: bars of intervals that have no bound end there

/// A measured series beside its exact counterpart.
struct Pair {
  const Required* measured;
  const Required* exact;  ///< null where theory knows nothing
  const Cell* cell;
};

/// All series of one language, whatever its height.
struct Subject {
  std::string title;
  std::vector<Pair> pairs;

  std::vector<Pair> of(const std::string& resource, const std::string& criterion) const {
    std::vector<Pair> list;
    for (const Pair& pair : pairs)
      if (pair.measured->resource == resource && (criterion.empty() || pair.measured->criterion == criterion))
        list.push_back(pair);
    return list;
  }
  bool constrained() const { return pairs.front().cell->language().constrained; }
  double tolerance() const { return pairs.front().measured->tolerance; }
};

std::vector<Subject> subjects(const Record& record, const std::vector<Required>& measured,
                              const std::vector<Required>& exact) {
  std::vector<Subject> list;
  for (const Required& series : measured) {
    if (series.points.size() < 2) continue;
    const Cell& cell = *typical_cell(record, series);
    const std::string title = text(
        cell, [](const std::string& key) { return describes_language(key) && key != "language.height"; });
    auto entry = std::find_if(list.begin(), list.end(), [&](const Subject& s) { return s.title == title; });
    if (entry == list.end()) entry = list.insert(entry, {title, {}});
    entry->pairs.push_back({&series, find_exact(record, exact, series), &cell});
  }
  // The longest lie below the others, and have the same color in every figure.
  for (Subject& subject : list)
    std::stable_sort(subject.pairs.begin(), subject.pairs.end(), [](const Pair& a, const Pair& b) {
      return a.measured->points.size() > b.measured->points.size();
    });
  return list;
}

std::string writer(const Pair& pair) {
  std::set<std::string> without = context_keys();
  without.erase("seed");
  return generator_text(*pair.cell, without);
}

/// Points measured and the exact line behind them. `x` and `scale` give a point's place: (x(p),
/// scale(p)·required).
template <class X, class Scale>
void add_pair(Plot& plot, const Pair& pair, const std::string& label, int color, double shift, X x,
              Scale scale) {
  if (pair.exact) {
    Curve line{"", Curve::Style::line, color, false, 0, {}};
    for (const RequiredPoint& p : pair.exact->points)
      if (is_sharp(*pair.exact, p)) line.points.push_back(point(x(p), scale(p) * p.required));
    if (line.points.size() > 1) plot.curves.push_back(std::move(line));
  }
  Curve points{label, Curve::Style::points, color, false, shift, {}};
  for (const RequiredPoint& p : pair.measured->points)
    points.points.push_back({x(p), scale(p) * p.required, scale(p) * std::max(p.low, kOfLeast * p.required),
                             scale(p) * std::min(p.high, p.required / kOfLeast)});
  plot.curves.push_back(std::move(points));
}

/// So that the points of several series at one height stay apart.
double shift(int i, int series) {
  return series > 1 ? 0.3 * (static_cast<double>(i) / (series - 1) - 0.5) : 0;
}

double one(const RequiredPoint&) { return 1; }
double leaves(const RequiredPoint& p) { return p.n; }
double height(const RequiredPoint& p) { return p.height; }

/// The ends of all curves so far.
struct Extent {
  double x_low = INFINITY, x_high = -INFINITY;
  std::vector<double> y;

  explicit Extent(const Plot& plot) {
    for (const Curve& curve : plot.curves)
      for (const Curve::Point& p : curve.points) {
        if (std::isnan(p.y)) continue;
        x_low = std::min(x_low, p.x);
        x_high = std::max(x_high, p.x);
        y.insert(y.end(), {p.y, p.low, p.high});
      }
    std::erase_if(y, [](double v) { return !(v > 0); });
  }
};

void set_heights(Plot& plot, int d) {
  const Extent extent(plot);
  plot.x_label = "height of the tree, h";
  plot.x2_base = d;
  plot.x2_label = "leaves of the sentence, n";
  plot.whole_x = true;
  plot.x_low = extent.x_low - 0.5;
  plot.x_high = extent.x_high + 0.5;
}

int bits(int values) {
  int b = 0;
  while ((1 << b) < values) ++b;
  return b;
}

/// What a path to the root takes: the symbol and the sibling index at every level.
double path_bits_a_level(const Cell& cell) {
  return bits(cell.language().symbols()) + bits(cell.language().d);
}

/// Memory of the whole path, over the heights of the curves. `place` puts a height on the x axis.
template <class Place>
void add_path(Plot& plot, const Cell& cell, int low, int high, Place place) {
  const double level = path_bits_a_level(cell);
  Curve curve{fmt::format("{}h bits: the whole path", level), Curve::Style::slope, 0, false, 0, {}};
  for (int h = low; h <= high; ++h) curve.points.push_back(point(place(h), level * h));
  plot.curves.push_back(std::move(curve));
}

std::pair<int, int> heights(const std::vector<Pair>& pairs) {
  int low = 1 << 30, high = 0;
  for (const Pair& pair : pairs)
    for (const RequiredPoint& p : pair.measured->points) {
      low = std::min(low, p.height);
      high = std::max(high, p.height);
    }
  return {low, high};
}

std::string percent(double tolerance) { return number_text(100 * tolerance, 3) + "%"; }

std::string match_text(const std::string& criterion, double tolerance) {
  if (criterion == "valid_rate") return fmt::format("{} valid sentences", percent(1 - tolerance));
  return fmt::format("the true {} within {}", criterion_text(criterion), percent(tolerance));
}

Plot headline_plot(const Subject& subject) {
  const std::string criterion = subject.constrained() ? "valid_rate" : "variance";
  Plot plot;
  plot.name = file_name(subject.title) + "-required";
  plot.title = subject.title + ": what it takes to write long sentences";
  plot.x_label = "leaves of the sentence, n";
  plot.y_label = "required for " + match_text(criterion, subject.tolerance());
  plot.log_x = plot.log_y = true;
  int color = 0;
  const auto contexts = subject.of("context", criterion), memories = subject.of("memory", criterion);
  for (const Pair& pair : contexts)
    if (color < kMostCurves) add_pair(plot, pair, writer(pair) + ": leaves", ++color, 0, leaves, one);
  for (const Pair& pair : memories)
    if (color < kMostCurves) add_pair(plot, pair, writer(pair) + ": bits", ++color, 0, leaves, one);
  if (plot.curves.empty()) return plot;
  const Extent extent(plot);
  plot.x_low = extent.x_low / 2;
  plot.x_high = extent.x_high * 2;
  if (!memories.empty()) {
    const auto [low, high] = heights(memories);
    const double d = memories.front().cell->language().d;
    add_path(plot, *memories.front().cell, low, high, [d](int h) { return std::pow(d, h); });
  }
  plot.curves.push_back({"the whole sentence, slope 1",
                         Curve::Style::reference,
                         0,
                         false,
                         0,
                         {point(plot.x_low, plot.x_low), point(plot.x_high, plot.x_high)}});
  std::vector<double> y = extent.y;
  y.push_back(extent.x_high);
  set_y_range(plot, y);
  plot.y_low = std::max(plot.y_low, *std::min_element(y.begin(), y.end()) / 2);
  plot.caption = fmt::format(
      "The least context (leaves that a writer sees) and working memory (bits) with which it reaches {}. A "
      "context "
      "must grow in proportion to the sentence, explicit memory with its logarithm (GKMSS Theorems 3.1 to "
      "3.4). Bars: "
      "where it lies with 95% confidence, from the last size of the scan that clearly fails to the first from which on all clearly "
      "pass; lines: the same symbols from exact values.",
      match_text(criterion, subject.tolerance()));
  return plot;
}

Plot share_plot(const Subject& subject, const std::string& criterion) {
  Plot plot;
  plot.name = file_name(subject.title) + "-required-share-" + criterion;
  plot.title = fmt::format("{}: share of the sentence for {}", subject.title,
                           match_text(criterion, subject.tolerance()));
  plot.y_label = "required context, k*/n";
  const auto pairs = subject.of("context", criterion);
  const int curves = std::min<int>(kMostCurves, static_cast<int>(pairs.size()));
  for (int i = 0; i < curves; ++i)
    add_pair(plot, pairs[i], writer(pairs[i]), i + 1, shift(i, curves), height,
             [](const RequiredPoint& p) { return 1 / p.n; });
  if (plot.curves.empty()) return plot;
  set_heights(plot, subject.pairs.front().measured->d);
  const auto y = Extent(plot).y;
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  const bool cut = *most - *least < kNarrow * *most;  // else error bars would not be seen
  if (cut) {
    plot.y_low = *least - (*most - *least);
    plot.y_high = *most + (*most - *least);
  } else {
    set_y_range(plot, y);
  }
  plot.caption = fmt::format(
      "The same as a share of the sentence: a constant share is k* = Θ(n). Bars reach from the last context of the scan that clearly "
      "fails to the first from which on all clearly pass; symbols stand where the deviation of k-grams, linear in log k between the "
      "two, meets the tolerance, and in the geometric middle for blocks, which have no context in between. Points of one height are "
      "moved apart.{}",
      cut ? " The vertical axis does not begin at 0." : "");
  return plot;
}

Plot memory_plot(const Subject& subject) {
  Plot plot;
  plot.name = file_name(subject.title) + "-required-memory";
  plot.title =
      fmt::format("{}: working memory within {} of the truth", subject.title, percent(subject.tolerance()));
  plot.y_label = "required memory, bits";
  const auto pairs = subject.of("memory", "");
  const int curves = std::min<int>(kMostCurves, static_cast<int>(pairs.size()));
  for (int i = 0; i < curves; ++i)
    add_pair(plot, pairs[i], writer(pairs[i]) + ", " + criterion_text(pairs[i].measured->criterion), i + 1,
             shift(i, curves), height, one);
  if (plot.curves.empty()) return plot;
  const auto [low, high] = heights(pairs);
  add_path(plot, *pairs.front().cell, low, high, [](int h) { return h; });
  set_heights(plot, pairs.front().measured->d);
  set_y_range(plot, Extent(plot).y);
  plot.caption =
      "Bits of the fewest whole levels that suffice: linear in h, that is in log n. Points of one height are "
      "moved "
      "apart; bars show where a verdict is within noise.";
  return plot;
}

}  // namespace

std::vector<Plot> required_plots(const Record& record, const std::vector<Required>& measured,
                                 const std::vector<Required>& exact) {
  std::vector<Plot> plots;
  const auto add = [&](Plot plot) {
    if (!plot.curves.empty()) plots.push_back(std::move(plot));
  };
  const std::vector<Subject> list = subjects(record, measured, exact);
  for (const Subject& subject : list) add(headline_plot(subject));
  for (const char* criterion : {"variance", "excess_kurtosis", "valid_rate"})
    for (const Subject& subject : list) add(share_plot(subject, criterion));
  for (const Subject& subject : list) add(memory_plot(subject));
  return plots;
}

}  // namespace leafcast::analysis
