// Valid rates by splitting, from the sampler to the table's numbers, against the exact ones (MATH.md §6, §9).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimates.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"

namespace splitting_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

Cell block(int d, int height, int w, const std::string& memory, int particles, std::uint64_t samples,
           std::uint64_t seed = 1) {
  return Cell::make({{"language.kind", "coloring"},
                     {"language.q", "3"},
                     {"language.d", std::to_string(d)},
                     {"language.height", std::to_string(height)},
                     {"generator.kind", "block"},
                     {"generator.context-depth", std::to_string(w)},
                     {"generator.memory", memory},
                     {"generator.method", "splitting"},
                     {"generator.particles", std::to_string(particles)},
                     {"sampling.samples", std::to_string(samples)},
                     {"seed", std::to_string(seed)}});
}

Record sample(std::vector<Cell> cells) {
  Record record(Plan("", std::move(cells), ""));
  for (std::uint32_t cell = 0; cell < record.plan.cells().size(); ++cell) {
    const ChunkRunner runner(record.plan.cells()[cell]);
    for (Chunk chunk{cell, 0}; chunk.index < record.plan.chunks(cell); ++chunk.index)
      record.add(chunk, runner.run(chunk.index, record.plan.samples(chunk), [] { return true; }).value());
  }
  return record;
}

const Estimate& find(const std::vector<Estimate>& list, const std::string& statistic) {
  return *std::ranges::find(list, StatisticName(statistic), &Estimate::statistic);
}

struct Coverage {
  double one, two;  ///< share of estimates within one and two errors of the exact value
};
Coverage coverage(const std::vector<Estimate>& list, double (*error_of)(const Estimate&)) {
  double all = 0, one = 0, two = 0;
  for (const Estimate& estimate : list) {
    if (estimate.statistic != "valid_rate") continue;
    const double z = std::abs(estimate.value - estimate.exact) / error_of(estimate);
    ++all;
    one += z < 1;
    two += z < 2;
  }
  return {one / all, two / all};
}

}  // namespace

TEST_CASE("splitting agrees with exact valid rates down to 1e-40") {
  struct Case {
    Cell cell;
    double below;
  };
  // Four cells of three rates, at five standard errors: a false alarm has probability 1e-5.
  const Case cases[] = {{block(3, 5, 0, "root", 256, 64 * 256), 1e-6},
                        {block(5, 4, 1, "leaves", 256, 64 * 256), 1e-7},
                        {block(4, 4, 0, "root", 256, 128 * 256), 1e-12},
                        {block(5, 4, 0, "root", 1024, 64 * 1024), 1e-40}};
  for (const auto& [cell, below] : cases) {
    CAPTURE(cell.label());
    const std::vector<Estimate> list = estimates(sample({cell}));
    for (const char* statistic : {"valid_rate", "free_rate", "frozen_rate"}) {
      const Estimate& rate = find(list, statistic);
      CAPTURE(statistic, rate.value, rate.error, rate.exact);
      CHECK(rate.exact > 0);
      CHECK(std::abs(rate.z()) < 5);
      CHECK(rate.error < 0.35 * rate.exact);
    }
    const Estimate& valid = find(list, "valid_rate");
    CHECK(valid.exact < below);
    CHECK(valid.error < 0.2 * valid.exact);
    CHECK(find(list, "effective_runs").value > 20);
    CHECK(find(list, "effective_runs").value < 129);
    CHECK(doubtful_runs(list).empty());
    CHECK(std::ranges::find(list, StatisticName("variance"), &Estimate::statistic) == list.end());
    // Another writer's rate is told apart.
    Parameters other = cell.parameters();
    other["generator.lca"] = "fixed";
    CHECK(std::abs(valid.value - Exact(Cell::make(other))("valid_rate")->value) > 5 * valid.error);
  }
}

TEST_CASE("jackknife errors of splitting cover the exact rate as often as they should") {
  std::vector<Cell> cells;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    cells.push_back(block(4, 3, 0, "root", 64, 64 * 64, seed));
  const std::vector<Estimate> list = estimates(sample(std::move(cells)));
  // Of 200, shares of 0.68 and 0.95 have standard deviations of 0.033 and 0.015.
  const auto good = [](const Coverage& c) {
    return std::abs(c.one - 0.68) < 0.1 && c.two > 0.90 && c.two < 0.995;
  };
  CHECK(good(coverage(list, [](const Estimate& e) { return e.error; })));
  CHECK_FALSE(good(coverage(list, [](const Estimate& e) { return e.error / 2; })));
  // As if particles were samples.
  CHECK_FALSE(good(coverage(list, [](const Estimate& e) { return std::sqrt(e.value / (64 * 64)); })));
}

TEST_CASE("a rate that the sums cannot hold is no zero") {
  // 9e-217, and units of 1e-135.
  const std::vector<Estimate> list = estimates(sample({block(5, 5, 0, "root", 512, 64 * 512)}));
  CHECK(find(list, "valid_rate").value == 0);
  CHECK(find(list, "extinct_run_rate").value < 1);
  CHECK(doubtful_runs(list).find("too small for the sums that are kept (2^-448); 0 is no estimate") !=
        std::string::npos);
}

TEST_CASE("splitting with too few particles says so") {
  // exp(31) to one with 16 particles: a few runs carry the mean.
  const std::vector<Estimate> list = estimates(sample({block(4, 4, 0, "root", 16, 256 * 16)}));
  CHECK(find(list, "effective_runs").value < 30);
  CHECK(find(list, "thin_run_rate").value > 0.5);
  CHECK(
      doubtful_runs(list).starts_with("splitting: fewer than 30 effective runs carry the rates of cells 0,"));
  // All runs die out: no rate, and an error that does not claim to know it.
  const std::vector<Estimate> dead = estimates(sample({block(5, 5, 0, "root", 2, 128)}));
  CHECK(doubtful_runs(dead).starts_with("splitting: no run of cells 0 survived"));
  CHECK(find(dead, "valid_rate").value == 0);
  CHECK(find(dead, "valid_rate").error > 1e-3);
  CHECK(find(dead, "extinct_run_rate").value == 1);
  CHECK(std::ranges::find(dead, StatisticName("effective_runs"), &Estimate::statistic) == dead.end());
}

}  // namespace splitting_test
