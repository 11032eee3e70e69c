#include "engine/observe/tally.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "engine/cell/cell.h"

namespace leafcast {

namespace {

constexpr int kLinearBits = 6;  // m < 64 have a bin each
constexpr int kLinear = 1 << kLinearBits;
constexpr int kPerOctave = kLinear / 2;  // 32 bins for every further octave

template <class Counts>
void add_counts(Counts& into, const Counts& from) {
  if (into.size() < from.size()) into.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) into[i] += from[i];
}

/// Merges in one walk over both. Bins that are new are rare once a few chunks have been added.
void add_histogram(Histogram& into, const Histogram& from) {
  auto at = into.begin();
  std::size_t missing = 0;
  for (const auto& [bin, count] : from) {
    while (at != into.end() && at->first < bin) ++at;
    if (at != into.end() && at->first == bin)
      at->second += count;
    else
      ++missing;
  }
  if (missing == 0) return;
  Histogram::sequence_type merged;
  merged.reserve(into.size() + missing);
  at = into.begin();
  for (const auto& entry : from) {
    while (at != into.end() && at->first < entry.first) merged.push_back(*at++);
    if (at == into.end() || at->first != entry.first) merged.push_back(entry);
  }
  merged.insert(merged.end(), at, into.end());
  into.adopt_sequence(boost::container::ordered_unique_range, std::move(merged));
}

int bin_of_nonnegative(std::int64_t m) {
  if (m < kLinear) return static_cast<int>(m);
  const int shift = std::bit_width(static_cast<std::uint64_t>(m)) - kLinearBits;
  return shift * kPerOctave + static_cast<int>(m >> shift);
}

std::int64_t lower_of_nonnegative(int bin) {
  if (bin < kLinear) return bin;
  const int shift = bin / kPerOctave - 1;
  return static_cast<std::int64_t>(bin - shift * kPerOctave) << shift;
}

std::int64_t width_of_nonnegative(int bin) {
  return bin < kLinear ? 1 : std::int64_t{1} << (bin / kPerOctave - 1);
}

/// round(p·n), halves upwards, exactly: p = mantissa · 2^{−shift}.
std::int64_t round_product(double p, std::int64_t n) {
  __extension__ typedef unsigned __int128 Wide;
  int exponent;
  const auto mantissa = static_cast<std::uint64_t>(std::frexp(p, &exponent) * 0x1p53);
  const int shift = 53 - exponent;
  if (shift > 120) return 0;
  return static_cast<std::int64_t>(((static_cast<Wide>(mantissa) * n >> (shift - 1)) + 1) >> 1);
}

}  // namespace

std::int64_t HistogramBins::centre(const Cell& cell) {
  const Language& language = cell.language();
  const std::int64_t n = language.leaves();
  if (!language.is_uniform()) return round_product(language.leaf_law()(cell.observe().symbol), n);
  const auto q = static_cast<std::uint64_t>(language.symbols());
  return static_cast<std::int64_t>((2 * static_cast<std::uint64_t>(n) + q) / (2 * q));
}

int HistogramBins::bin(std::int64_t m) {
  return m >= 0 ? bin_of_nonnegative(m) : -1 - bin_of_nonnegative(-1 - m);
}

std::int64_t HistogramBins::width(int bin) { return width_of_nonnegative(bin >= 0 ? bin : -1 - bin); }

std::int64_t HistogramBins::lower(int bin) {
  if (bin >= 0) return lower_of_nonnegative(bin);
  const int mirror = -1 - bin;
  return -1 - (lower_of_nonnegative(mirror) + width_of_nonnegative(mirror) - 1);
}

SplittingSums& SplittingSums::operator+=(const SplittingSums& other) {
  runs += other.runs;
  extinct += other.extinct;
  thin += other.thin;
  valid += other.valid;
  free += other.free;
  squares += other.squares;
  return *this;
}

EntropySums& EntropySums::operator+=(const EntropySums& other) {
  add_counts(cross, other.cross);
  add_counts(language, other.language);
  own += other.own;
  own_structure += other.own_structure;
  reverse += other.reverse;
  impossible += other.impossible;
  return *this;
}

LearnerSums& LearnerSums::operator+=(const LearnerSums& other) {
  tested += other.tested;
  errors += other.errors;
  loss += other.loss;
  add_counts(clustered, other.clustered);
  add_counts(pure, other.pure);
  return *this;
}

Tally& Tally::operator+=(const Tally& other) {
  samples += other.samples;
  if (sums.size() < other.sums.size()) sums.resize(other.sums.size());
  for (std::size_t j = 0; j < other.sums.size(); ++j)
    for (int p = 0; p < kPowers; ++p) sums[j][p] += other.sums[j][p];
  add_counts(valid, other.valid);
  add_counts(first_inconsistency, other.first_inconsistency);
  frozen_roots += other.frozen_roots;
  free_roots += other.free_roots;
  memory_bits = std::max(memory_bits, other.memory_bits);
  add_histogram(histogram, other.histogram);
  splitting += other.splitting;
  entropy += other.entropy;
  learner += other.learner;
  add_counts(pairs, other.pairs);
  well_formed += other.well_formed;
  return *this;
}

Tally total(const CellTally& bins) {
  Tally sum;
  for (const Tally& bin : bins) sum += bin;
  return sum;
}

}  // namespace leafcast
