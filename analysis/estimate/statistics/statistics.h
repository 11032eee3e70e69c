#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analysis/estimate/estimates.h"

namespace leafcast::analysis {

/// A number that follows from the sums over some samples.
struct Statistic {
  const char* base;
  int height;  ///< of the subtrees, or −1 for the sentence
  double value;
  /// Of one that counts sentences, or averages over some of them: how many there were. It has an error although it
  /// never varied.
  std::uint64_t counted = 0;
  enum class Kind {
    ordinary,
    optional,  ///< NaN means that there was nothing to compute it from: no row
    bound      ///< the same whatever the samples: no error
  } kind = Kind::ordinary;
  Scale scale = Scale::linear;
  /// Of a rate: what was counted, if that is more than sentences (subtrees). Of a shape: the values whose shape it is.
  double trials = 0;
  double precision = 0;  ///< what single precision may have added to the value
  /// Of a square or a root (Estimate): what would be true if there were no signal.
  double noise = 0, freedom = 0;

  std::string name() const { return height < 0 ? base : std::string(base) + '@' + std::to_string(height); }
};

/// The statistics of one observable (engine/observe). Made once for a cell, then asked for every set of
/// samples: all, and all but each jackknife bin.
class Statistics {
 public:
  virtual ~Statistics() = default;
  /// Appends them; the same ones in the same order whatever the sums are.
  virtual void add(const Tally& tally, std::vector<Statistic>& list) const = 0;
};

/// Null if the cell has none of them.
using MakeStatistics = std::unique_ptr<const Statistics> (*)(const Cell&, Scope);
/// All, in the order of a cell's rows in tables. To add one: its file here, and its name in registry.cpp.
std::span<const MakeStatistics> statistics_registry();

/// A rate of sentences: hits of so many.
Statistic sentence_rate(const char* base, int height, std::uint64_t hits, std::uint64_t sentences);

/// How many of so many sentences of a writer of its own structure had a structure of their own. A batch shares
/// one; chunks are of whole batches, but of parts of one where there are fewer than 64 batches.
std::uint64_t independent_structures(std::uint64_t sentences);

/// hits/trials, NaN for 0/0.
inline double rate(std::uint64_t hits, std::uint64_t trials) {
  return static_cast<double>(hits) / static_cast<double>(trials);
}

}  // namespace leafcast::analysis
