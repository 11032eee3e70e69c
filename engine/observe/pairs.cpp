#include "engine/observe/pairs.h"

#include <numeric>

#include "engine/cell/cell.h"
#include "engine/language/tree.h"
#include "engine/observe/tally.h"

namespace leafcast {

namespace {

constexpr const Field* kPairsFields[] = {&fields::pair_count};

bool observes_pairs(const Cell& cell) { return cell.observe().pairs != Pairs::none; }

std::size_t symbol_pairs(const Cell& cell) {
  const auto symbols = static_cast<std::size_t>(cell.language().symbols());
  return symbols * symbols;
}

Entries pair_entries(const Cell& cell) {
  return {0, observed_pairs(cell).distance.size() * symbol_pairs(cell)};
}

std::vector<FieldAxis> pair_axes(const Cell& cell) {
  std::vector<std::int32_t> symbols(static_cast<std::size_t>(cell.language().symbols()));
  std::iota(symbols.begin(), symbols.end(), 0);
  return {{"distance", observed_pairs(cell).distance}, {"symbol", symbols}, {"last_symbol", symbols}};
}

/// Every pair has been counted once in every sample.
const char* pair_contradiction(const Cell& cell, const Tally& tally) {
  const std::span<const std::uint64_t> counts = tally.counts(fields::pair_count);
  const std::size_t size = symbol_pairs(cell);
  for (std::size_t begin = 0; begin < counts.size(); begin += size) {
    std::uint64_t rest = tally.samples;
    for (const std::uint64_t count : counts.subspan(begin, size)) {
      if (count > rest) return "pairs that do not count its samples";
      rest -= count;
    }
    if (rest != 0) return "pairs that do not count its samples";
  }
  return nullptr;
}

void simulate_pairs(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  const std::span<std::uint64_t> counts = tally.counts(fields::pair_count);
  const std::size_t size = symbol_pairs(cell);
  for (std::size_t begin = 0; begin < counts.size(); begin += size) {
    const std::uint64_t part = random() % (tally.samples + 1);
    counts[begin + random() % size] += part;
    counts[begin + random() % size] += tally.samples - part;
  }
}

}  // namespace

namespace fields {
constinit const Field pair_count = {
    .name = "count", .shape = Field::Shape::table, .entries = pair_entries, .axes = pair_axes};
}  // namespace fields

constinit const Observable kPairs = {.name = "pairs",
                                     .group = "pairs",
                                     .always_stored = false,
                                     .format = 6,
                                     .fields = kPairsFields,
                                     .is_observed = observes_pairs,
                                     .contradiction = pair_contradiction,
                                     .simulate = simulate_pairs};

PairPositions observed_pairs(const Cell& cell) {
  PairPositions pairs;
  const Language& language = cell.language();
  const Pairs which = cell.observe().pairs;
  for (int j = 1; which != Pairs::none && j <= language.height; ++j) {
    const std::int64_t nearest = tree_power(language.d, j - 1);
    const std::int64_t end = which == Pairs::levels ? nearest + 1 : tree_power(language.d, j);
    for (std::int64_t distance = nearest; distance < end; ++distance) {
      pairs.distance.push_back(distance);
      pairs.height.push_back(j);
    }
  }
  return pairs;
}

}  // namespace leafcast
