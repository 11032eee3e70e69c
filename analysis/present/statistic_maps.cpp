#include "analysis/present/statistic_maps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analysis/fit/families.h"
#include "analysis/present/plot.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostPanels = 12, kMostAlong = 40;
constexpr std::size_t kMostRectangles = 6000;  // of a figure, so that it can be part of a page
constexpr std::size_t kMostTrueValues = 400;   // exact values of a language may take a while

using Cells = std::vector<std::size_t>;
using CellsByNumber = std::map<double, Cells>;

struct MapWanted {
  const char *statistic, *name, *title, *value_label, *caption;
  bool log_values = false, as_ratio = false;
};
constexpr MapWanted kMapsWanted[] = {
    {"variance", "variance-ratio", "Variance", "Var(S), writer / language",
     "Variance of the sentence's sum, as a share of the language's own.", false, true},
    {"variance", "variance", "Variance", "Var(S) / n", "Variance of the sentence's sum, per leaf.", true},
    {"excess_kurtosis", "kurtosis", "Excess kurtosis", "excess kurtosis of S",
     "Excess kurtosis of the sentence's sum."},
    {"valid_rate", "valid", "Valid sentences", "share of valid sentences",
     "Share of sentences that some tree of the language explains."},
    {"kl_divergence", "divergence", "Divergence from the language", "D(language ‖ writer), bits per leaf",
     "What the language's sentences cost the writer more than the language itself.", true},
    {"test_excess", "excess", "Test loss above the exact entropy", "excess, nats per prediction",
     "Loss of the learner above the exact entropy of what it sees."}};

/// Keys whose values are as good as each other: over them maps average.
const std::set<std::string>& seed_keys() {
  static const std::set<std::string> keys = {"seed", "language.grammar-seed"};
  return keys;
}

std::optional<double> number_of(const Cell& cell, const std::string& key) {
  const auto found = cell.parameters().find(key);
  if (found == cell.parameters().end()) return {};
  const std::string& text = found->second;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

/// The keys of a cell that may be axes.
std::set<std::string> numeric_keys(const Cell& cell) {
  std::set<std::string> keys;
  for (const Part& part : parts(cell))
    if ((part.key.starts_with("language.") || part.key.starts_with("generator.")) &&
        !seed_keys().contains(part.key) && number_of(cell, part.key))
      keys.insert(part.key);
  return keys;
}

std::string key_text(const std::string& key) {
  static const std::map<std::string, std::string> kWords = {{"language.d", "children per node d"},
                                                            {"language.height", "height h"},
                                                            {"language.rho", "correlation ρ"},
                                                            {"language.q", "colors q"},
                                                            {"language.lambda", "correlation λ"},
                                                            {"language.v", "symbols v"},
                                                            {"language.m", "rules per symbol m"},
                                                            {"language.s", "symbols per rule s"},
                                                            {"language.L", "levels L"},
                                                            {"generator.context", "context k"},
                                                            {"generator.context-depth", "context depth w"},
                                                            {"generator.memory-depth", "memory depth m"},
                                                            {"generator.training", "training sentences"}};
  const auto found = kWords.find(key);
  return found != kWords.end() ? found->second : key.substr(key.find('.') + 1);
}

/// Values that are spread by ratios rather than by differences.
bool is_geometric(const std::vector<double>& values) {
  if (values.size() < 3 || values.front() <= 0 || values.back() < 8 * values.front()) return false;
  double least = INFINITY, most = 0, least_ratio = INFINITY, most_ratio = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const double step = values[i + 1] - values[i], ratio = std::log(values[i + 1] / values[i]);
    least = std::min(least, step), most = std::max(most, step);
    least_ratio = std::min(least_ratio, ratio), most_ratio = std::max(most_ratio, ratio);
  }
  return most_ratio / least_ratio < most / least;
}

/// At most so many, evenly spread, with the first and the last.
std::vector<double> some_of(const CellsByNumber& values, std::size_t most) {
  std::vector<double> all, some;
  for (const auto& [value, cells] : values) all.push_back(value);
  if (all.size() <= most || most < 2) return all;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * (all.size() - 1) / (most - 1)]);
  return some;
}

/// Cells that differ in numbers alone, and the keys that these are of, those of most values first.
struct MapFamily {
  Cells cells;
  std::vector<std::string> keys;
};

class MapMaker {
 public:
  MapMaker(const Record& record, const EstimateIndex& index) : record_(record), index_(index) {}

  /// Those with two keys at least.
  std::vector<MapFamily> families_of(const Cells& cells) const {
    std::map<std::string, Cells> alike;
    std::vector<std::string> order;
    for (const std::size_t i : cells) {
      std::set<std::string> keys = numeric_keys(cell(i));
      std::string name = fmt::format("{}\n", fmt::join(keys, " "));
      keys.insert(seed_keys().begin(), seed_keys().end());
      name += group_key(cell(i), keys);
      Cells& list = alike[name];
      if (list.empty()) order.push_back(name);
      list.push_back(i);
    }
    std::vector<MapFamily> list;
    for (const std::string& name : order) {
      MapFamily family{alike[name], {}};
      std::vector<std::pair<std::size_t, std::string>> swept;
      for (const std::string& key : numeric_keys(cell(family.cells.front())))
        if (const std::size_t count = by_value(family.cells, key).size(); count > 1)
          swept.emplace_back(count, key);
      std::ranges::stable_sort(swept, std::greater<>(), &std::pair<std::size_t, std::string>::first);
      for (const auto& [count, key] : swept) family.keys.push_back(key);
      if (family.keys.size() > 1) list.push_back(std::move(family));
    }
    return list;
  }

  /// A map for each combination of the values of the keys after the third.
  std::vector<Map> maps_of(const MapFamily& family, const MapWanted& wanted) {
    std::set<std::string> shown = seed_keys();
    for (std::size_t k = 0; k < std::min<std::size_t>(3, family.keys.size()); ++k)
      shown.insert(family.keys[k]);
    std::map<std::string, Cells> groups;
    std::vector<std::string> order;
    for (const std::size_t i : family.cells) {
      if (std::isnan(value(i, wanted))) continue;
      const std::string name = group_key(cell(i), shown);
      if (groups[name].empty()) order.push_back(name);
      groups[name].push_back(i);
    }
    std::vector<Map> list;
    for (const std::string& name : order)
      if (auto map = map_of(groups[name], family.keys, shown, wanted)) list.push_back(std::move(*map));
    return list;
  }

 private:
  const Cell& cell(std::size_t i) const { return record_.plan.cells()[i]; }

  CellsByNumber by_value(const Cells& cells, const std::string& key) const {
    CellsByNumber values;
    for (const std::size_t i : cells)
      if (const auto number = number_of(cell(i), key)) values[*number].push_back(i);
    return values;
  }

  double value(std::size_t i, const MapWanted& wanted) {
    const Estimate* estimate = index_.find(i, wanted.statistic);
    if (!estimate || !std::isfinite(estimate->value)) return kUnknown;
    if (!wanted.as_ratio) return estimate->value;
    const double truth = true_variance(i);
    return truth > 0 ? estimate->value / truth : kUnknown;
  }

  /// NaN if it is not known, or would take long.
  double true_variance(std::size_t i) {
    if (cell(i).language().is_grammar()) return kUnknown;
    const std::string language = language_text(cell(i));
    if (const auto known = truth_.find(language); known != truth_.end()) return known->second;
    if (truth_.size() >= kMostTrueValues) return kUnknown;
    return truth_[language] = true_value(record_, index_, {i}, "variance").value_or(kUnknown);
  }

  static Map::Axis axis(const std::string& key, std::vector<double> values) {
    const bool geometric = is_geometric(values);
    return {key_text(key), std::move(values), geometric};
  }

  /// Means over the cells that have both numbers, and how many cells these are at most.
  Map::Panel panel(const Cells& cells, const std::string& x_key, const std::string& y_key, const Map& map,
                   const MapWanted& wanted, std::size_t& averaged) {
    const std::size_t columns = map.x.values.size(), rows = map.y.values.size();
    std::vector<double> sums(rows * columns, 0);
    std::vector<std::size_t> counts(rows * columns, 0);
    for (const std::size_t i : cells) {
      const auto column = std::ranges::find(map.x.values, *number_of(cell(i), x_key)) - map.x.values.begin();
      const auto row = std::ranges::find(map.y.values, *number_of(cell(i), y_key)) - map.y.values.begin();
      if (static_cast<std::size_t>(column) == columns || static_cast<std::size_t>(row) == rows) continue;
      const auto place = static_cast<std::size_t>(row) * columns + static_cast<std::size_t>(column);
      sums[place] += value(i, wanted);
      averaged = std::max(averaged, ++counts[place]);
    }
    for (std::size_t place = 0; place < sums.size(); ++place)
      sums[place] = counts[place] > 0 ? sums[place] / static_cast<double>(counts[place]) : kUnknown;
    return {"", std::move(sums)};
  }

  std::optional<Map> map_of(const Cells& cells, const std::vector<std::string>& keys,
                            const std::set<std::string>& shown, const MapWanted& wanted) {
    std::string x_key = keys[0], y_key = keys[1];
    if (y_key.starts_with("generator.") && !x_key.starts_with("generator.")) std::swap(x_key, y_key);
    const CellsByNumber x = by_value(cells, x_key), y = by_value(cells, y_key);
    if (x.size() < 2 || y.size() < 2) return {};
    Map map;
    map.title = fmt::format("{}: {}", wanted.title, group_text(cell(cells.front()), shown));
    map.name = "map-" + file_name(group_text(cell(cells.front()), shown)) + "-" + wanted.name;
    map.value_label = wanted.value_label;
    map.x = axis(x_key, some_of(x, kMostAlong));
    map.y = axis(y_key, some_of(y, kMostAlong));
    std::string left_out;
    const auto say_left_out = [&](std::size_t some, std::size_t all, const std::string& key) {
      if (some < all) left_out += fmt::format(" {} of {} values of {} are shown.", some, all, key_text(key));
    };
    say_left_out(map.x.values.size(), x.size(), x_key);
    say_left_out(map.y.values.size(), y.size(), y_key);
    std::size_t averaged = 0;
    if (keys.size() < 3) {
      map.panels.push_back(panel(cells, x_key, y_key, map, wanted, averaged));
    } else {
      const CellsByNumber third = by_value(cells, keys[2]);
      const std::size_t room = kMostRectangles / (map.x.values.size() * map.y.values.size());
      const std::vector<double> panels = some_of(third, std::clamp<std::size_t>(room, 3, kMostPanels));
      for (const double v : panels) {
        Map::Panel one = panel(third.at(v), x_key, y_key, map, wanted, averaged);
        if (std::ranges::all_of(one.values, [](double w) { return std::isnan(w); })) continue;
        one.label = text(cell(third.at(v).front()), [&](const std::string& key) { return key == keys[2]; });
        map.panels.push_back(std::move(one));
      }
      say_left_out(panels.size(), third.size(), keys[2]);
    }
    if (map.panels.empty()) return {};
    map.caption = wanted.caption;
    if (map.panels.size() > 1) map.caption += fmt::format(" A panel for each {}.", key_text(keys[2]));
    if (averaged > 1) map.caption += fmt::format(" Means over up to {} seeds.", averaged);
    std::size_t missing = 0, all = 0, off = 0;
    map.log_values = wanted.log_values && spans_decades(map);
    for (const Map::Panel& one : map.panels)
      for (const double v : one.values) {
        ++all;
        missing += std::isnan(v);
        off += map.log_values && v <= 0;
      }
    if (missing > 0) map.caption += fmt::format(" Grey: missing, {} of {}.", missing, all);
    if (off > 0)
      map.caption += fmt::format(" Values of zero and below, {} of {}, have the lowest color.", off, all);
    map.caption += left_out;
    return map;
  }

  /// Most values are positive, and differ by a factor of ten.
  static bool spans_decades(const Map& map) {
    double least = INFINITY, most = 0;
    std::size_t positive = 0, other = 0;
    for (const Map::Panel& panel : map.panels)
      for (const double v : panel.values) {
        if (std::isnan(v)) continue;
        ++(v > 0 ? positive : other);
        if (v > 0) least = std::min(least, v), most = std::max(most, v);
      }
    return most > 10 * least && positive > 9 * other;
  }

  const Record& record_;
  const EstimateIndex& index_;
  std::map<std::string, double> truth_;  ///< variance of the language itself
};

}  // namespace

StatisticMaps statistic_maps(const Record& record, const EstimateIndex& index, std::size_t most) {
  MapMaker make(record, index);
  StatisticMaps shown;
  std::size_t left_out = 0;
  for (const MapFamily& family : make.families_of(index.cells())) {
    bool has_ratio = false;
    for (const MapWanted& wanted : kMapsWanted) {
      if (has_ratio && wanted.statistic == std::string("variance")) continue;
      std::vector<Map> maps = make.maps_of(family, wanted);
      has_ratio = has_ratio || (wanted.as_ratio && !maps.empty());
      for (Map& map : maps)
        if (shown.maps.size() < most)
          shown.maps.push_back(std::move(map));
        else
          ++left_out;
    }
  }
  if (left_out > 0)
    shown.remarks.push_back(
        fmt::format("{} more maps, of other values and statistics, are not drawn: a sweep of fewer keys, or "
                    "the table as CSV, has them.",
                    left_out));
  return shown;
}

}  // namespace leafcast::analysis
