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

constexpr std::size_t kMostCurves = 7;  // a color each
constexpr double kNarrow = 0.3;         // spread of shares, of the largest, that is shown from close by
constexpr double kOfLeast = 0.1;        // of k*: bars of intervals that have no bound end there

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
void add_pair(Plot& plot, const Pair& pair, const std::string& label, int color, X x, Scale scale) {
  if (pair.exact) {
    Curve line{"", Curve::Style::line, color, false, 0, {}};
    for (const RequiredPoint& p : pair.exact->points)
      if (is_sharp(*pair.exact, p)) line.points.push_back(point(x(p), scale(p) * p.required));
    if (line.points.size() > 1) plot.curves.push_back(std::move(line));
  }
  Curve points{label, Curve::Style::points, color, false, 0, {}};
  for (const RequiredPoint& p : pair.measured->points)
    points.points.push_back({x(p), scale(p) * p.required, scale(p) * std::max(p.low, kOfLeast * p.required),
                             scale(p) * std::min(p.high, p.required / kOfLeast)});
  plot.curves.push_back(std::move(points));
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

/// Series that one figure has colors for, the part-th of them from 0.
std::vector<Pair> part_of(const std::vector<Pair>& pairs, std::size_t part) {
  const std::size_t first = std::min(pairs.size(), part * kMostCurves);
  return {pairs.begin() + static_cast<std::ptrdiff_t>(first),
          pairs.begin() + static_cast<std::ptrdiff_t>(std::min(pairs.size(), first + kMostCurves))};
}

Plot headline_plot(const Subject& subject, std::size_t part) {
  const std::string criterion = subject.constrained() ? "valid_rate" : "variance";
  Plot plot;
  plot.name = file_name(subject.title) + "-required";
  plot.title = subject.title + ": what it takes to write long sentences";
  plot.x_label = "leaves of the sentence, n";
  plot.y_label = "required for " + match_text(criterion, subject.tolerance());
  plot.log_x = plot.log_y = true;
  int color = 0;
  std::vector<Pair> series = subject.of("context", criterion);
  std::ranges::move(subject.of("memory", criterion), std::back_inserter(series));
  series = part_of(series, part);
  std::vector<Pair> memories;
  for (const Pair& pair : series) {
    const bool is_memory = pair.measured->resource == "memory";
    add_pair(plot, pair, writer(pair) + (is_memory ? ": bits" : ": leaves"), ++color, leaves, one);
    if (is_memory) memories.push_back(pair);
  }
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
  tell_apart(plot);
  plot.caption = fmt::format(
      "The least context (leaves that a writer sees) and working memory (bits) with which it reaches {}. A context must grow in "
      "proportion to the sentence, explicit memory with its logarithm (GKMSS Theorems 3.1 to 3.4). Bars: where it lies with 95% "
      "confidence, from the last size of the scan that clearly fails to the first from which on all clearly pass; lines: the same "
      "from exact values.",
      match_text(criterion, subject.tolerance()));
  return plot;
}

Plot share_plot(const Subject& subject, const std::string& criterion, std::size_t part) {
  Plot plot;
  plot.name = file_name(subject.title) + "-required-share-" + criterion;
  plot.title = fmt::format("{}: share of the sentence for {}", subject.title,
                           match_text(criterion, subject.tolerance()));
  plot.y_label = "required context, k*/n";
  int color = 0;
  bool has_blocks = false, has_kgrams = false;
  for (const Pair& pair : part_of(subject.of("context", criterion), part)) {
    add_pair(plot, pair, writer(pair), ++color, height, [](const RequiredPoint& p) { return 1 / p.n; });
    (pair.cell->traits().walk == Walk::kgram ? has_kgrams : has_blocks) = true;
  }
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
  tell_apart(plot);
  plot.caption =
      "The same as a share of the sentence: a constant share is k* = Θ(n). Bars reach from the last context of the scan that "
      "clearly fails to the first from which on all clearly pass.";
  if (has_kgrams)
    plot.caption +=
        " Symbols of k-grams stand where the deviation, interpolated linearly in log k between the two, meets the tolerance.";
  if (has_blocks)
    plot.caption += " Blocks have no context in between: their symbols stand in the geometric middle.";
  if (cut) plot.caption += " The vertical axis does not begin at 0.";
  return plot;
}

Plot memory_plot(const Subject& subject, std::size_t part) {
  Plot plot;
  plot.name = file_name(subject.title) + "-required-memory";
  plot.title =
      fmt::format("{}: working memory within {} of the truth", subject.title, percent(subject.tolerance()));
  plot.y_label = "required memory, bits";
  const auto pairs = part_of(subject.of("memory", ""), part);
  int color = 0;
  for (const Pair& pair : pairs)
    add_pair(plot, pair, writer(pair) + ", " + criterion_text(pair.measured->criterion), ++color, height,
             one);
  if (plot.curves.empty()) return plot;
  const auto [low, high] = heights(pairs);
  add_path(plot, *pairs.front().cell, low, high, [](int h) { return h; });
  set_heights(plot, pairs.front().measured->d);
  set_y_range(plot, Extent(plot).y);
  tell_apart(plot);
  plot.caption =
      "Bits of the fewest whole levels that suffice: linear in h, that is in log n. Bars show where a verdict is within noise.";
  return plot;
}

/// As many figures as it takes to show all series.
template <class Draw>
void add_parts(std::vector<Plot>& plots, Draw draw) {
  std::vector<Plot> parts;
  for (std::size_t part = 0;; ++part) {
    Plot plot = draw(part);
    if (plot.curves.empty()) break;
    parts.push_back(std::move(plot));
  }
  number_parts(parts);
  std::ranges::move(parts, std::back_inserter(plots));
}

}  // namespace

std::vector<Plot> required_plots(const Record& record, const std::vector<Required>& measured,
                                 const std::vector<Required>& exact) {
  std::vector<Plot> plots;
  const std::vector<Subject> list = subjects(record, measured, exact);
  for (const Subject& subject : list)
    add_parts(plots, [&](std::size_t part) { return headline_plot(subject, part); });
  for (const char* criterion : {"variance", "excess_kurtosis", "valid_rate"})
    for (const Subject& subject : list)
      add_parts(plots, [&](std::size_t part) { return share_plot(subject, criterion, part); });
  for (const Subject& subject : list)
    add_parts(plots, [&](std::size_t part) { return memory_plot(subject, part); });
  return plots;
}

}  // namespace leafcast::analysis
