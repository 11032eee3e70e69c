#include "analysis/score/reference_distribution.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace reference_distribution_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

/// Twelve statistics of three kinds that depend on each other, of heavy tails and of rare events.
std::vector<double> statistics(std::mt19937_64& random) {
  std::normal_distribution<double> gauss;
  std::poisson_distribution<int> rare(0.05);
  const double common = gauss(random);
  std::vector<double> list;
  for (int i = 0; i < 4; ++i) {
    list.push_back(common + 0.3 * gauss(random));
    list.push_back(gauss(random) / std::max(std::abs(gauss(random)), 0.05));
    list.push_back(rare(random) - 0.05);
  }
  return list;
}

}  // namespace

TEST_CASE("adjusted p-values hold the level for all statistics together, and find the one that differs") {
  std::mt19937_64 random(2);
  constexpr int kRuns = 1000, kReplicates = 99;
  int alarms = 0, found = 0, wrong = 0, unadjusted = 0;
  for (int run = 0; run < kRuns; ++run) {
    for (const bool shifted : {false, true}) {
      std::vector<double> observed = statistics(random);
      if (shifted) observed[3] += 8;
      std::vector<Deviations> deviations;
      for (const double x : observed) deviations.push_back({x, {}});
      for (int r = 0; r < kReplicates; ++r) {
        const std::vector<double> replicate = statistics(random);
        for (std::size_t i = 0; i < replicate.size(); ++i) deviations[i].replicates.push_back(replicate[i]);
      }
      const std::vector<double> p = westfall_young(deviations);
      const auto below = std::ranges::count_if(p, [](double x) { return x <= 0.05; });
      if (shifted) {
        found += p[3] <= 0.05;
        wrong += below > (p[3] <= 0.05 ? 1 : 0);
      } else {
        alarms += below > 0;
        // The wrong twin: each by itself.
        unadjusted += std::ranges::any_of(
            deviations, [&](const Deviations& d) { return westfall_young({d}).front() <= 0.05; });
      }
    }
  }
  const double most = kRuns * 0.05 + 5 * std::sqrt(kRuns * 0.05 * 0.95);
  CHECK(alarms <= most);
  CHECK(alarms >= kRuns * 0.01);
  CHECK(wrong <= most);
  CHECK(found > kRuns / 2);
  CHECK(unadjusted > most);
}

TEST_CASE("what never varies differs if it deviates, and what was not observed has no p-value") {
  const std::vector<double> zeros(199, 0.0), missing(199, kUnknown);
  const std::vector<double> p = westfall_young({{0.1, zeros}, {0, zeros}, {kUnknown, zeros}});
  CHECK(p[0] == Approx(1 / 200.0));
  CHECK(p[1] == 1);
  CHECK(std::isnan(p[2]));
  CHECK(westfall_young({}).empty());
}

TEST_CASE("replicates of a reference have its variance, and that of as many sentences") {
  const Cell cell = Cell::make({{"language.kind", "ising"},
                                {"language.d", "2"},
                                {"language.height", "3"},
                                {"language.rho", "0.8"},
                                {"sampling.samples", "1000"}});
  const ReferenceDistribution reference(cell, cell, 400);
  REQUIRE(reference.replicates() == 199);
  const std::vector<double> variance = reference.values(StatisticName("variance"));
  double mean = 0, square = 0;
  for (const double v : variance) mean += v / 199, square += v * v / 199;
  double exact = 0;  // Σ_{i,j} ρ^{2 · height of their LCA} / n
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) {
      int a = i, b = j, up = 0;
      for (; a != b; a /= 2, b /= 2) ++up;
      exact += std::pow(0.8, 2 * up) / 8;
    }
  const double scatter = std::sqrt(square - mean * mean);
  CHECK(mean == Approx(exact).margin(5 * scatter / std::sqrt(199)));
  CHECK(scatter == Approx(exact * std::sqrt(2.0 / 400)).epsilon(0.5));  // of Gaussian sums
  CHECK(std::isnan(reference.values(StatisticName("no such"))[0]));
}

}  // namespace reference_distribution_test
