#include "engine/plan/goal.h"

#include <algorithm>
#include <cmath>

#include "engine/observe/estimate.h"
#include "engine/values.h"

namespace leafcast {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '@';
  });
}

/// Where the next + stands that is not of an exponent, 1e+05.
std::size_t item_end(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i) {
    const bool in_exponent = i >= begin + 2 && (text[i - 1] == 'e' || text[i - 1] == 'E') &&
                             ((text[i - 2] >= '0' && text[i - 2] <= '9') || text[i - 2] == '.');
    if (text[i] == '+' && !in_exponent) return i;
  }
  return text.size();
}

}  // namespace

double Target::tolerance(double value) const { return std::max(relative * std::abs(value), absolute); }

std::vector<std::pair<std::string, double>> parse_targets(std::string_view text) {
  std::vector<std::pair<std::string, double>> targets;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = item_end(text, begin);
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    const auto colon = item.find(':');
    const std::string name(colon == item.npos ? "variance" : trimmed(item.substr(0, colon)));
    const auto number = parse_real(trimmed(colon == item.npos ? item : item.substr(colon + 1)));
    const auto is_same = [&](const auto& target) { return target.first == name; };
    if (!number || !is_name(name) || std::ranges::any_of(targets, is_same)) return {};
    targets.emplace_back(name, *number);
    begin = end + 1;
  }
  return targets;
}

GoalState judge(std::span<const Target> targets, std::span<const Estimate> estimates) {
  GoalState worst;
  if (targets.empty()) {
    worst.met = true;
    worst.excess = 0;
    return worst;
  }
  worst.excess = -1;
  for (const Target& target : targets) {
    const auto found = std::ranges::find(estimates, StatisticName(target.statistic), &Estimate::statistic);
    const double value = found == estimates.end() ? kUnknown : found->value;
    const double error = found == estimates.end() ? kUnknown : found->error;
    double excess = std::numeric_limits<double>::infinity();
    if (const double tolerance = target.tolerance(value); error == 0 && !std::isnan(value))
      excess = 0;
    else if (tolerance > 0 && !std::isnan(error))
      excess = error / tolerance;
    if (excess > worst.excess) worst = {excess <= 1, excess, target.statistic, value, error};
  }
  return worst;
}

std::vector<Side> sides(std::span<const Level> levels, std::span<const Estimate> estimates) {
  std::vector<Side> list;
  for (const Level& level : levels) {
    const auto found = std::ranges::find(estimates, StatisticName(level.statistic), &Estimate::statistic);
    const double value = found == estimates.end() ? kUnknown : found->value;
    list.push_back(std::isnan(value) ? Side::unknown : value < level.value ? Side::below : Side::above);
  }
  return list;
}

double foreseen_samples(const GoalState& state, double samples) {
  return state.met ? samples : samples * state.excess * state.excess;
}

}  // namespace leafcast
