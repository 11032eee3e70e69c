#include "analysis/theory/exact_entropy.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <tuple>

#include "analysis/estimate/estimates.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/own_structure.h"
#include "engine/plan/record.h"

namespace exact_entropy_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

Cell ising(int d, int height, const std::string& context, bool own_structure, const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"},
                           {"language.d", std::to_string(d)},
                           {"language.height", std::to_string(height)},
                           {"language.rho", "0.9"},
                           {"generator.kind", "kgram"},
                           {"generator.context", context},
                           {"observe.entropy", "on"}};
  if (own_structure) {
    parameters["generator.context-unit"] = "tokens";
    parameters["generator.structure"] = "sampled";
  }
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::make(parameters);
}

double exact(const Cell& cell, const std::string& statistic) {
  const auto value = Exact(cell)(statistic);
  return value ? value->value : kUnknown;
}

}  // namespace

TEST_CASE("windows have the law of neighbouring leaves, wherever they stand") {
  const Channel channel = Channel::symmetric(2, 0.9);
  const std::vector<int> siblings = {0};
  const Eigen::VectorXd pair = window_law(channel, siblings);
  CHECK(pair.sum() == Approx(1));
  CHECK(pair(0) + pair(3) == Approx((1 + 0.9 * 0.9) / 2));
  const std::vector<int> far = {2};
  CHECK(window_law(channel, far)(0) == Approx((1 + std::pow(0.9, 6)) / 4));
  // x_0 x_1 | x_2: the marginal of the first two is that of siblings, of the last two of cousins.
  const std::vector<int> three = {0, 1};
  const Eigen::VectorXd law = window_law(channel, three);
  for (int x = 0; x < 4; ++x) CHECK(law(2 * x) + law(2 * x + 1) == Approx(pair(x)));
  CHECK(law(0) + law(4) + law(3) + law(7) == Approx((1 + std::pow(0.9, 4)) / 2));
}

TEST_CASE("sentences cost a k-gram of its own structure what is known") {
  // Nats a sentence, from the definition: every window of the endless stream, over all sentences and
  // positions.
  struct Known {
    int d, height;
    const char* context;
    double nats;
  };
  for (const auto& [d, height, context, nats] : {Known{2, 3, "1", 11.653031109326},
                                                 {2, 3, "3", 3.945946835237},
                                                 {2, 3, "10", 3.143292699944},
                                                 {2, 3, "12", 3.143292699944},
                                                 {3, 2, "1", 9.404122085271},
                                                 {3, 2, "4", 3.775896518886},
                                                 {3, 2, "10", 3.001588657539}}) {
    INFO("d=" << d << " h=" << height << " k=" << context);
    CHECK(exact(ising(d, height, context, true), "sentence_cross_entropy") == Approx(nats).epsilon(1e-12));
  }
  CHECK(exact(ising(2, 3, "10", true), "kl_divergence") == Approx(0).margin(1e-12));
  CHECK(exact(ising(2, 3, "1", true), "kl_divergence") > 0.1);
}

TEST_CASE("a writer of its own structure is the language once it sees where it stands, not before") {
  for (const auto& [d, height, least] : {std::tuple{3, 1, 3}, {2, 1, 2}, {3, 2, 10}, {2, 3, 10}, {4, 1, 4}}) {
    INFO("d=" << d << " h=" << height);
    const Cell seeing = ising(d, height, std::to_string(least), true),
               blind = ising(d, height, std::to_string(least - 1), true);
    CHECK_FALSE(std::isnan(exact(seeing, "variance")));
    CHECK(std::isnan(exact(blind, "variance")));
    // The sampler says the same: all sentences have the marks of the tree, or not.
    const auto well_formed = [](const Cell& cell) {
      return ChunkRunner(cell).run(0, 6400, [] { return true; })->count(fields::well_formed);
    };
    CHECK(well_formed(seeing) == 6400);
    if (height == 1) CHECK(well_formed(blind) < 6400);  // else it sees the marks, though not all leaves
  }
}

TEST_CASE("short contexts have exact entropies on long sentences") {
  CHECK(exact(ising(3, 9, "0", false), "cross_entropy") == Approx(1));
  const double one = exact(ising(3, 9, "1", false), "cross_entropy"),
               two = exact(ising(3, 9, "2", false), "cross_entropy");
  CHECK(one < 1);
  CHECK(two < one);
  // x_i given its left neighbour, an LCA of height j apart: binary entropy of (1 + ρ^{2j})/2.
  double nats = std::log(2.0);
  for (int j = 1; j <= 9; ++j) {
    const double p = (1 + std::pow(0.9, 2 * j)) / 2;
    nats -= (std::pow(3, 9 - j) * 2) * (p * std::log(p) + (1 - p) * std::log(1 - p));
  }
  CHECK(one == Approx(nats / std::pow(3, 9) / std::log(2.0)));
  CHECK(std::isnan(exact(ising(3, 9, "1", false), "kl_divergence")));
  CHECK_FALSE(exact_entropies(ising(3, 9, "40", false)).has_value());
}

TEST_CASE("sampled entropies are the exact ones within their errors") {
  std::vector<Cell> cells;
  for (const char* context : {"0", "1", "2", "5", "9"})
    for (const bool own : {false, true})
      for (const int height : {2, 5})
        cells.push_back(ising(3, height, context, own, {{"sampling.samples", "20000"}}));
  cells.push_back(Cell::make({{"language.kind", "coloring"},
                              {"language.d", "2"},
                              {"language.height", "3"},
                              {"language.q", "3"},
                              {"generator.kind", "kgram"},
                              {"generator.context", "3"},
                              {"observe.entropy", "on"}}));
  Record record(Plan("", cells, ""));
  for (std::uint32_t c = 0; c < cells.size(); ++c) {
    const ChunkRunner runner(cells[c]);
    for (std::uint32_t i = 0; i < record.plan.chunks(c); ++i)
      record.add({c, i}, runner.run(i, record.plan.samples({c, i}), [] { return true; }).value());
  }
  int compared = 0;
  for (const Estimate& estimate : estimates(record)) {
    if (estimate.statistic.find("entropy") == std::string::npos &&
        estimate.statistic.find("kl_") == std::string::npos && estimate.statistic != "entropy_rate")
      continue;
    if (std::isnan(estimate.exact)) continue;
    INFO(cells[estimate.cell].label() << " " << estimate.statistic.text() << " " << estimate.value << " ± "
                                      << estimate.error << ", exact " << estimate.exact);
    ++compared;
    CHECK(std::abs(estimate.value - estimate.exact) <
          5 * estimate.error + 2e-6 * (1 + std::abs(estimate.exact)));
  }
  CHECK(compared > 60);
}

}  // namespace exact_entropy_test
