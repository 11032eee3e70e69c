#include <catch2/catch.hpp>
#include <cmath>

#include "analysis/estimate/estimates.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"
#include "tests/reference/reference.h"
#include "tests/support/cells.h"

namespace domain_walls_test {

using namespace leafcast;
using namespace leafcast::analysis;
using test::with;

namespace {

const Parameters kWalls = {{"observe.domain-walls", "on"}};

Cell ising(const std::string& rho, const Parameters& more = {}) {
  return Cell::make(with(with({{"language.kind", "ising"},
                               {"language.d", "2"},
                               {"language.height", "3"},
                               {"language.rho", rho},
                               {"sampling.samples", "6400"}},
                              kWalls),
                         more));
}

/// Mean of walls per leaf under an enumerated law.
double mean_walls(const reference::Law& law, int q, int n) {
  double mean = 0;
  for (std::size_t x = 0; x < law.size(); ++x) {
    const std::vector<int> symbols = reference::sentence_symbols(q, n, x);
    for (int i = 1; i < n; ++i) mean += law[x] * (symbols[i - 1] != symbols[i]);
  }
  return mean / n;
}

double find(const std::vector<Estimate>& list, const std::string& statistic, double Estimate::*what) {
  for (const Estimate& e : list)
    if (e.statistic == statistic) return e.*what;
  return kUnknown;
}

}  // namespace

TEST_CASE("the exact mean of domain walls is that of the enumeration") {
  for (const double rho : {0.3, 0.9}) {
    const reference::Tree tree = reference::symmetric_tree(2, 3, 2, rho);
    const double mean = mean_walls(reference::true_law(tree), 2, 8);
    const Cell cell = ising(std::to_string(rho));
    CHECK(Exact(cell)("domain_walls_mean").value().value == Approx(mean).epsilon(1e-12));
    CHECK_FALSE(Exact(ising(std::to_string(rho + 0.01)))("domain_walls_mean").value().value ==
                Approx(mean).epsilon(1e-4));
  }
  // An asymmetric channel, d = 3.
  Eigen::MatrixXd kernel(2, 2);
  kernel << 0.9, 0.1, 0.3, 0.7;
  const reference::Tree tree{3, 2, kernel, reference::stationary_law(kernel)};
  const Cell cell = Cell::make(with({{"language.kind", "kernel"},
                                     {"language.d", "3"},
                                     {"language.height", "2"},
                                     {"language.matrix", "0.9 0.1; 0.3 0.7"}},
                                    kWalls));
  CHECK(Exact(cell)("domain_walls_mean").value().value ==
        Approx(mean_walls(reference::true_law(tree), 2, 9)).epsilon(1e-12));
  CHECK_FALSE(
      Exact(ising("0.9", {{"generator.kind", "kgram"}, {"generator.context", "2"}}))("domain_walls_mean")
          .has_value());
}

TEST_CASE("mean and variance of domain walls are those of the sentences, and near their exact values") {
  const Cell cell = ising("0.8");
  const ChunkRunner runner(cell);
  CellTally bins = empty_bins(cell);
  double sum = 0, squares = 0, samples = 0;
  for (std::uint32_t chunk = 0; chunk < kJackknifeBins; ++chunk) {
    bins[chunk] += runner.run(chunk, 100, [] { return true; }).value();
    const std::vector<std::uint8_t> leaves = runner.sentences(chunk, 100);
    for (std::size_t begin = 0; begin < leaves.size(); begin += 8) {
      double walls = 0;
      for (std::size_t i = begin + 1; i < begin + 8; ++i) walls += leaves[i - 1] != leaves[i];
      sum += walls;
      squares += walls * walls;
      ++samples;
    }
  }
  const std::vector<Estimate> list = cell_estimates(cell, bins);
  CHECK(find(list, "domain_walls_mean", &Estimate::value) == Approx(sum / samples / 8).epsilon(1e-12));
  CHECK(find(list, "domain_walls_variance", &Estimate::value) ==
        Approx((squares - sum * sum / samples) / (samples - 1) / 8).epsilon(1e-12));
  const double error = find(list, "domain_walls_mean", &Estimate::error);
  CHECK(error > 0);
  const double exact = Exact(cell)("domain_walls_mean").value().value;
  CHECK(std::abs(sum / samples / 8 - exact) < 5 * error);
  // The wrong twin: another channel.
  CHECK(std::abs(sum / samples / 8 - Exact(ising("0.75"))("domain_walls_mean").value().value) > 5 * error);
}

}  // namespace domain_walls_test
