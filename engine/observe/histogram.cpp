#include "engine/observe/histogram.h"

#include <bit>
#include <cmath>
#include <utility>

#include "engine/cell/cell.h"
#include "engine/int128.h"
#include "engine/observe/tally.h"

namespace leafcast {

namespace {

constexpr int kLinearBits = 6;  // m < 64 have a bin each
constexpr int kLinear = 1 << kLinearBits;
constexpr int kPerOctave = kLinear / 2;  // 32 bins for every further octave

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
  int exponent;
  const auto mantissa = static_cast<std::uint64_t>(std::frexp(p, &exponent) * 0x1p53);
  const int shift = 53 - exponent;
  if (shift > 120) return 0;
  return static_cast<std::int64_t>(((static_cast<UInt128>(mantissa) * n >> (shift - 1)) + 1) >> 1);
}

bool observes_histogram(const Cell& cell) { return cell.observe().histogram; }

const char* histogram_contradiction(const Cell&, const Tally& tally) {
  std::uint64_t left = tally.samples;
  for (const auto& [bin, count] : tally.histogram) {
    if (count > left) return "its histogram does not count its samples";
    left -= count;
  }
  return left == 0 ? nullptr : "its histogram does not count its samples";
}

void simulate_histogram(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  const int octaves = std::bit_width(static_cast<std::uint64_t>(cell.language().leaves()));
  for (std::uint64_t left = tally.samples; left > 0;) {
    const std::uint64_t count = left > 9 ? 1 + random() % left : left;
    const auto m = static_cast<std::int64_t>(random()) >> (64 - octaves);
    tally.histogram[HistogramBins::bin(m)] += count;
    left -= count;
  }
}

}  // namespace

constinit const Observable kHistogram = {.name = "histogram",
                                         .group = "",
                                         .always_stored = true,
                                         .format = 1,
                                         .fields = {},
                                         .is_observed = observes_histogram,
                                         .contradiction = histogram_contradiction,
                                         .simulate = simulate_histogram};

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

/// Bins that are new are rare once a few chunks have been added.
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

}  // namespace leafcast
