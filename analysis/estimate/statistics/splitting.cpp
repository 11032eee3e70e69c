#include "engine/observe/splitting.h"

#include "analysis/estimate/moments.h"
#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

namespace {

/// (Σ n p)² / Σ n p²: as many particles in runs that all had the same p would have this spread. Unknown
/// where p² is lost in the weights' unit, below 1e-60.
double effective_particles(const VastInt& valid, const WideInt& squares) {
  constexpr unsigned kLeastSquareBits = 40;
  if (squares.is_zero() || msb(squares) < kLeastSquareBits) return kUnknown;
  return ratio(valid * valid, VastInt(squares) << kWeightBits);
}

/// Of runs. What survives is conditioned on being valid, so nothing else is known of the writer.
class Splitting : public Statistics {
 public:
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const WideInt valid = wide(tally, fields::valid_weight), free = wide(tally, fields::free_weight);
    const std::uint64_t runs = tally.count(fields::runs);
    const auto mean = [&](const WideInt& weight) {
      return ratio(VastInt(weight), VastInt(tally.samples) << kWeightBits);
    };
    const auto weighted = [&](const char* name, double value) {
      return Statistic{name, -1, value, tally.samples, Statistic::Kind::ordinary, Scale::log};
    };
    list.push_back(weighted("valid_rate", mean(valid)));
    list.push_back(weighted("free_rate", mean(free)));
    list.push_back(weighted("frozen_rate", mean(valid - free)));
    list.push_back({"effective_runs", -1,
                    effective_particles(valid, wide(tally, fields::squared_weight)) *
                        static_cast<double>(runs) / static_cast<double>(tally.samples),
                    0, Statistic::Kind::optional});
    list.push_back(sentence_rate("thin_run_rate", -1, tally.count(fields::thin_runs), runs));
    list.push_back(sentence_rate("extinct_run_rate", -1, tally.count(fields::extinct_runs), runs));
  }
};

}  // namespace

std::unique_ptr<const Statistics> make_splitting_statistics(const Cell& cell, Scope) {
  return kSplitting.is_observed(cell) ? std::make_unique<Splitting>() : nullptr;
}

}  // namespace leafcast::analysis
