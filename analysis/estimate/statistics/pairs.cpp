#include "engine/observe/pairs.h"

#include <cmath>
#include <map>

#include "analysis/estimate/pair_correlation.h"
#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

namespace {

/// Correlations of the last leaf with those before: by LCA height over the pairs of that height, and by
/// distance.
class PairCorrelations : public Statistics {
 public:
  explicit PairCorrelations(const Cell& cell)
      : symbols_(static_cast<std::size_t>(cell.language().symbols())), pairs_(observed_pairs(cell)) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const std::size_t size = symbols_ * symbols_;
    struct Sum {
      double square = 0, noise = 0, freedom = 0;
      int count = 0;
    };
    std::map<int, Sum> by_height;
    std::vector<Sum> pairs;
    const std::span<const std::uint64_t> counts = tally.counts(fields::pair_count);
    for (std::size_t i = 0; i < pairs_.distance.size(); ++i) {
      const std::span<const std::uint64_t> of_pair = counts.subspan(i * size, size);
      const PairNoise noise = pair_noise(of_pair, symbols_, tally.samples);
      const double square = mean_square_correlation(of_pair, symbols_, tally.samples);
      pairs.push_back({square, noise.variance, noise.freedom, 1});
      Sum& sum = by_height[pairs_.height[i]];
      sum.square += square, sum.noise += noise.variance, sum.freedom += noise.freedom, ++sum.count;
    }
    const auto add = [&](const char* name, int at, const Sum& sum, Scale scale) {
      const double square = sum.square / sum.count;
      // Of several pairs, as if all had the same noise: they share the last leaf.
      list.push_back({name, at, scale == Scale::root ? signed_root(square) : square, 0,
                      Statistic::Kind::ordinary, scale, static_cast<double>(tally.samples), 0,
                      sum.noise / sum.count, sum.freedom / sum.count});
    };
    for (const auto& [height, sum] : by_height) add("token_correlation", height, sum, Scale::root);
    for (const auto& [height, sum] : by_height) add("token_correlation_square", height, sum, Scale::square);
    for (std::size_t i = 0; i < pairs.size(); ++i)
      add("distance_correlation", static_cast<int>(pairs_.distance[i]), pairs[i], Scale::root);
  }

 private:
  /// What is left of a correlation when its noise is removed may be below 0.
  static double signed_root(double square) { return std::copysign(std::sqrt(std::abs(square)), square); }

  std::size_t symbols_;
  PairPositions pairs_;
};

}  // namespace

std::unique_ptr<const Statistics> make_pair_statistics(const Cell& cell, Scope) {
  return kPairs.is_observed(cell) ? std::make_unique<PairCorrelations>(cell) : nullptr;
}

}  // namespace leafcast::analysis
