#include "engine/learners/learner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "engine/kernels/chunk_runner.h"
#include "engine/learners/tuple_clusters.h"
#include "engine/learners/ward.h"
#include "engine/observe/entropy.h"
#include "engine/observe/learning.h"

namespace learner_test {

using namespace leafcast;

namespace {

Cell learner(const std::string& kind, const std::string& training, Parameters more = {}) {
  more.merge(Parameters{{"language.kind", "rhm"},
                        {"language.v", "8"},
                        {"language.m", "3"},
                        {"language.s", "2"},
                        {"language.L", "3"},
                        {"generator.kind", kind},
                        {"generator.training", training},
                        {"generator.test", "2000"},
                        {"sampling.samples", "4"}});
  return Cell::make(more);
}

Tally run(const Cell& cell) {
  return *ChunkRunner(cell).run(0, 2, [] { return true; });
}

double loss(const Tally& tally) {
  return std::ldexp(wide(tally, fields::loss).convert_to<double>(), -kEntropyBits) /
         static_cast<double>(tally.count(fields::tested));
}
double purity(const Tally& tally, int j) {
  return static_cast<double>(tally.count(fields::pure, j)) /
         static_cast<double>(tally.count(fields::clustered, j));
}

}  // namespace

TEST_CASE("Ward's clustering finds clouds, whatever their weights, and unites what is nearest") {
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(0, 0.1);
  Eigen::MatrixXd rows(60, 5);
  Eigen::VectorXd weights(60);
  for (int i = 0; i < 60; ++i) {
    for (int c = 0; c < 5; ++c) rows(i, c) = (i % 4 == c ? 1 : 0) + noise(random);
    weights[i] = 1 + i % 7;
  }
  const std::vector<int> group = ward_clusters(rows, weights, 4);
  for (int i = 0; i < 60; ++i) CHECK(group[static_cast<std::size_t>(i)] == i % 4);
  Eigen::MatrixXd line(4, 1);
  line << 0, 1, 3, 7;
  CHECK(ward_clusters(line, Eigen::VectorXd::Ones(4), 3) == std::vector<int>{0, 0, 1, 2});
  CHECK(ward_clusters(line, Eigen::VectorXd::Ones(4), 2) == std::vector<int>{0, 0, 0, 1});
  CHECK(ward_clusters(line, Eigen::VectorXd::Ones(4), 4) == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("purity is that of the groups' majorities") {
  const NodeSymbols groups{2, {0, 0, 0, 1, 1, kUnknownSymbol}}, truth{2, {5, 5, 6, 7, 7, 7}};
  CHECK(cluster_purity(groups, truth) == Approx(4.0 / 6));
}

TEST_CASE("counting approaches the entropy given its context") {
  double last = 1e9;
  for (const char* training : {"100", "1000", "10000", "100000"}) {
    const double now = loss(run(learner("counting", training, {{"generator.context", "3"}})));
    CHECK(now < last + 0.02);
    last = now;
  }
  const double dirichlet = loss(
      run(learner("counting", "100000", {{"generator.context", "3"}, {"generator.smoothing", "dirichlet"}})));
  CHECK(dirichlet == Approx(last).margin(0.05));
  // What a uniform guess loses is log v.
  CHECK(loss(run(learner("counting", "1", {{"generator.context", "0"}}))) > 1.5);
}

TEST_CASE("clusters become the latent symbols, level by level, and predictions better than counts") {
  const Tally few = run(learner("clustering", "50")), many = run(learner("clustering", "30000"));
  CHECK(purity(many, 1) > 0.999);
  CHECK(purity(many, 2) > 0.999);
  CHECK(purity(few, 1) < 0.9);
  CHECK(loss(many) < loss(few));
  CHECK(loss(run(learner("clustering", "3000"))) < loss(run(learner("counting", "3000"))));
}

TEST_CASE("who clusters by the target finds levels at their thresholds, the nearest first") {
  // v = 8, m = 3: P_ℓ = v m^{2ℓ−1}/(1 − f) = 38, 346, 3110.
  const Parameters by_target = {{"generator.cluster-by", "target"}};
  const Tally few = run(learner("clustering", "100", by_target)),
              some = run(learner("clustering", "1500", by_target)),
              many = run(learner("clustering", "60000", by_target));
  CHECK(purity(few, 1) < 0.8);
  CHECK(purity(some, 1) > purity(some, 2) + 0.15);
  CHECK(purity(some, 2) < 0.7);
  CHECK(purity(many, 2) > 0.98);
  // Siblings tell both levels at once.
  const Tally siblings = run(learner("clustering", "1500"));
  CHECK(purity(siblings, 2) > 0.98);
  CHECK(loss(siblings) < loss(some) - 0.1);
  CHECK(learner("clustering", "100", {{"generator.cluster-by", "siblings"}}).id() ==
        learner("clustering", "100").id());
}

TEST_CASE("the classifier learns the classes") {
  const Parameters classes = {{"language.classes", "4"}};
  const Tally few = run(learner("classifier", "20", classes)),
              many = run(learner("classifier", "30000", classes));
  const auto error = [](const Tally& t) {
    return static_cast<double>(t.count(fields::errors)) / static_cast<double>(t.count(fields::tested));
  };
  CHECK(error(many) < 0.01);
  CHECK(error(few) > 0.2);
  CHECK(error(few) < 0.8);
}

TEST_CASE("a learner's training sets are its own, and the same again") {
  const Cell cell = learner("clustering", "500");
  CHECK(run(cell) == run(cell));
  const ChunkRunner runner(cell);
  const auto first = runner.run(0, 1, [] { return true; }), second = runner.run(1, 1, [] { return true; });
  CHECK(wide(*first, fields::loss) != wide(*second, fields::loss));
  CHECK_FALSE(runner.run(0, 1, [] { return false; }));
  CHECK_THROWS_AS(Cell::make({{"language.kind", "ising"},
                              {"language.d", "2"},
                              {"language.height", "3"},
                              {"language.rho", "0.5"},
                              {"generator.kind", "counting"},
                              {"generator.training", "10"}}),
                  CellError);
  CHECK_THROWS_AS(learner("counting", "10", {{"generator.context", "8"}}), CellError);
  CHECK_THROWS_AS(learner("counting", "10", {{"generator.concentration", "8"}}), CellError);
}

}  // namespace learner_test
