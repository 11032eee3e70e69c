#include "analysis/score/surprise.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace surprise_test {

using namespace leafcast::analysis;

namespace {

std::size_t draw(std::mt19937_64& random, const std::vector<double>& law) {
  return static_cast<std::size_t>(std::discrete_distribution<int>(law.begin(), law.end())(random));
}

}  // namespace

TEST_CASE("a surprise has the entropy, the variance and the moments of its law") {
  const std::vector<double> law = {0.7, 0.29, 0.01, 0};
  Surprise surprise(1000);
  const double entropy = -0.7 * std::log(0.7) - 0.29 * std::log(0.29) - 0.01 * std::log(0.01);
  double mean = 0, square = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const SurpriseTerm& term = surprise(law, a);
    CHECK(term.excess == Approx(-std::log(law[a]) - entropy));
    mean += law[a] * term.excess;
    square += law[a] * term.excess * term.excess;
  }
  const SurpriseTerm& term = surprise(law, 0);
  CHECK(std::abs(mean) < 1e-14);
  CHECK(term.variance == Approx(square));
  REQUIRE(term.moments.size() == 2 * surprise.halvings());
  for (std::size_t i = 0; i < term.moments.size(); ++i) {
    const std::size_t h = surprise.halvings();
    const double theta = (i < h ? 1 : -1) * std::pow(0.5, i % h);
    double moment = 0;
    for (std::size_t a = 0; a < 3; ++a) moment += law[a] * std::exp(theta * (-std::log(law[a]) - entropy));
    CHECK(term.moments[i] == Approx(moment));
  }
}

TEST_CASE("p-values of surprise are not too small, however rare the surprises") {
  std::mt19937_64 random(3);
  constexpr int kRuns = 4000;
  for (const double rare : {0.5, 0.05, 0.005, 0.0005}) {
    const std::vector<double> law = {1 - rare, 0.6 * rare, 0.4 * rare},
                              other = {1 - 2 * rare, 1.8 * rare, 0.2 * rare};
    for (const int terms : {1, 200}) {
      int leaf = 0, martingale = 0, scatter = 0;
      for (int run = 0; run < kRuns; ++run) {
        Surprise surprise(terms);
        SurpriseSum sum(surprise.halvings(), 1);
        double all = 0, squares = 0, expected = 0;
        for (int i = 0; i < terms; ++i) {
          const std::size_t symbol = draw(random, law);
          const SurpriseTerm& term = surprise(law, symbol);
          sum.add(term, std::vector{std::log(other[symbol] / law[symbol])});
          all += term.excess, squares += term.excess * term.excess, expected += term.variance;
        }
        leaf += sum.leaf_p_value() <= 0.05;
        martingale += sum.martingale_p_value(expected) <= 0.05;
        const double mean = all / terms, own = squares / terms - mean * mean;
        scatter += own > 1e-18 && std::abs(mean) > 1.96 * std::sqrt(own / terms);
      }
      const double most = kRuns * 0.05 + 5 * std::sqrt(kRuns * 0.05 * 0.95);
      CHECK(leaf <= most);
      CHECK(martingale <= most);
      if (rare == 0.005 && terms == 200) CHECK(scatter > most);  // the wrong twin: errors from the sample
    }
  }
}

TEST_CASE("surprises that are too many or too few are found") {
  std::mt19937_64 random(8);
  const std::vector<double> said = {0.9, 0.1}, more = {0.85, 0.15}, fewer = {0.95, 0.05};
  for (const auto& law : {more, fewer}) {
    Surprise surprise(2000);
    SurpriseSum sum(surprise.halvings(), 0);
    for (int i = 0; i < 2000; ++i) sum.add(surprise(said, draw(random, law)), {});  // some 7 standard errors
    CHECK(sum.leaf_p_value() < 1e-4);
    CHECK(sum.martingale_p_value(sum.variance()) < 1e-4);
    CHECK((sum.mean() > 0) == (law == more));
    CHECK(sum.error() == Approx(std::sqrt(0.9 * 0.1 / 2000) * std::log(9)));
  }
  CHECK(SurpriseSum(3, 0).leaf_p_value() == 1);
  CHECK(SurpriseSum(3, 0).martingale_p_value(0) == 1);
  CHECK(std::isnan(SurpriseSum(3, 0).mean()));
}

TEST_CASE("a writer of the same entropy is found by its likelihood, which surprise alone cannot tell") {
  std::mt19937_64 random(9);
  const std::vector<double> said = {0.5, 0.5}, written = {0.6, 0.4};
  Surprise surprise(1000);
  SurpriseSum alone(surprise.halvings(), 0), beside(surprise.halvings(), 3);
  for (int i = 0; i < 1000; ++i) {
    const std::size_t symbol = draw(random, written);
    const double ratio = std::log(written[symbol] / said[symbol]);
    alone.add(surprise(said, symbol), {});
    beside.add(surprise(said, symbol), std::vector{0.0, ratio, -std::numeric_limits<double>::infinity()});
  }
  CHECK(alone.leaf_p_value() == 1);
  CHECK(alone.martingale_p_value(1) == Approx(1));
  CHECK(beside.leaf_p_value() < 1e-3);
  CHECK(beside.martingale_p_value(1) < 1e-3);
}

}  // namespace surprise_test
