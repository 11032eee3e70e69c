#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/estimate/estimates.h"
#include "engine/observe/learning.h"
#include "engine/observe/observable.h"

namespace learning_statistics_test {

using namespace leafcast;
using namespace leafcast::analysis;

TEST_CASE("a statistic of learners that one bin alone knows has no error, and gives none to the next") {
  const Cell cell = Cell::make({{"language.kind", "rhm"},
                                {"language.v", "4"},
                                {"language.m", "2"},
                                {"language.s", "2"},
                                {"language.L", "3"},
                                {"generator.kind", "clustering"},
                                {"generator.training", "20"},
                                {"generator.test", "10"},
                                {"sampling.samples", "64"}});
  CellTally bins = empty_bins(cell);
  std::mt19937_64 random(1);
  for (std::size_t b = 0; b < bins.size(); ++b) {
    bins[b] += simulated_tally(cell, 1, random);
    const auto clustered = bins[b].counts(fields::clustered), pure = bins[b].counts(fields::pure);
    clustered[1] = b == 0 ? 8 : 0;
    pure[1] = b == 0 ? 2 : 0;
    clustered[2] = 8;
    pure[2] = 6;
  }
  const std::vector<Estimate> list = cell_estimates(cell, bins);
  const auto find = [&](const char* statistic) {
    for (const Estimate& e : list)
      if (e.statistic == statistic) return e;
    return Estimate{};
  };
  CHECK(find("cluster_purity@1").value == 0.25);
  CHECK(std::isnan(find("cluster_purity@1").error));
  CHECK(find("cluster_purity@2").value == 0.75);
  // The same in every bin, but not of all nodes: never surer than if these were independent.
  CHECK(find("cluster_purity@2").error == Approx(std::sqrt(0.75 * 0.25 / 512)).epsilon(0.01));
}

}  // namespace learning_statistics_test
