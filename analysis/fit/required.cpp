#include "analysis/fit/required.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "analysis/fit/crossing.h"
#include "analysis/fit/families.h"
#include "analysis/text/cell_text.h"
#include "analysis/theory/exact.h"

namespace leafcast::analysis {

namespace {

constexpr double kLeastTrue = 0.01;  // of |κ_true|

const std::vector<std::string>& criteria() {
  static const std::vector<std::string> list = {"variance", "excess_kurtosis", "valid_rate"};
  return list;
}

/// In which the cells of a series differ.
const std::set<std::string>& size_keys() {
  static const std::set<std::string> keys = {"language.height", "generator.context",
                                             "generator.context-depth", "generator.memory-depth"};
  return keys;
}

/// What does not change the law: exact series are the same for all of it.
const std::set<std::string>& lawless_keys() {
  static const std::set<std::string> keys = {"seed", "generator.method"};
  return keys;
}

std::string writer_key(const Cell& cell) {
  std::set<std::string> free = size_keys();
  free.insert(lawless_keys().begin(), lawless_keys().end());
  return group_key(cell, free);
}

struct Value {
  double value, error;
};

/// What is known of a statistic of a cell.
using Source = std::function<std::optional<Value>(std::size_t cell, const std::string& statistic)>;

/// What a writer of a bounded resource has of it.
struct Amount {
  const char* resource;
  double size;
  int level;  ///< of a memory; whole levels, so that a scan can be seen to leave none out
  CrossingResult (*find)(std::span<const ScanPoint>, double tolerance, double truth_error);
};

std::optional<Amount> amount(const Cell& cell, std::size_t index, const Source& source) {
  if (const auto* reasoning = std::get_if<ReasoningGenerator>(&cell.generator())) {
    const auto bits = source(index, "memory_bits");
    if (!bits || !(bits->value > 0)) return {};
    return Amount{"memory", bits->value, reasoning->memory_depth, find_level};
  }
  const GeneratorTraits traits = cell.traits();
  if (!traits.levels || !traits.is_exact) return {};
  return Amount{"context", std::pow(cell.language().d, *traits.levels), 0,
                traits.walk == Walk::kgram ? find_crossing : find_interval};
}

/// x_true of the languages, each found once.
class Truths {
 public:
  Truths(const Record& record, const Source& source) : source_(source) {
    for (std::size_t i = 0; i < record.plan.cells().size(); ++i)
      if (std::holds_alternative<TrueGenerator>(record.plan.cells()[i].generator()))
        sampled_[language_text(record.plan.cells()[i])].push_back(i);
  }

  std::optional<Value> operator()(const Cell& cell, const std::string& statistic) {
    const std::string language = language_text(cell);
    const auto exact = exact_.try_emplace(language, true_language(cell)).first->second(statistic);
    if (exact) return Value{exact->value, exact->error};
    for (const std::size_t i : sampled_[language])
      if (const auto value = source_(i, statistic)) return value;
    return {};
  }

 private:
  const Source& source_;
  std::map<std::string, Exact> exact_;
  std::map<std::string, std::vector<std::size_t>> sampled_;
};

/// The contexts or memories of one writer at one height.
struct Scan {
  const Cell* cell = nullptr;  ///< any of them
  struct Member {
    Amount amount;
    std::size_t index;
    Value statistic;
  };
  std::vector<Member> members;
};

struct Series {
  Required required;
  std::map<int, Scan> by_height;
  std::vector<std::pair<std::string, std::vector<int>>> remarks;  ///< with the heights that they are about

  void remark(const std::string& text, int height) {
    const auto same = [&](const auto& entry) { return entry.first == text; };
    auto entry = std::find_if(remarks.begin(), remarks.end(), same);
    if (entry == remarks.end()) entry = remarks.insert(entry, {text, {}});
    entry->second.push_back(height);
  }
};

/// By ascending size. Of several of one size, contexts beyond the sentence say, the one measured best.
void order(std::vector<Scan::Member>& members) {
  std::stable_sort(members.begin(), members.end(), [](const Scan::Member& a, const Scan::Member& b) {
    return std::pair(a.amount.size, a.statistic.error) < std::pair(b.amount.size, b.statistic.error);
  });
  const auto same = [](const Scan::Member& a, const Scan::Member& b) {
    return std::abs(a.amount.size - b.amount.size) <= 1e-9 * b.amount.size;
  };
  members.erase(std::unique(members.begin(), members.end(), same), members.end());
}

/// Why what lies between two neighbours of a scan of memories is not known. What a scan of contexts leaves between is in the
/// error.
std::string gap(const Amount& a, const Amount& b) {
  if (b.resource != std::string("memory") || b.level - a.level == 1) return "";
  return fmt::format("no memory between {} and {} levels was scanned", a.level, b.level);
}

void add_point(Series& series, int height, Scan& scan, Truths& truths) {
  Required& required = series.required;
  const auto remark = [&](const std::string& text) { series.remark(text, height); };
  const auto truth = truths(*scan.cell, required.criterion);
  if (!truth) return remark("the true value is not known");
  if (!(std::abs(truth->value) >= kLeastTrue))
    return remark("the true value is so near 0 that no tolerance is relative to it");
  order(scan.members);
  if (scan.members.size() < 2) return remark("a single size is not a scan");
  std::vector<ScanPoint> points;
  for (const Scan::Member& m : scan.members)
    points.push_back(
        {m.amount.size, m.statistic.value / truth->value - 1, std::abs(m.statistic.error / truth->value)});
  const CrossingResult result =
      scan.members.front().amount.find(points, required.tolerance, std::abs(truth->error / truth->value));
  if (!result.crossing) return remark(result.why_none);
  const Scan::Member &a = scan.members[result.crossing->failing], &b = scan.members[result.crossing->passing];
  const std::string missing = gap(a.amount, b.amount);
  if (!missing.empty()) return remark(missing);
  // What is interpolated has the noise in its error; between whole sizes it decides which.
  if (result.crossing->in_doubt && scan.members.front().amount.find != find_crossing)
    remark("decided within noise");
  // Who sees all of the sentence writes the language, whatever noise says of a scan.
  const auto leaves = static_cast<double>(scan.cell->language().leaves());
  const double most = required.resource == "context" ? leaves : std::numeric_limits<double>::infinity();
  required.points.push_back({leaves,
                             result.crossing->size,
                             result.crossing->error(),
                             {a.index, b.index},
                             height,
                             result.crossing->statistical,
                             result.crossing->systematic,
                             result.crossing->low,
                             std::min(result.crossing->high, most)});
}

/// `merged`: keys, besides the sizes and the height, in which the cells of a series may differ.
std::vector<Required> find_required(const Record& record, const std::vector<std::size_t>& cells,
                                    const Source& source, const std::set<std::string>& merged,
                                    double tolerance) {
  if (!(tolerance > 0 && tolerance < 1))
    throw std::invalid_argument(fmt::format("a tolerance lies between 0 and 1, not at {}", tolerance));
  std::set<std::string> free = size_keys();
  free.insert(merged.begin(), merged.end());
  std::vector<Series> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    const auto size = amount(cell, i, source);
    if (!size) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, free), list.size());
    if (is_new)
      for (const std::string& criterion : criteria())
        list.push_back(
            {{criterion, size->resource, group_text(cell, free), cell.language().d, tolerance, {}, {}},
             {},
             {}});
    for (std::size_t c = 0; c < criteria().size(); ++c) {
      const auto value = source(i, criteria()[c]);
      if (!value) continue;
      Scan& scan = list[entry->second + c].by_height[cell.language().height];
      scan.cell = &cell;
      scan.members.push_back({*size, i, *value});
    }
  }
  std::vector<Required> found;
  Truths truths(record, source);
  for (Series& series : list) {
    for (auto& [height, scan] : series.by_height) add_point(series, height, scan, truths);
    for (const auto& [text, heights] : series.remarks)
      series.required.remarks.push_back(fmt::format("h = {}: {}", fmt::join(heights, ", "), text));
    if (!series.by_height.empty()) found.push_back(std::move(series.required));
  }
  return found;
}

}  // namespace

std::vector<Required> required(const Record& record, const EstimateIndex& index, double tolerance) {
  const Source measured = [&](std::size_t cell, const std::string& statistic) -> std::optional<Value> {
    const Estimate* e = index.find(cell, statistic);
    if (!e || !std::isfinite(e->value) || !std::isfinite(e->error)) return {};
    return Value{e->value, e->error};
  };
  return find_required(record, index.cells(), measured, {}, tolerance);
}

std::vector<Required> required_exactly(const Record& record, const EstimateIndex& index, double tolerance) {
  std::map<std::string, Exact> theory;  // where there is no estimate that would carry it
  const Source exact = [&](std::size_t cell, const std::string& statistic) -> std::optional<Value> {
    const Cell& c = record.plan.cells()[cell];
    if (const Estimate* e = index.find(cell, statistic)) {
      if (!std::isfinite(e->exact)) return {};
      return Value{e->exact, e->exact_error};
    }
    if (statistic == "valid_rate" && !c.language().constrained) return {};
    const auto value = theory.try_emplace(group_key(c, {"seed"}), c).first->second(statistic);
    if (!value) return {};
    return Value{value->value, value->error};
  };
  return find_required(record, index.cells(), exact, lawless_keys(), tolerance);
}

const Cell* typical_cell(const Record& record, const Required& series) {
  return series.points.empty() ? nullptr : &record.plan.cells()[series.points.front().cells.front()];
}

const Required* find_exact(const Record& record, const std::vector<Required>& exact,
                           const Required& measured) {
  const Cell* cell = typical_cell(record, measured);
  if (!cell) return nullptr;
  const auto same = [&](const Required& series) {
    const Cell* other = typical_cell(record, series);
    return series.criterion == measured.criterion && other && writer_key(*other) == writer_key(*cell);
  };
  const auto found = std::find_if(exact.begin(), exact.end(), same);
  return found == exact.end() ? nullptr : &*found;
}

const RequiredPoint* find_point(const Required& series, int height) {
  const auto found = std::find_if(series.points.begin(), series.points.end(),
                                  [&](const RequiredPoint& p) { return p.height == height; });
  return found == series.points.end() ? nullptr : &*found;
}

bool is_sharp(const Required& series, const RequiredPoint& point) {
  constexpr double kMostLevels = 1.5;
  return series.resource == "memory" || point.high <= std::pow(series.d, kMostLevels) * point.low;
}

const RequiredPoint* find_sharp_point(const Required* series, int height) {
  const RequiredPoint* point = series ? find_point(*series, height) : nullptr;
  return point && is_sharp(*series, *point) ? point : nullptr;
}

}  // namespace leafcast::analysis
