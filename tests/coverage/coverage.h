#pragma once
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/estimate/estimates.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/plan/record.h"
#include "tests/support/cells.h"

/// How often errors cover: cells sampled again and again with other seeds, against what is true of them.
namespace leafcast::coverage {

/// All samples of a cell of one seed.
inline CellTally sample(const Cell& cell) {
  const Plan plan("", {cell}, "");
  const ChunkRunner runner(cell);
  CellTally bins = empty_bins(cell);
  for (Chunk chunk{0, 0}; chunk.index < plan.chunks(0); ++chunk.index)
    bins[static_cast<std::size_t>(plan.bin(chunk))] +=
        *runner.run(chunk.index, plan.samples(chunk), [] { return true; });
  return bins;
}

inline Cell with_samples(const Parameters& parameters, std::uint64_t samples, std::uint64_t seed) {
  return Cell::make(test::with(
      parameters, {{"sampling.samples", std::to_string(samples)}, {"seed", std::to_string(seed)}}));
}

/// What is true of a cell's statistics: exact values, and for the others estimates from so many samples.
/// None of `effective_runs`, which is of the samples, not of the cell.
inline std::map<std::string, Estimate> truths(const Parameters& parameters, std::uint64_t samples) {
  const Cell cell = with_samples(parameters, samples, 1u << 30);
  const analysis::Exact exact(cell);
  std::map<std::string, Estimate> list;
  for (const Estimate& e : analysis::cell_estimates(cell, sample(cell))) {
    if (e.statistic == "effective_runs") continue;
    Estimate truth = e;
    truth.exact = e.value, truth.exact_error = std::isnan(e.error) ? 0 : e.error;
    if (const auto known = exact(e.statistic)) truth.exact = known->value, truth.exact_error = known->error;
    list.emplace(e.statistic.text(), truth);
  }
  return list;
}

/// z over repetitions of a cell. A z is the deviation from the truth, over the error on the statistic's scale.
struct Coverage {
  double known = 0, unknown = 0;  ///< repetitions with an error, and without
  double within_1 = 0, within_2 = 0, sum = 0, squares = 0;
  double deviations = 0, errors = 0;  ///< Σ (value − truth)², Σ error²

  void operator()(const Estimate& e, double z) {
    if (std::isnan(z)) {
      ++unknown;
      return;
    }
    ++known;
    within_1 += std::abs(z) <= 1;
    within_2 += std::abs(z) <= 2;
    sum += z;
    squares += z * z;
    deviations += (e.value - e.exact) * (e.value - e.exact);
    errors += e.error * e.error;
  }
  double one() const { return within_1 / known; }
  double two() const { return within_2 / known; }
};

inline std::vector<Estimate> estimates_of(const Cell& cell, const CellTally& bins) {
  return analysis::cell_estimates(cell, bins);
}

/// Z: of an estimate whose exact value is the truth. By statistic.
template <class Z>
std::map<std::string, Coverage> cover(const Parameters& parameters, std::uint64_t samples, int repetitions,
                                      const std::map<std::string, Estimate>& truth, Z z,
                                      std::vector<Estimate> (*estimate)(const Cell&,
                                                                        const CellTally&) = estimates_of) {
  std::map<std::string, Coverage> list;
  for (int seed = 1; seed <= repetitions; ++seed) {
    const Cell cell = with_samples(parameters, samples, static_cast<std::uint64_t>(seed));
    for (Estimate e : estimate(cell, sample(cell))) {
      const auto known = truth.find(e.statistic.text());
      if (known == truth.end()) continue;
      e.exact = known->second.exact;
      e.exact_error = known->second.exact_error;
      list[e.statistic.text()](e, z(e));
    }
  }
  return list;
}

}  // namespace leafcast::coverage
