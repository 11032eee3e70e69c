#include <cmath>
#include <numbers>

#include "analysis/estimate/statistics/statistics.h"
#include "analysis/theory/structure_cost.h"
#include "engine/observe/entropy.h"

namespace leafcast::analysis {

namespace {

/// In bits per leaf, but for sentence_cross_entropy, in nats per sentence.
class Entropies : public Statistics {
 public:
  explicit Entropies(const Cell& cell)
      : h_(cell.language().height),
        own_structure_(cell.writes_own_structure()),
        bits_(1 / (static_cast<double>(cell.language().leaves()) * std::numbers::ln2)),
        structure_nats_(own_structure_ ? structure_cross_entropy(cell) : 0) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const auto samples = static_cast<double>(tally.samples);
    const auto nats = [](const WideInt& sum, double sentences) {
      return std::ldexp(sum.convert_to<double>(), -kEntropyBits) / sentences;
    };
    WideInt cross = 0, language = 0;
    for (int j = 0; j <= h_; ++j) {
      cross += wide(tally, fields::cross_entropy, j);
      language += wide(tally, fields::language_entropy, j);
    }
    const std::uint64_t impossible = tally.count(fields::impossible);
    list.push_back({"cross_entropy", -1, nats(cross, samples) * bits_});
    list.push_back({"sentence_cross_entropy", -1, nats(cross, samples) + structure_nats_});
    list.push_back({"entropy_rate", -1, nats(language, samples) * bits_});
    list.push_back({"kl_divergence", -1, nats(cross - language, samples) * bits_});
    list.push_back({"own_entropy", -1, nats(wide(tally, fields::own_entropy), samples) * bits_});
    if (own_structure_)
      list.push_back(
          {"own_structure_entropy", -1, nats(wide(tally, fields::structure_entropy), samples) * bits_});
    list.push_back(
        {"reverse_cross_entropy", -1,
         nats(wide(tally, fields::reverse_entropy), static_cast<double>(tally.samples - impossible)) * bits_,
         0, Statistic::Kind::optional});
    list.push_back({"impossible_rate", -1, rate(impossible, tally.samples), tally.samples});
    for (int j = 0; j <= h_; ++j)
      list.push_back(
          {"kl_divergence", j,
           nats(wide(tally, fields::cross_entropy, j) - wide(tally, fields::language_entropy, j), samples) *
               bits_});
  }

 private:
  int h_;
  bool own_structure_;
  double bits_, structure_nats_;
};

}  // namespace

std::unique_ptr<const Statistics> make_entropy_statistics(const Cell& cell, Scope) {
  return kEntropy.is_observed(cell) ? std::make_unique<Entropies>(cell) : nullptr;
}

}  // namespace leafcast::analysis
