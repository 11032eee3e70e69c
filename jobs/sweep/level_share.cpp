#include "jobs/sweep/level_share.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <sstream>
#include <vector>

#include "analysis/theory/exact.h"
#include "engine/cell/cell.h"
#include "engine/values.h"
#include "jobs/sweep/ini.h"

namespace leafcast::jobs {

namespace {

const std::string kCrossing = "sampling.crossing", kAlong = "sampling.search-along";

/// The language itself.
Parameters true_language(const Parameters& parameters) {
  Parameters language;
  for (const auto& [key, value] : parameters)
    if (key.starts_with("language.") || key == "observe.symbol") language[key] = value;
  language["generator.kind"] = "true";
  language["sampling.samples"] = "1";
  return language;
}

}  // namespace

double LevelShares::exact(const Parameters& parameters, const std::string& statistic,
                          const std::string& crossing) {
  const Parameters language = true_language(parameters);
  const auto [place, is_new] = known_.try_emplace(to_line(language) + "\n" + statistic);
  if (!is_new) return place->second;
  known_.erase(place);
  const Cell cell = Cell::make(language);
  const auto value = analysis::Exact(cell)(statistic);
  if (!value || value->error != 0 || !std::isfinite(value->value))
    throw CellError(
        kCrossing, crossing,
        fmt::format(
            "the exact {} of {} is not known, so that a share of it is no number; give the level itself",
            statistic, cell.label()));
  return known_[to_line(language) + "\n" + statistic] = value->value;
}

std::string LevelShares::numbers(const Parameters& parameters) {
  const std::string& crossing = parameters.at(kCrossing);
  if (crossing.find('%') == crossing.npos) return crossing;
  if (const auto along = parameters.find(kAlong);
      along != parameters.end() && (along->second == "height" || along->second == "rho"))
    throw CellError(
        kCrossing, crossing,
        fmt::format(
            "candidates of a search along {} are of different languages, and so are their shares; give "
            "the level itself",
            along->second));
  std::vector<std::string> levels;
  std::istringstream items(crossing);
  for (std::string item; std::getline(items, item, '+');) {
    const auto colon = item.find(':');
    const std::string statistic(colon == item.npos ? "variance"
                                                   : trim(std::string_view(item).substr(0, colon)));
    const std::string_view level = trim(colon == item.npos ? item : std::string_view(item).substr(colon + 1));
    if (!level.ends_with('%')) {
      levels.emplace_back(trim(item));
      continue;
    }
    const auto percent = parse_real(trim(level.substr(0, level.size() - 1)));
    if (!percent || !(*percent > 0) || statistic.empty())
      throw CellError(
          kCrossing, crossing,
          fmt::format(
              "\"{}\" is no share, a statistic and a positive percentage; e.g. variance:90%, of what the language itself has",
              trim(item)));
    levels.push_back(
        fmt::format("{}:{:.6g}", statistic, exact(parameters, statistic, crossing) * *percent / 100));
  }
  return fmt::format("{}", fmt::join(levels, "+"));
}

}  // namespace leafcast::jobs
