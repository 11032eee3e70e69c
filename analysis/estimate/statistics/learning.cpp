#include "engine/observe/learning.h"

#include <cmath>

#include "analysis/estimate/statistics/statistics.h"
#include "analysis/theory/grammar_entropy.h"
#include "engine/observe/entropy.h"

namespace leafcast::analysis {

namespace {

/// What a learner of the last leaf is measured by.
class LearningScale {
 public:
  explicit LearningScale(const Cell& cell) : s_(cell.language().d) {
    const auto& learner = std::get<LearnerGenerator>(cell.generator());
    if (learner.learner == Learner::classifier) return;
    const Grammar& grammar = cell.language().grammar();
    const GrammarLaws laws(grammar);
    const std::int64_t last = cell.language().leaves() - 1;
    const auto next =
        next_leaf(grammar, laws, last, learner.learner == Learner::counting ? learner.context : last);
    if (next) floor_ = next->entropy;
    for (const NextLeaf& level : last_leaf_by_level(grammar, laws)) entropy_.push_back(level.entropy);
  }
  /// The entropy given what is seen of the leaves before it: no learner goes below. NaN if unknown.
  double floor() const { return floor_; }
  /// The context, in leaves, from which the language's own law would predict as well: s^ℓ − 1, with ℓ
  /// between two levels where the entropy given their contexts, taken as linear, is the learner's. NaN if
  /// that is below all known ones but the last is not of the whole sentence.
  double effective_context(double cross_entropy, int height) const {
    if (entropy_.empty()) return kUnknown;
    if (cross_entropy >= entropy_.front()) return 0;
    for (std::size_t j = 1; j < entropy_.size(); ++j)
      if (cross_entropy > entropy_[j]) {
        const double share = (entropy_[j - 1] - cross_entropy) / (entropy_[j - 1] - entropy_[j]);
        return std::pow(s_, static_cast<double>(j) - 1 + share) - 1;
      }
    return static_cast<int>(entropy_.size()) == height + 1 ? std::pow(s_, height) - 1 : kUnknown;
  }

 private:
  double s_, floor_ = kUnknown;
  std::vector<double> entropy_;  // [level]
};

/// Of training sets; in nats per prediction.
class Learning : public Statistics {
 public:
  explicit Learning(const Cell& cell) : h_(cell.language().height), scale_(cell) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const std::uint64_t tests = tally.count(fields::tested);
    const double loss = std::ldexp(wide(tally, fields::loss).convert_to<double>(), -kEntropyBits);
    const double cross_entropy = loss / static_cast<double>(tests);
    list.push_back({"test_cross_entropy", -1, cross_entropy});
    if (!std::isnan(scale_.floor())) list.push_back({"test_excess", -1, cross_entropy - scale_.floor()});
    list.push_back({"test_error", -1, rate(tally.count(fields::errors), tests), tally.samples,
                    Statistic::Kind::ordinary, Scale::rate, static_cast<double>(tests)});
    list.push_back(
        {"effective_context", -1, scale_.effective_context(cross_entropy, h_), 0, Statistic::Kind::optional});
    for (int j = 1; j <= h_; ++j)
      list.push_back({"cluster_purity", j,
                      rate(tally.count(fields::pure, j), tally.count(fields::clustered, j)), tally.samples,
                      Statistic::Kind::optional, Scale::rate,
                      static_cast<double>(tally.count(fields::clustered, j))});
  }

 private:
  int h_;
  LearningScale scale_;
};

}  // namespace

std::unique_ptr<const Statistics> make_learning_statistics(const Cell& cell, Scope) {
  return kLearning.is_observed(cell) ? std::make_unique<Learning>(cell) : nullptr;
}

}  // namespace leafcast::analysis
