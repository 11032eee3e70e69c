#include "engine/cell/shares.h"

#include <fmt/format.h>

#include <sstream>

#include "engine/cell/cell.h"
#include "engine/cell/sampling_keys.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::size_t kMaxShares = 4095;  // of at most 2^20 chunks each
constexpr char kShareSeparator = '+';

std::string joined(const std::vector<SeedShare>& shares, std::uint64_t SeedShare::*number) {
  std::string text;
  for (const SeedShare& share : shares) {
    if (!text.empty()) text += kShareSeparator;
    text += fmt::format("{}", share.*number);
  }
  return text;
}

/// Numbers joined by +; empty if one is none.
std::vector<std::uint64_t> split_numbers(const std::string& text) {
  std::vector<std::uint64_t> numbers;
  std::istringstream in(text);
  for (std::string field; std::getline(in, field, kShareSeparator);) {
    const auto number = parse_whole(field);
    if (!number) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

bool lists_seeds(const std::string& seed) { return seed.find(kShareSeparator) != std::string::npos; }

Cell Cell::from_parameters(const Parameters& parameters) {
  const auto seed = parameters.find("seed"), samples = parameters.find("sampling.samples");
  if (seed == parameters.end() || !lists_seeds(seed->second)) return make(parameters);
  const std::vector<std::uint64_t> seeds = split_numbers(seed->second);
  const std::vector<std::uint64_t> numbers =
      samples == parameters.end() ? std::vector<std::uint64_t>{} : split_numbers(samples->second);
  if (seeds.size() < 2 || seeds.size() != numbers.size())
    throw CellError{"seed", seed->second, "pooled seeds have as many numbers of samples, joined by +"};
  std::vector<SeedShare> shares;
  for (std::size_t i = 0; i < seeds.size(); ++i) shares.push_back({seeds[i], numbers[i]});
  Parameters first = parameters;
  first["seed"] = fmt::format("{}", seeds[0]);
  first["sampling.samples"] = fmt::format("{}", numbers[0]);
  return make(first).with_shares(std::move(shares));
}

Cell Cell::with_shares(std::vector<SeedShare> shares) const {
  const auto refuse = [&](const std::string& key, std::uint64_t SeedShare::*number,
                          const std::string& reason) {
    throw CellError{key, joined(shares, number), reason};
  };
  for (const char* key : {kRelativeKey, kAbsoluteKey})
    if (parameters_.contains(key))
      throw CellError{key, parameters_.at(key), "cells with a target error are not pooled"};
  if (const auto crossing = parameters_.find(kCrossingKey); crossing != parameters_.end())
    throw CellError{kCrossingKey, crossing->second, "candidates of a search are not pooled"};
  if (shares.empty() || shares.size() > kMaxShares)
    refuse("seed", &SeedShare::seed, fmt::format("a cell has 1 to {} seeds", kMaxShares));
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i > 0 && shares[i].seed <= shares[i - 1].seed)
      refuse("seed", &SeedShare::seed, "pooled seeds differ and ascend");
    if (shares[i].samples == 0 || shares[i].samples > kMaxSamples - samples)
      refuse("sampling.samples", &SeedShare::samples,
             fmt::format("the number of samples is at least 1 a seed and at most {} in all", kMaxSamples));
    samples += shares[i].samples;
  }
  Cell cell = *this;
  cell.parameters_["seed"] = joined(shares, &SeedShare::seed);
  cell.parameters_["sampling.samples"] = joined(shares, &SeedShare::samples);
  cell.shares_ = std::move(shares);
  cell.samples_ = samples;
  return cell;
}

}  // namespace leafcast
