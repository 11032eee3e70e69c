#include "engine/sequences/sentence_tally.h"

#include <bit>

#include "engine/language/tree.h"
#include "engine/observe/own_structure.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/validity.h"

namespace leafcast {

namespace {

void add_powers(std::int64_t s, Tally& tally, int height) {
  if (s > -(std::int64_t{1} << 31) && s < std::int64_t{1} << 31) {
    Int128 power = 1;
    for (const Field& field : fields::sum_s) add_to(tally.limbs(field, height), power *= s);
    return;
  }
  WideInt power = 1;
  for (const Field& field : fields::sum_s) add(tally, field, height, power *= s);
}

}  // namespace

SentenceTally::SentenceTally(const Cell& cell)
    : q_(cell.language().symbols()),
      d_(cell.language().d),
      height_(cell.language().height),
      leaves_(cell.language().leaves()),
      observe_(cell.observe()),
      centre_(HistogramBins::centre(cell)) {}

void SentenceTally::add(std::span<const std::uint8_t> leaves, Tally& tally) {
  ++tally.samples;
  counts_.assign(leaves.size(), 0);
  for (std::size_t i = 0; i < leaves.size(); ++i) counts_[i] = leaves[i] == observe_.symbol;
  std::int64_t subtree = 1;
  for (int j = 0;; ++j, subtree *= d_) {
    if (observe_.subtrees || j == height_)
      for (const std::int64_t count : counts_) add_powers(q_ * count - subtree, tally, j);
    if (j == height_) break;
    const std::size_t parents = counts_.size() / static_cast<std::size_t>(d_);
    for (std::size_t node = 0; node < parents; ++node) {
      std::int64_t sum = 0;
      for (int s = 0; s < d_; ++s)
        sum += counts_[node * static_cast<std::size_t>(d_) + static_cast<std::size_t>(s)];
      counts_[node] = sum;
    }
    counts_.resize(parents);
  }
  if (observe_.histogram) ++tally.histogram[HistogramBins::bin(counts_[0] - centre_)];
  lowest_ = 0;
  if (observe_.validity) add_validity(leaves, tally);
}

void SentenceTally::add_validity(std::span<const std::uint8_t> leaves, Tally& tally) {
  const auto valid = tally.counts(fields::valid);
  const std::uint64_t full = q_ == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << q_) - 1;
  valid[0] += leaves.size();
  std::vector<std::uint64_t> removed(leaves.size());  // by each node from its parent's colors
  for (std::size_t i = 0; i < leaves.size(); ++i) removed[i] = std::uint64_t{1} << leaves[i];
  std::uint64_t allowed = full;
  for (int j = 1; j <= height_; ++j) {
    const std::size_t parents = removed.size() / static_cast<std::size_t>(d_);
    for (std::size_t node = 0; node < parents; ++node) {
      allowed = full;
      for (int s = 0; s < d_; ++s)
        allowed &= ~removed[node * static_cast<std::size_t>(d_) + static_cast<std::size_t>(s)];
      if (allowed != 0)
        ++valid[static_cast<std::size_t>(j)];
      else if (lowest_ == 0)
        lowest_ = j;
      removed[node] = allowed == 0 ? full : std::has_single_bit(allowed) ? allowed : 0;
    }
    removed.resize(parents);
  }
  if (lowest_ > 0) ++tally.counts(fields::first_inconsistency)[static_cast<std::size_t>(lowest_)];
  if (std::has_single_bit(allowed)) ++tally.counts(fields::frozen_roots)[0];
  if (std::popcount(allowed) > 1) ++tally.counts(fields::free_roots)[0];
}

void SentenceTally::add_stream(std::span<const std::int64_t> counts, bool well_formed, Tally& tally) const {
  ++tally.samples;
  std::int64_t symbols = 0;
  for (const std::int64_t count : counts) symbols += count;
  const std::int64_t s = q_ * counts[static_cast<std::size_t>(observe_.symbol)] - symbols;
  add_powers(s, tally, height_);
  if (observe_.histogram) {
    const std::int64_t shifted = s + leaves_;
    const std::int64_t count = shifted >= 0 ? shifted / q_ : -((q_ - 1 - shifted) / q_);
    ++tally.histogram[HistogramBins::bin(count - centre_)];
  }
  if (well_formed) ++tally.counts(fields::well_formed)[0];
}

}  // namespace leafcast
