#include "engine/cell/sampling_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/parameters/parameter_table.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::uint64_t kDefaultFactor = 1000;  // of max-samples over samples
constexpr const char* kMostKey = "sampling.max-samples";
constexpr const char* kSearchKey = "sampling.search";
constexpr const char* kAlongKey = "sampling.search-along";

/// Words of sampling.search-along, and the keys that they may mean: a cell has one of them at most.
struct Axis {
  const char* word;
  std::vector<const char*> keys;
};
const std::vector<Axis>& axes() {
  static const std::vector<Axis> list = {
      {"memory", {"generator.context", "generator.context-depth", "generator.memory-depth"}},
      {"height", {"language.height", "language.L"}},
      {"rho", {"language.rho"}},
      {"temperature", {"generator.temperature"}},
      {"training", {"generator.training"}}};
  return list;
}
/// A key that its canonical form leaves out at one value is there all the same.
const char* axis_key(const Parameters& parameters, std::size_t axis) {
  for (const char* key : axes()[axis].keys) {
    if (parameters.contains(key)) return key;
    if (find_parameter(key)->unsaid.empty()) continue;
    const auto kind = std::ranges::find(generator_kinds(), parameters.at("generator.kind"), &KindKeys::kind);
    if (std::ranges::find(kind->keys, key) != kind->keys.end()) return key;
  }
  return nullptr;
}

/// As parse_targets reads it, in the order of the statistics.
std::string canonical_text(std::vector<std::pair<std::string, double>> numbers) {
  std::ranges::sort(numbers);
  std::string text;
  for (const auto& [statistic, number] : numbers)
    text += fmt::format("{}{}:{}", text.empty() ? "" : "+", statistic, format_real(number));
  return text;
}

/// Checks the targets of a key, and puts them in order.
void read_targets(ParameterReader& reader, const std::string& key) {
  const auto targets = parse_targets(reader.read_text(key, "a target"));
  if (targets.empty())
    throw reader.error(key,
                       "it is an error such as 0.01, for the variance, or errors of several statistics, each "
                       "once: variance:0.01 + valid_rate:0.05");
  for (const auto& [statistic, error] : targets) {
    if (!(error > 0)) throw reader.error(key, "a target for an error is above 0");
    if (key == kRelativeKey && error >= 1)
      throw reader.error(key, "a relative error is a fraction below 1, as 0.01 for 1%");
  }
  reader.replace(key, canonical_text(targets));
}

/// Reads the keys of `sampling`.
/// `fallback`: samples of a cell without a goal, or of its first stage, if nothing is said.
std::uint64_t read_most_samples(ParameterReader& reader, std::uint64_t fallback) {
  for (const char* key : {kRelativeKey, kAbsoluteKey})
    if (reader.has(key)) read_targets(reader, key);
  if (!reader.has(kRelativeKey) && !reader.has(kAbsoluteKey)) {
    if (reader.has(kMostKey))
      throw reader.error(kMostKey,
                         fmt::format("it limits the search for a target error, and there is none; set {} as "
                                     "well, or {} alone",
                                     kRelativeKey, kSamplesKey));
    return reader.read_whole(kSamplesKey, "the number of samples", 1, kMaxSamples, fallback);
  }
  const auto read_most = [&](std::uint64_t otherwise) {
    return reader.read_whole(kMostKey, "the greatest number of samples", kJackknifeBins, kMaxSamples,
                             otherwise);
  };
  const std::uint64_t limit = reader.has(kMostKey) ? read_most(0) : kMaxSamples;
  const std::uint64_t first =
      reader.read_whole(kSamplesKey, "the number of samples of the first stage of a cell with a target error",
                        kJackknifeBins, kMaxSamples, std::min(fallback, limit));
  const std::uint64_t most = read_most(std::min(kMaxSamples, kDefaultFactor * first));
  if (most < first)
    throw reader.error(
        kMostKey,
        fmt::format("the first stage alone draws {} = {}; raise one, or lower the other", kSamplesKey, first),
        true);
  return most;
}

}  // namespace

std::uint64_t read_samples(ParameterReader& reader, int particles, std::uint64_t fallback) {
  const std::uint64_t least = kJackknifeBins * static_cast<std::uint64_t>(particles);
  const std::uint64_t most = read_most_samples(reader, std::max(fallback, least));
  const std::uint64_t first = reader.has(kSamplesKey)
                                  ? reader.read_whole(kSamplesKey, "the number of samples", 1, kMaxSamples, 1)
                                  : std::min(most, std::max(fallback, least));
  if (first < least)
    throw reader.error(
        kSamplesKey,
        fmt::format("splitting writes runs of generator.particles = {} sentences, and needs one for "
                    "each of {} bins: {} samples at least; raise them, or lower the particles",
                    particles, kJackknifeBins, least));
  return most;
}

void read_search(ParameterReader& reader) {
  if (!reader.has(kCrossingKey)) {
    for (const char* key : {kSearchKey, kAlongKey})
      if (reader.has(key))
        throw reader.error(
            key, fmt::format("it says how a crossing is looked for, and none is; set {} as well, or "
                             "leave it out",
                             kCrossingKey));
    return;
  }
  const auto levels = parse_targets(reader.read_text(kCrossingKey, "a crossing"));
  if (levels.empty())
    throw reader.error(kCrossingKey,
                       "it is a statistic and its level, valid_rate:0.9, or several, each statistic once: "
                       "valid_rate:0.9 + excess_kurtosis:-0.1");
  reader.replace(kCrossingKey, canonical_text(levels));
  std::vector<std::string> words;
  for (const Axis& axis : axes()) words.emplace_back(axis.word);
  const int axis = reader.read_choice(kAlongKey, words);
  reader.read_choice(kSearchKey, {"bisect", "ascend"});
  if (!axis_key(reader.canonical(), static_cast<std::size_t>(axis)))
    for (const char* key : {kCrossingKey, kSearchKey, kAlongKey}) reader.drop(key);
}

std::optional<SearchRule> Cell::search() const {
  const auto crossing = parameters_.find(kCrossingKey);
  if (crossing == parameters_.end()) return std::nullopt;
  SearchRule rule;
  for (const auto& [statistic, level] : parse_targets(crossing->second))
    rule.levels.push_back({statistic, level});
  rule.order = parameters_.at(kSearchKey) == "ascend" ? SearchRule::Order::ascend : SearchRule::Order::bisect;
  const auto axis = std::ranges::find(axes(), parameters_.at(kAlongKey), &Axis::word);
  rule.axis = axis_key(parameters_, static_cast<std::size_t>(axis - axes().begin()));
  return rule;
}

bool Cell::is_adaptive() const { return has_goal() || parameters_.contains(kCrossingKey); }

bool Cell::has_goal() const {
  return parameters_.contains(kRelativeKey) || parameters_.contains(kAbsoluteKey);
}

std::vector<Target> Cell::targets() const {
  std::map<std::string, Target> targets;  // by statistic
  for (const auto& [key, number] :
       {std::pair{kRelativeKey, &Target::relative}, std::pair{kAbsoluteKey, &Target::absolute}})
    if (const auto given = parameters_.find(key); given != parameters_.end())
      for (const auto& [statistic, error] : parse_targets(given->second))
        targets.try_emplace(statistic, Target{statistic}).first->second.*number = error;
  std::vector<Target> list;
  for (auto& [statistic, target] : targets) list.push_back(std::move(target));
  return list;
}

std::uint64_t Cell::first_samples() const {
  return has_goal() ? *parse_whole(parameters_.at(kSamplesKey)) : samples_;
}

}  // namespace leafcast
