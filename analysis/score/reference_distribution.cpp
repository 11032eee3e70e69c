#include "analysis/score/reference_distribution.h"

#include <algorithm>
#include <cmath>

#include "analysis/estimate/estimates.h"
#include "engine/kernels/chunk_runner.h"

namespace leafcast::analysis {

namespace {

constexpr double kMostReplicates = 199,
                 kLeastReplicates = 39;  // p-values are multiples of 1/200, 1/40 at least
constexpr double kMostLeaves = 1e10;
constexpr std::uint32_t kFirstChunk =
    1 << 20;  // other random numbers than those of the sampled reference values

}  // namespace

ReferenceDistribution::ReferenceDistribution(const Cell& reference, const Cell& judged,
                                             std::uint64_t sentences) {
  if (sentences == 0) return;
  const double leaves = static_cast<double>(sentences) * static_cast<double>(reference.language().leaves());
  const auto count =
      static_cast<std::uint32_t>(std::clamp(kMostLeaves / leaves, kLeastReplicates, kMostReplicates));
  const ChunkRunner runner(reference);
  for (std::uint32_t i = 0; i < count; ++i) {
    CellTally sums = empty_bins(judged);
    sums[0] = runner.run(kFirstChunk + i, sentences, [] { return true; }).value();
    replicates_.push_back(cell_estimates(judged, sums));
  }
}

std::vector<double> ReferenceDistribution::values(const StatisticName& statistic) const {
  std::vector<double> list;
  for (const std::vector<Estimate>& estimates : replicates_) {
    const auto found = std::ranges::find(estimates, statistic, &Estimate::statistic);
    list.push_back(found == estimates.end() ? kUnknown : found->value);
  }
  return list;
}

std::vector<double> westfall_young(const std::vector<Deviations>& statistics) {
  struct Scaled {
    std::size_t statistic;
    double observed;
    std::vector<double> replicates;
  };
  std::vector<double> p_values(statistics.size(), kUnknown);
  std::vector<Scaled> order;
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const Deviations& d = statistics[i];
    if (std::isnan(d.observed)) continue;
    double squares = d.observed * d.observed, count = 1;
    for (const double x : d.replicates)
      if (!std::isnan(x)) squares += x * x, ++count;
    const double scale = std::sqrt(squares / count);
    const auto scaled = [&](double x) { return std::isnan(x) || scale == 0 ? 0.0 : std::abs(x) / scale; };
    Scaled one{i, scaled(d.observed), {}};
    for (const double x : d.replicates) one.replicates.push_back(scaled(x));
    order.push_back(std::move(one));
  }
  if (order.empty()) return p_values;
  // From the smallest deviation on: the largest of those not yet past, in every replicate.
  std::ranges::stable_sort(order, {}, &Scaled::observed);
  const std::size_t replicates = order.front().replicates.size();
  std::vector<double> largest(replicates, 0.0), shares;
  for (const Scaled& one : order) {
    double as_large = 1;
    for (std::size_t r = 0; r < replicates; ++r) {
      largest[r] = std::max(largest[r], one.replicates[r]);
      as_large += largest[r] >= one.observed;
    }
    shares.push_back(as_large / (static_cast<double>(replicates) + 1));
  }
  double p = 0;
  for (std::size_t i = order.size(); i-- > 0;) {
    p = std::max(p, shares[i]);
    p_values[order[i].statistic] = p;
  }
  return p_values;
}

}  // namespace leafcast::analysis
