#include "engine/observe/functionals.h"

#include "analysis/estimate/moments.h"
#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

namespace {

/// Mean and sample variance, per leaf.
class FunctionalStatistics : public Statistics {
 public:
  explicit FunctionalStatistics(const Cell& cell) : leaves_(cell.language().leaves()) {
    for (const Functional& functional : functionals())
      if (functional.observable->is_observed(cell))
        named_.push_back(
            {functional, std::string(functional.name) + "_mean", std::string(functional.name) + "_variance"});
  }
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const VastInt n = tally.samples;
    for (const auto& [functional, mean, variance] : named_) {
      const VastInt sum = wide(tally, *functional.sum), squares = wide(tally, *functional.squares);
      list.push_back({mean.c_str(), -1, ratio(sum, n * leaves_)});
      list.push_back({variance.c_str(), -1, ratio(n * squares - sum * sum, n * (n - 1) * leaves_), 0,
                      Statistic::Kind::ordinary, Scale::log});
    }
  }

 private:
  struct Named {
    Functional functional;
    std::string mean, variance;
  };
  std::int64_t leaves_;
  std::vector<Named> named_;
};

}  // namespace

std::unique_ptr<const Statistics> make_functional_statistics(const Cell& cell, Scope) {
  return cell.observe().functionals.empty() ? nullptr : std::make_unique<FunctionalStatistics>(cell);
}

}  // namespace leafcast::analysis
