#include "jobs/commands/search_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <set>

#include "analysis/estimate/goal_check.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"

namespace leafcast::jobs {

namespace {

/// What the candidates have in common: the label of the first without its place on the axis.
std::string common_text(const Cell& cell, const std::string& axis) {
  return analysis::text(cell, [&](const std::string& key) { return key != axis; });
}

void add_crossings(const Record& record, const Search& search, std::size_t level,
                   std::vector<std::string>& lines) {
  const Plan& plan = record.plan;
  const std::string what = fmt::format("{} = {}", search.rule.levels[level].statistic,
                                       analysis::number_text(search.rule.levels[level].value));
  const std::string where = common_text(plan.cells()[search.cells.front()], search.rule.axis);
  const std::string name = search.rule.axis.substr(search.rule.axis.rfind('.') + 1);
  const auto value = [&](std::uint32_t cell) { return axis_value(plan.cells()[cell], search.rule.axis); };
  std::optional<std::uint32_t> before;
  Side side = Side::unknown;
  bool crossed = false;
  std::size_t unknown = 0;
  for (const std::uint32_t cell : search.cells) {
    if (record.ledger.count(cell) == 0) continue;
    const Side here = analysis::check_goal(plan.cells()[cell], record.tallies(cell)).sides[level];
    if (here == Side::unknown) {
      ++unknown;
      continue;
    }
    if (before && here != side) {
      lines.push_back(
          fmt::format("{} between {} = {} and {}: {}", what, name, value(*before), value(cell), where));
      crossed = true;
    }
    before = cell;
    side = here;
  }
  if (!crossed && before)
    lines.push_back(fmt::format("{} is not crossed up to {} = {}: {}", what, name, value(*before), where));
  if (unknown > 0)
    lines.push_back(
        fmt::format("{} is not defined by what was drawn at {} candidates, which are across nothing: {}",
                    search.rule.levels[level].statistic, unknown, where));
}

}  // namespace

std::string crossings_text(const std::vector<Search>& searches) {
  std::map<std::string, std::set<double>> levels;
  for (const Search& search : searches)
    for (const Level& level : search.rule.levels) levels[level.statistic].insert(level.value);
  std::vector<std::string> parts;
  for (const auto& [statistic, values] : levels) {
    const std::string least = analysis::number_text(*values.begin()),
                      most = analysis::number_text(*values.rbegin());
    if (values.size() <= 2)
      parts.push_back(
          fmt::format("{} crosses {}{}", statistic, least, values.size() == 2 ? " or " + most : ""));
    else
      parts.push_back(
          fmt::format("{} crosses its level ({} levels, {} to {})", statistic, values.size(), least, most));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> crossings_found(const Record& record) {
  std::vector<std::string> lines;
  for (const Search& search : searches(record.plan))
    for (std::size_t level = 0; level < search.rule.levels.size(); ++level)
      add_crossings(record, search, level, lines);
  return lines;
}

}  // namespace leafcast::jobs
