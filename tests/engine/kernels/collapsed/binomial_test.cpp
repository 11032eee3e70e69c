#include "engine/kernels/collapsed/binomial.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/reference/reference.h"

namespace binomial_test {

using namespace leafcast;

namespace {

ScalarStream stream(std::uint64_t seed) { return ScalarStream({seed, 1, 2, 3, StreamPurpose::counts}); }

constexpr int kDraws = 100'000;
// Two-sided 5 standard errors; about 100 comparisons at fixed seeds, so a false alarm has probability 6e-5.
constexpr double kAlarm = 5.7e-7;

template <class Draw>
double p_value(int n, double p, Draw draw) {
  reference::Law law;
  const boost::math::binomial exact(n, p);
  for (int k = 0; k <= n; ++k) law.push_back(boost::math::pdf(exact, k));
  std::vector<std::uint64_t> counts(law.size());
  for (int i = 0; i < kDraws; ++i) ++counts.at(static_cast<std::size_t>(draw()));
  return reference::chi_square_p_value(law, counts);
}

double sampler_p_value(int n, double p, double drawn_p) {
  ScalarStream numbers = stream(static_cast<std::uint64_t>(n));
  const BinomialSampler sampler(drawn_p, 1 - drawn_p);
  return p_value(n, p, [&] { return sampler(n, numbers); });
}

/// Largest deviation, in standard errors, of the mean of z, z², z³, z⁴ and of 100 equally likely ranges of z
/// from a normal law, z = (k − np)/√(np(1−p)). A binomial with np > 2^20 differs from it by less than 1e-3 of
/// a standard deviation.
double worst_deviation(std::int64_t n, double p, double drawn_p) {
  ScalarStream numbers = stream(5);
  const BinomialSampler sampler(drawn_p, 1 - drawn_p);
  const long double mean = static_cast<long double>(n) * p, sd = std::sqrt(mean * (1 - p));
  const double expected[] = {0, 1, 0, 3}, variance[] = {1, 2, 15, 96};
  double sums[4] = {};
  std::vector<double> ranges(100);
  for (int i = 0; i < kDraws; ++i) {
    const auto z = static_cast<double>((static_cast<long double>(sampler(n, numbers)) - mean) / sd);
    double power = 1;
    for (double& sum : sums) sum += power *= z;
    ++ranges.at(static_cast<std::size_t>(100 * boost::math::cdf(boost::math::normal(), z)));
  }
  double worst = 0;
  for (int i = 0; i < 4; ++i)
    worst = std::max(worst, std::abs(sums[i] / kDraws - expected[i]) / std::sqrt(variance[i] / kDraws));
  for (const double count : ranges)
    worst = std::max(worst, std::abs(count - kDraws / 100) / std::sqrt(kDraws / 100 * 0.99));
  return worst;
}

}  // namespace

TEST_CASE("the binomial has its law, whichever way it is drawn") {
  for (const auto& [n, p] : std::vector<std::pair<int, double>>{
           {1, 0.5},      {1, 1e-3},     {2, 0.9},     {5, 0.2},     {12, 0.3},   {13, 0.3},
           {13, 0.999},   {19, 0.5},     {20, 0.5},    {21, 0.5},    {24, 0.6},   {26, 0.4},
           {40, 0.01},    {100, 0.099},  {100, 0.1},   {100, 0.9},   {101, 0.1},  {101, 0.9012},
           {200, 0.0499}, {200, 0.0501}, {300, 1e-5},  {1000, 0.3},  {1000, 0.7}, {1000, 0.01},
           {1000, 0.99},  {5000, 2e-4},  {20000, 0.5}, {30000, 0.95}}) {
    CAPTURE(n, p);
    CHECK(sampler_p_value(n, p, p) > kAlarm);
  }
}

TEST_CASE("a binomial of another chance, or a rounded normal, is told apart") {
  CHECK(sampler_p_value(100, 0.1, 0.102) < kAlarm);
  CHECK(sampler_p_value(20, 0.5, 0.495) < kAlarm);
  CHECK(sampler_p_value(1000, 0.3, 0.3005) < kAlarm);
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(30, std::sqrt(21));
  CHECK(p_value(100, 0.3, [&] { return std::llround(normal(random)); }) < kAlarm);
}

TEST_CASE("moments and quantiles of the binomial for numbers of trials up to 2^62") {
  for (const auto& [n, p] :
       std::vector<std::pair<std::int64_t, double>>{{std::int64_t{1} << 40, 0.3},
                                                    {std::int64_t{1} << 40, 1e-4},
                                                    {std::int64_t{1} << 53, 0.5},
                                                    {std::int64_t{1} << 61, 0.05},
                                                    {std::int64_t{1} << 61, 1 - 0x1p-20},
                                                    {(std::int64_t{1} << 62) - 1, 1. / 3},
                                                    {(std::int64_t{1} << 62) - 1, 1e-9}}) {
    CAPTURE(n, p);
    CHECK(worst_deviation(n, p, p) < 5);
  }
  // A twentieth of a standard deviation off.
  CHECK(worst_deviation(std::int64_t{1} << 61, 0.05, 0.05 + 0.05 * std::sqrt(0.05 * 0.95 / 0x1p61)) > 5);
}

TEST_CASE("a chance that is small by itself, or whose complement is, keeps its digits") {
  constexpr std::int64_t n = std::int64_t{1} << 61;
  ScalarStream numbers = stream(9);
  const BinomialSampler rare(0x1p-61, 1), usual(1, 0x1p-61);  // one hit, one miss on average
  double hits = 0, misses = 0;
  for (int i = 0; i < kDraws; ++i) {
    hits += static_cast<double>(rare(n, numbers));
    misses += static_cast<double>(n - usual(n, numbers));
  }
  CHECK(std::abs(hits / kDraws - 1) < 5 / std::sqrt(kDraws));
  CHECK(std::abs(misses / kDraws - 1) < 5 / std::sqrt(kDraws));
}

TEST_CASE("certain outcomes are certain, and draw nothing") {
  ScalarStream numbers = stream(1), untouched = stream(1);
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{3}, (std::int64_t{1} << 62) - 1}) {
    CHECK(BinomialSampler(0, 1)(n, numbers) == 0);
    CHECK(BinomialSampler(1, 0)(n, numbers) == n);
  }
  CHECK(BinomialSampler(0.5, 0.5)(0, numbers) == 0);
  CHECK(numbers.bits() == untouched.bits());
}

TEST_CASE("uniform deviates lie between 0 and 1 and spread evenly") {
  ScalarStream numbers = stream(2);
  double sum = 0, least = 1, most = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = numbers.uniform();
    sum += u, least = std::min(least, u), most = std::max(most, u);
  }
  CHECK(least > 0);
  CHECK(most < 1);
  CHECK(std::abs(sum / kDraws - 0.5) < 5 * std::sqrt(1. / 12 / kDraws));
}

TEST_CASE("the numbers are the same on every machine") {
  ScalarStream numbers = stream(1);
  CHECK(numbers.bits() == 0xb00e548930955918);
  std::vector<std::int64_t> drawn;
  for (const auto& [n, p] : std::vector<std::pair<std::int64_t, double>>{
           {12, 0.3}, {1000, 0.002}, {1000, 0.3}, {std::int64_t{1} << 61, 0.05}}) {
    const BinomialSampler sampler(p, 1 - p);
    std::int64_t mixed = 0;  // of enough draws that every branch is taken
    for (int i = 0; i < 10'000; ++i) mixed = mixed * 31 % 1'000'000'007 + sampler(n, numbers) % 1'000'003;
    drawn.push_back(mixed);
  }
  CHECK(drawn == std::vector<std::int64_t>{144592621, 566886917, 616958064, 689138534});
}

}  // namespace binomial_test
