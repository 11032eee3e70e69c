// Of power sums: moments of S and of the sums over subtrees.
#include "analysis/estimate/moments.h"
#include "analysis/estimate/statistics/statistics.h"
#include "engine/language/tree.h"
#include "engine/observe/power_sums.h"

namespace leafcast::analysis {

namespace {

class Sums : public Statistics {
 public:
  explicit Sums(const Cell& cell)
      : d_(cell.language().d), h_(cell.language().height), zero_mean_(cell.language().is_uniform()) {}

 protected:
  static VastInt sum_of_squares(const Tally& tally, int j) { return wide(tally, fields::sum_s[1], j); }
  VastInt subtrees_per_sample(int j) const { return tree_power(d_, h_ - j); }
  VastInt subtrees(const Tally& tally, int j) const { return subtrees_per_sample(j) * tally.samples; }

  /// A leaf has the stationary law under every generator, so in a symmetric channel E s = 0: moments are
  /// taken about that, not about the sample mean, whose square would be all the noise that S = ±n has.
  PowerSums about_mean(PowerSums sums) const {
    if (zero_mean_) sums[0] = 0;
    return sums;
  }

  /// N sentences of r subtrees each: Var s / d^j = [Σs²/(Nr) − Σ_{a≠b} S_a S_b/(N(N−1)r²)] / d^j, where the
  /// mean is squared without bias, and for j = h it is the sample variance with N−1. Unbiased although the
  /// subtrees of a sentence depend on each other.
  double variance(const Tally& tally, int j) const {
    const VastInt n = tally.samples, r = subtrees_per_sample(j), leaves = tree_power(d_, j);
    const VastInt s2 = sum_of_squares(tally, j);
    if (zero_mean_) return ratio(s2, n * r * leaves);
    return ratio((n - 1) * r * s2 - square_of_mean(power_sums(tally, h_)), n * (n - 1) * r * r * leaves);
  }

  int d_, h_;
  bool zero_mean_;
};

class SentenceSums : public Sums {
 public:
  using Sums::Sums;
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const Shape whole = shape(about_mean(power_sums(tally, h_)), tally.samples);
    list.push_back({"variance", -1, variance(tally, h_)});
    list.push_back({"skewness", -1, whole.skewness});
    list.push_back({"excess_kurtosis", -1, whole.excess_kurtosis});
    list.push_back({"binder", -1, -whole.excess_kurtosis / 3});  // 1 − m₄/(3m₂²)
  }
};

class SubtreeSums : public Sums {
 public:
  explicit SubtreeSums(const Cell& cell) : Sums(cell), correlations_(cell.observe().correlation) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    for (int j = 1; j <= h_; ++j) list.push_back({"variance", j, variance(tally, j)});
    for (int j = 1; j <= h_; ++j)
      list.push_back({"excess_kurtosis", j,
                      shape(about_mean(power_sums(tally, j)), subtrees(tally, j)).excess_kurtosis});
    if (correlations_)
      for (int j = 1; j <= h_; ++j) list.push_back({"correlation", j, correlation(tally, j)});
  }

 private:
  /// Over the pairs of leaves with an LCA of height a, Σ s_i s_j = (M_a − M_{a−1})/2 with M_a = Σ s² over
  /// subtrees of height a; there are N·n(d^a − d^{a−1})/2 of them. Correlation = (E s_i s_j − (E s)²) / (E
  /// s_i² − (E s)²).
  double correlation(const Tally& tally, int a) const {
    const VastInt n = tally.samples, leaves = subtrees_per_sample(0);
    const VastInt partners = tree_power(d_, a) - tree_power(d_, a - 1);
    const VastInt pairs = sum_of_squares(tally, a) - sum_of_squares(tally, a - 1);
    if (zero_mean_) return ratio(pairs, sum_of_squares(tally, 0) * partners);
    const VastInt mean = square_of_mean(power_sums(tally, h_)), scale = (n - 1) * leaves;
    return ratio(pairs * scale - mean * partners, (sum_of_squares(tally, 0) * scale - mean) * partners);
  }

  bool correlations_;
};

}  // namespace

std::unique_ptr<const Statistics> make_sentence_sums(const Cell& cell, Scope) {
  return kPowerSums.is_observed(cell) ? std::make_unique<SentenceSums>(cell) : nullptr;
}
std::unique_ptr<const Statistics> make_subtree_sums(const Cell& cell, Scope scope) {
  return cell.observe().subtrees && scope == Scope::subtrees ? std::make_unique<SubtreeSums>(cell) : nullptr;
}

}  // namespace leafcast::analysis
