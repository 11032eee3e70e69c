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
        structure_nats_(own_structure_ ? structure_cross_entropy(cell) : 0),
        leaf_bits_(kEntropyPrecision / std::numbers::ln2) {
    const double d = cell.language().d;
    for (int j = 0; j <= h_; ++j) share_.push_back(std::pow(d, -j) * (j < h_ ? 1 - 1 / d : 1));
  }
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
    const auto add = [&](const char* name, double value, double precision) -> Statistic& {
      return list.emplace_back(
          Statistic{name, -1, value, 0, Statistic::Kind::ordinary, Scale::linear, 0, precision});
    };
    add("cross_entropy", nats(cross, samples) * bits_, leaf_bits_);
    add("sentence_cross_entropy", nats(cross, samples) + structure_nats_, leaf_bits_ / bits_);
    add("entropy_rate", nats(language, samples) * bits_, leaf_bits_);
    add("kl_divergence", nats(cross - language, samples) * bits_, cross == language ? 0 : leaf_bits_);
    add("own_entropy", nats(wide(tally, fields::own_entropy), samples) * bits_, leaf_bits_);
    if (own_structure_)
      add("own_structure_entropy", nats(wide(tally, fields::structure_entropy), samples) * bits_, leaf_bits_);
    const std::uint64_t possible = tally.samples - impossible;
    Statistic& reverse =
        add("reverse_cross_entropy",
            nats(wide(tally, fields::reverse_entropy), static_cast<double>(possible)) * bits_, leaf_bits_);
    reverse.counted = possible;
    reverse.kind = Statistic::Kind::optional;
    list.push_back(sentence_rate("impossible_rate", -1, impossible, tally.samples));
    for (int j = 0; j <= h_; ++j) {
      const WideInt difference =
          wide(tally, fields::cross_entropy, j) - wide(tally, fields::language_entropy, j);
      add("kl_divergence", nats(difference, samples) * bits_, difference == 0 ? 0 : leaf_bits_ * share_[j])
          .height = j;
    }
  }

 private:
  int h_;
  bool own_structure_;
  double bits_, structure_nats_;
  double leaf_bits_;           ///< what single precision may add to the entropy of a leaf, in bits
  std::vector<double> share_;  ///< [height of carry] of the leaves
};

}  // namespace

std::unique_ptr<const Statistics> make_entropy_statistics(const Cell& cell, Scope) {
  return kEntropy.is_observed(cell) ? std::make_unique<Entropies>(cell) : nullptr;
}

}  // namespace leafcast::analysis
