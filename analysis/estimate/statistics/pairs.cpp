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
    std::map<int, std::pair<double, int>> by_height;
    std::vector<double> squares;
    const std::span<const std::uint64_t> counts = tally.counts(fields::pair_count);
    for (std::size_t i = 0; i < pairs_.distance.size(); ++i) {
      squares.push_back(mean_square_correlation(counts.subspan(i * size, size), symbols_, tally.samples));
      auto& [sum, count] = by_height[pairs_.height[i]];
      sum += squares.back();
      ++count;
    }
    for (const auto& [height, sum] : by_height)
      list.push_back({"token_correlation", height, signed_root(sum.first / sum.second)});
    for (const auto& [height, sum] : by_height)
      list.push_back({"token_correlation_square", height, sum.first / sum.second});
    for (std::size_t i = 0; i < squares.size(); ++i)
      list.push_back({"distance_correlation", static_cast<int>(pairs_.distance[i]), signed_root(squares[i])});
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
