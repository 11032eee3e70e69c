#include "analysis/present/comparisons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "analysis/fit/families.h"
#include "analysis/fit/least_squares.h"
#include "analysis/present/figures.h"
#include "analysis/present/plot.h"
#include "analysis/present/required_table.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/plan/search.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostCompared = 7;  // a color each
constexpr std::size_t kFewestOfFit = 3;
constexpr double kExcludedShare = 0.01;

struct ComparedStatistic {
  const char *statistic, *name, *title, *y_label;
  bool log;  ///< its size, where values differ enough
};
constexpr ComparedStatistic kComparedStatistics[] = {
    {"variance", "variance", "Variance", "Var(S) / n", true},
    {"excess_kurtosis", "kurtosis", "Excess kurtosis", "|excess kurtosis| of S", true},
    {"valid_rate", "valid", "Valid sentences", "share of valid sentences", false},
    {"kl_divergence", "divergence", "Divergence from the language", "D(language ‖ writer), bits a leaf",
     true},
    {"entropy_rate", "entropy", "Entropy", "bits a leaf", false},
};

/// "d" of "language.d".
std::string short_name(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// "d=3", "ρ=0.9".
std::string value_label(const Cell& cell, const std::string& key) {
  for (const Part& part : parts(cell))
    if (part.key == key && !part.text.empty()) return part.text;
  return fmt::format("{}={}", short_name(key), axis_value(cell, key));
}

/// Where a cell is on the axis of the key; nothing if its value is no number.
std::optional<double> place_of(const Cell& cell, const std::string& key) {
  return parse_real(axis_value(cell, key));
}

/// Values by number if they are, else as they come in the plan.
struct CellsByValue {
  std::vector<std::pair<std::string, std::vector<std::size_t>>> values;

  void add(const Plan& plan, std::size_t cell, const std::string& key) {
    const std::string value = axis_value(plan.cells()[cell], key);
    auto entry = std::ranges::find(values, value, &std::pair<std::string, std::vector<std::size_t>>::first);
    if (entry == values.end()) entry = values.insert(values.end(), {value, {}});
    entry->second.push_back(cell);
  }
  void order() {
    std::ranges::stable_sort(values, [](const auto& a, const auto& b) {
      const auto x = parse_real(a.first), y = parse_real(b.first);
      return x && y && *x < *y;
    });
  }
};

/// Cells that agree in all but these keys, by values of the key.
std::vector<CellsByValue> groups_over(const Record& record, const std::vector<std::size_t>& cells,
                                      const std::string& key, std::set<std::string> without) {
  without.insert(key);
  std::map<std::string, std::size_t> place;
  std::vector<CellsByValue> list;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    if (axis_value(cell, key).empty()) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, without), list.size());
    if (is_new) list.emplace_back();
    list[entry->second].add(record.plan, i, key);
  }
  std::erase_if(list, [](const CellsByValue& group) { return group.values.size() < 2; });
  for (CellsByValue& group : list) group.order();
  return list;
}

/// Compared of measurements, each with its label, in figures of seven at most.
struct Compared {
  std::string label;
  std::vector<Measurement> measurements;
};

void set_compared_axes(Plot& plot, const std::vector<Compared>& list, bool log) {
  std::set<double> x;
  std::vector<double> sizes, values;
  for (const Compared& series : list)
    for (const Measurement& m : series.measurements) {
      x.insert(m.x);
      for (const double end : {-1.0, 0.0, 1.0})
        if (const double v = m.estimate->value + end * m.estimate->error; std::isfinite(v))
          values.push_back(v);
    }
  for (const Compared& series : list)
    std::ranges::copy(clear_values(series.measurements, true), std::back_inserter(sizes));
  plot.log_y = log;
  set_y_range(plot, sizes);
  if (!plot.log_y) set_y_range(plot, values);
  const double room = 0.07 * (*x.rbegin() - *x.begin());
  plot.x_low = *x.begin() - room;
  plot.x_high = *x.rbegin() + room;
  plot.whole_x = std::ranges::all_of(x, [](double v) { return v == std::round(v); });
}

/// `frame`: name, titles and labels.
void add_compared(std::vector<Plot>& plots, const Plot& frame, const std::vector<Compared>& list, bool log) {
  std::vector<Plot> parts_of;
  std::deque<Estimate> means;
  for (auto first = list.begin(); first != list.end();) {
    const auto end = first + std::min<std::ptrdiff_t>(kMostCompared, list.end() - first);
    std::vector<Compared> shown(first, end);
    std::size_t averaged = 0;
    for (Compared& series : shown) averaged = std::max(averaged, average_crowds(series.measurements, means));
    Plot plot = frame;
    set_compared_axes(plot, shown, log);
    int color = 0;
    for (const Compared& series : shown)
      add_measurements(plot, series.label, series.measurements, ++color, 0, plot.log_y);
    if (std::ranges::any_of(plot.curves, [](const Curve& c) { return c.open; }))
      plot.caption += " Hollow symbols are negative.";
    tell_apart(plot);
    plot.caption += " Solid lines are exact values, thin dashes join points without.";
    if (averaged > 0) plot.caption += fmt::format(" Symbols are means over up to {} cells.", averaged);
    clip_bars(plot);
    parts_of.push_back(std::move(plot));
    first = end;
  }
  number_parts(parts_of);
  std::ranges::move(parts_of, std::back_inserter(plots));
}

void add_against_context(std::vector<Plot>& plots, const Record& record, const EstimateIndex& index,
                         const std::string& key) {
  for (const CellsByValue& group : groups_over(record, index.cells(), key, context_keys()))
    for (const ComparedStatistic& shown : kComparedStatistics) {
      std::vector<Compared> list;
      std::set<double> x;
      std::string name;
      for (const auto& [value, cells] : group.values)
        for (Family& family : families(record, index, cells, shown.statistic)) {
          const Cell& cell = record.plan.cells()[family.measurements.front().cell];
          std::set<std::string> without = context_keys();
          without.insert(key);
          name = group_text(cell, without);
          for (const Measurement& m : family.measurements) x.insert(m.x);
          list.push_back({value_label(cell, key), std::move(family.measurements)});
        }
      if (list.size() < 2 || x.size() < 2) continue;
      Plot plot;
      plot.name = file_name(fmt::format("compare {} {} {}", short_name(key), shown.name, name));
      plot.title = fmt::format("{} against context over {}: {}", shown.title, short_name(key), name);
      plot.x_label = "levels of context: w, m, log k / log d";
      plot.y_label = shown.y_label;
      plot.caption = fmt::format("{} of writers that differ in {} alone.", shown.title, short_name(key));
      add_compared(plots, plot, list, shown.log);
    }
}

void add_against_key(std::vector<Plot>& plots, const Record& record, const EstimateIndex& index,
                     const std::string& key) {
  // Figures by what they have in common without contexts, in each a series for every context.
  std::map<std::string, std::size_t> place;
  std::vector<std::vector<CellsByValue>> figures;
  std::set<std::string> without = context_keys();
  without.insert(key);
  for (CellsByValue& group : groups_over(record, index.cells(), key, {"seed"})) {
    const Cell& cell = record.plan.cells()[group.values.front().second.front()];
    const auto [entry, is_new] = place.try_emplace(group_key(cell, without), figures.size());
    if (is_new) figures.emplace_back();
    figures[entry->second].push_back(std::move(group));
  }
  for (const std::vector<CellsByValue>& figure : figures)
    for (const ComparedStatistic& shown : kComparedStatistics) {
      std::vector<Compared> list;
      std::string name;
      for (const CellsByValue& group : figure) {
        Compared series;
        std::set<double> x;
        for (const auto& [value, cells] : group.values)
          for (const std::size_t i : cells) {
            const Cell& cell = record.plan.cells()[i];
            const Estimate* estimate = index.find(i, shown.statistic);
            const auto at = place_of(cell, key);
            if (!at || !estimate || std::isnan(estimate->value)) continue;
            series.measurements.push_back({i, *at, estimate});
            x.insert(*at);
            series.label = generator_text(cell, {key, "seed"});
            name = group_text(cell, without);
          }
        if (x.size() > 1) list.push_back(std::move(series));
      }
      if (list.empty()) continue;
      Plot plot;
      plot.name = file_name(
          fmt::format("compare {} {} by {} {}", short_name(key), shown.name, short_name(key), name));
      plot.title = fmt::format("{} against {}: {}", shown.title, short_name(key), name);
      plot.x_label = short_name(key);
      plot.y_label = shown.y_label;
      plot.caption = fmt::format("{} of cells that differ in {} alone.", shown.title, short_name(key));
      add_compared(plots, plot, list, shown.log);
    }
}

/// k*/n of one writer, by the key.
struct Shares {
  struct Point {
    double x, value, error, low, high, n;
  };
  std::string writer, language, criterion;
  std::vector<Point> points;

  bool can_fit() const {
    return points.size() >= kFewestOfFit &&
           std::ranges::all_of(points, [](const Point& p) { return p.x > 0 && p.value > 0 && p.error > 0; });
  }
  /// log(k*/n) = slope·log x + intercept.
  LeastSquares fit() const {
    std::vector<double> x, y, sigma;
    for (const Point& p : points) {
      x.push_back(std::log(p.x));
      y.push_back(std::log(p.value));
      sigma.push_back(p.error / p.value);
    }
    return fit_line(x, y, sigma);
  }
};

std::vector<Shares> shares(const Record& record, const std::vector<Required>& needs, const std::string& key) {
  std::set<std::string> free = context_keys();
  free.insert({key, "language.height"});
  std::map<std::string, std::size_t> place;
  std::vector<Shares> list;
  for (const Required& series : needs) {
    const Cell* cell = typical_cell(record, series);
    if (series.resource != "context" || !cell) continue;
    const auto x = place_of(*cell, key);
    if (!x) continue;
    const auto [entry, is_new] =
        place.try_emplace(group_key(*cell, free) + "\n" + series.criterion, list.size());
    if (is_new)
      list.push_back({generator_text(*cell, free),
                      text(*cell,
                           [&](const std::string& name) {
                             return describes_language(name) && name != key && name != "language.height";
                           }),
                      series.criterion,
                      {}});
    const RequiredPoint& p = series.points.back();
    list[entry->second].points.push_back(
        {*x, p.required / p.n, p.error / p.n, p.low / p.n, p.high / p.n, p.n});
  }
  std::erase_if(list, [](const Shares& series) { return series.points.size() < 2; });
  for (Shares& series : list) std::ranges::sort(series.points, {}, &Shares::Point::x);
  return list;
}

std::vector<Plot> compared_share_plots(const std::vector<Shares>& list, const std::string& key) {
  std::vector<Plot> plots;
  std::set<std::pair<std::string, std::string>> done;
  for (const Shares& first : list) {
    if (!done.insert({first.language, first.criterion}).second) continue;
    Plot frame;
    frame.name = file_name(
        fmt::format("compare {} required share {} {}", short_name(key), first.criterion, first.language));
    frame.title = fmt::format("{}: k*/n for the {} against {}", first.language,
                              criterion_text(first.criterion), short_name(key));
    frame.x_label = short_name(key);
    frame.y_label = "required context, k*/n";
    frame.caption = fmt::format(
        "The share of the sentence that a writer must see, at its largest n for each {0}, with its 95% interval. Lines are power "
        "laws of {0} fitted to three values or more, which no theory predicts.",
        short_name(key));
    std::vector<Plot> parts_of;
    int color = 0;
    std::vector<double> y;
    double low = INFINITY, high = -INFINITY;
    const auto finish = [&] {
      if (color == 0) return;
      set_y_range(parts_of.back(), y);
      parts_of.back().whole_x = std::ranges::all_of(parts_of.back().curves, [](const Curve& c) {
        return c.style != Curve::Style::points ||
               std::ranges::all_of(c.points, [](const Curve::Point& p) { return p.x == std::round(p.x); });
      });
      parts_of.back().x_low = low - 0.1 * (high - low);
      parts_of.back().x_high = high + 0.1 * (high - low);
      tell_apart(parts_of.back());
      clip_bars(parts_of.back());
      color = 0;
      y.clear();
    };
    for (const Shares& series : list) {
      if (series.language != first.language || series.criterion != first.criterion) continue;
      if (color == static_cast<int>(kMostCompared)) finish();
      if (color == 0) parts_of.push_back(frame);
      Plot& plot = parts_of.back();
      ++color;
      if (series.can_fit()) {
        const LeastSquares line = series.fit();
        Curve curve{"", Curve::Style::line, color, false, 0, {}};
        constexpr int kSteps = 40;
        const double from = series.points.front().x, to = series.points.back().x;
        for (int i = 0; i <= kSteps; ++i) {
          const double x = from * std::pow(to / from, static_cast<double>(i) / kSteps);
          curve.points.push_back(
              point(x, std::exp(line.coefficients(0) * std::log(x) + line.coefficients(1))));
        }
        plot.curves.push_back(std::move(curve));
      }
      Curve points{series.writer, Curve::Style::points, color, false, 0, {}};
      for (const Shares::Point& p : series.points) {
        points.points.push_back({p.x, p.value, p.low, p.high});
        y.insert(y.end(), {p.value, p.low, p.high});
        low = std::min(low, p.x);
        high = std::max(high, p.x);
      }
      plot.curves.push_back(std::move(points));
    }
    finish();
    number_parts(parts_of);
    std::ranges::move(parts_of, std::back_inserter(plots));
  }
  return plots;
}

Table compared_share_table(const std::vector<Shares>& list, const std::string& key) {
  using Kind = Column::Kind;
  Table table{{{"language", Kind::word},
               {"writer", Kind::word},
               {"match", Kind::word},
               {short_name(key), Kind::word},
               {"k*/n", Kind::word},
               {"power of " + short_name(key)},
               {"chi2/dof", Kind::word},
               {"p", Kind::word},
               {"", Kind::word}},
              {}};
  for (const Shares& series : list) {
    std::string x, y;
    for (const Shares::Point& p : series.points) {
      x += (x.empty() ? "" : ", ") + number_text(p.x);
      y += (y.empty() ? "" : ", ") + value_text(p.value, p.error);
    }
    Row row{series.language, series.writer, criterion_text(series.criterion), x, y};
    if (series.can_fit()) {
      const LeastSquares line = series.fit();
      const bool is_excluded = line.p_value < kExcludedShare;
      row.insert(row.end(), {is_excluded ? Entry() : Entry(line.coefficients(0), line.error(0)),
                             fmt::format("{:.3g}/{}", line.chi2, line.degrees_of_freedom),
                             probability_text(line.p_value), is_excluded ? "a power law is excluded" : ""});
    } else {
      row.insert(row.end(),
                 {Entry(), "", "",
                  series.points.size() < kFewestOfFit ? "two values are no fit"
                                                      : "no errors, or values without a logarithm"});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::vector<std::string> comparable_keys(const Plan& plan) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : plan.cells()) cells.push_back(&cell);
  const std::set<std::string> keys = varying_keys(cells);
  return {keys.begin(), keys.end()};
}

Document comparison(const Record& record, const EstimateIndex& index, const std::vector<Required>& needs,
                    const std::string& key) {
  const std::vector<Shares> list = shares(record, needs, key);
  std::vector<Plot> plots = compared_share_plots(list, key);
  add_against_context(plots, record, index, key);
  add_against_key(plots, record, index, key);
  Document document;
  if (plots.empty())
    return std::move(document << Paragraph{
                         fmt::format("No cells differ in {} alone and have a statistic to compare.", key)});
  document << Figures{std::move(plots)} << Heading{"Required share of the sentence"}
           << compared_share_table(list, key);
  return document;
}

}  // namespace leafcast::analysis
