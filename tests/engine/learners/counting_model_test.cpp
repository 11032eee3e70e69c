#include "engine/learners/counting_model.h"

#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace counting_model_test {

using namespace leafcast;

namespace {

struct Data {
  FeatureRows rows;
  std::vector<std::uint8_t> targets;
};

Data make_data(std::size_t features, int rows) {
  std::mt19937_64 random(features);
  Data data;
  data.rows.features = features;
  for (int i = 0; i < rows; ++i) {
    int sum = 0;
    for (std::size_t j = 0; j < features; ++j) {
      data.rows.values.push_back(static_cast<std::uint16_t>(random() % 3));
      sum += data.rows.values.back();
    }
    data.targets.push_back(static_cast<std::uint8_t>((sum + static_cast<int>(random() % 2)) % 4));
  }
  return data;
}

/// The definition, by maps and from the sentences themselves.
double by_definition(const Data& data, std::span<const std::uint16_t> features, int target, int symbols,
                     Smoothing smoothing, double concentration) {
  using Key = std::vector<std::uint16_t>;
  const std::size_t most = data.rows.features;
  double p = 1.0 / symbols;
  for (std::size_t j = 0; j <= most; ++j) {
    std::map<Key, std::map<int, double>> counts;
    const bool continues = smoothing == Smoothing::kneser_ney && j < most;
    std::set<std::pair<Key, int>> seen;
    for (std::size_t i = 0; i < data.targets.size(); ++i) {
      const auto row = most ? data.rows.row(i) : std::span<const std::uint16_t>{};
      if (continues &&
          !seen.insert({Key(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(j) + 1), data.targets[i]})
               .second)
        continue;
      counts[Key(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(j))][data.targets[i]] += 1;
    }
    double once = 0, twice = 0;
    for (const auto& [context, list] : counts)
      for (const auto& [x, count] : list) {
        once += count == 1;
        twice += count == 2;
      }
    const double discount = once > 0 && twice > 0 ? once / (once + 2 * twice) : 0.5;
    const auto found = counts.find(Key(features.begin(), features.begin() + static_cast<std::ptrdiff_t>(j)));
    if (found == counts.end()) return p;
    double total = 0;
    for (const auto& [x, count] : found->second) total += count;
    const double own = found->second.contains(target) ? found->second.at(target) : 0;
    p = smoothing == Smoothing::kneser_ney
            ? std::max(own - discount, 0.0) / total +
                  discount * static_cast<double>(found->second.size()) / total * p
            : (own + concentration * p) / (total + concentration);
  }
  return p;
}

}  // namespace

TEST_CASE("counts with back-off are those of their definition, and laws sum to 1") {
  for (const std::size_t features : {0, 1, 3})
    for (const Smoothing smoothing : {Smoothing::kneser_ney, Smoothing::dirichlet}) {
      const Data data = make_data(features, 60);
      const CountingModel model(data.rows, data.targets, 4, smoothing, 0.7);
      for (std::uint16_t a = 0; a < 4; ++a)  // 3 was never seen
        for (std::uint16_t b = 0; b < 4; ++b) {
          const std::vector<std::uint16_t> given = {a, b, static_cast<std::uint16_t>((a + b) % 3)};
          const std::span<const std::uint16_t> row(given.data(), features);
          const std::vector<double> law = model.law(row);
          CHECK(std::accumulate(law.begin(), law.end(), 0.0) == Approx(1).epsilon(1e-12));
          for (int x = 0; x < 4; ++x) {
            CHECK(law[static_cast<std::size_t>(x)] == Approx(model.probability(row, x)).epsilon(1e-12));
            CHECK(law[static_cast<std::size_t>(x)] ==
                  Approx(by_definition(data, row, x, 4, smoothing, 0.7)).epsilon(1e-12));
          }
        }
    }
}

}  // namespace counting_model_test
