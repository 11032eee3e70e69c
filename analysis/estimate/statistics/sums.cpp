// Of power sums: moments of S and of the sums over subtrees.
#include "analysis/estimate/moments.h"
#include "analysis/estimate/narrow_int.h"
#include "analysis/estimate/statistics/statistics.h"
#include "engine/language/tree.h"
#include "engine/observe/power_sums.h"

namespace leafcast::analysis {

namespace {

/// Σ s^p over the subtrees of height j.
template <class Integer>
Integer sum_of_powers(const Tally& tally, int p, int j) {
  if constexpr (std::is_same_v<Integer, NarrowInt>)
    return NarrowInt::of_limbs(tally.limbs(fields::sum_s[p - 1], j));
  else
    return Integer(wide(tally, fields::sum_s[p - 1], j));
}

/// Derived: add_in<Integer>(tally, list), which is asked for 128 bits as long as they suffice.
template <class Derived>
class Sums : public Statistics {
 public:
  explicit Sums(const Cell& cell)
      : d_(cell.language().d), h_(cell.language().height), zero_mean_(cell.language().is_uniform()) {}

  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    const auto& derived = static_cast<const Derived&>(*this);
    const std::size_t before = list.size();
    if (fits_) {
      try {
        return derived.template add_in<NarrowInt>(tally, list);
      } catch (const NarrowInt::Overflow&) {
        fits_ = false;
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(before), list.end());
      }
    }
    derived.template add_in<VastInt>(tally, list);
  }

 protected:
  template <class Integer>
  Integer subtrees_per_sample(int j) const {
    return Integer(tree_power(d_, h_ - j));
  }

  /// A leaf has the stationary law under every generator, so in a symmetric channel E s = 0: moments are
  /// taken about that, not about the sample mean, whose square would be all the noise that S = ±n has.
  template <class Integer>
  Shape shape_about_mean(const Tally& tally, int j) const {
    std::array<Integer, kPowers> sums;
    for (int p = zero_mean_ ? 2 : 1; p <= kPowers; ++p) sums[p - 1] = sum_of_powers<Integer>(tally, p, j);
    return shape<Integer>(sums, subtrees_per_sample<Integer>(j) * Integer(tally.samples));
  }

  template <class Integer>
  static Integer mean_squared(const Tally& tally, int j) {
    return square_of_mean<Integer>(sum_of_powers<Integer>(tally, 1, j), sum_of_powers<Integer>(tally, 2, j));
  }

  /// N sentences of r subtrees each: Var s / d^j = [Σs²/(Nr) − Σ_{a≠b} S_a S_b/(N(N−1)r²)] / d^j, where the
  /// mean is squared without bias, and for j = h it is the sample variance with N−1. Unbiased although the
  /// subtrees of a sentence depend on each other.
  template <class Integer>
  double variance(const Tally& tally, int j) const {
    const Integer n(tally.samples), one(1), r = subtrees_per_sample<Integer>(j), leaves(tree_power(d_, j));
    const Integer s2 = sum_of_powers<Integer>(tally, 2, j);
    if (zero_mean_) return ratio(s2, Integer(n * r * leaves));
    return ratio(Integer((n - one) * r * s2 - mean_squared<Integer>(tally, h_)),
                 Integer(n * (n - one) * r * r * leaves));
  }

  /// Height −1: of the sentence.
  template <class Integer>
  Statistic variance_of(const Tally& tally, int height) const {
    return {
        "variance", height, variance<Integer>(tally, height < 0 ? h_ : height), 0, Statistic::Kind::ordinary,
        Scale::log};
  }
  Statistic shape_of(const Tally& tally, const char* name, int height, double value, Scale scale) const {
    const double subtrees = height < 0 ? 1 : std::pow(d_, h_ - height);
    return {name,
            height,
            value,
            0,
            Statistic::Kind::ordinary,
            scale,
            subtrees * static_cast<double>(tally.samples)};
  }

  int d_, h_;
  bool zero_mean_;

 private:
  mutable bool fits_ = true;  // into 128 bits
};

class SentenceSums : public Sums<SentenceSums> {
 public:
  using Sums::Sums;
  template <class Integer>
  void add_in(const Tally& tally, std::vector<Statistic>& list) const {
    const Shape whole = shape_about_mean<Integer>(tally, h_);
    list.push_back(variance_of<Integer>(tally, -1));
    list.push_back(shape_of(tally, "skewness", -1, whole.skewness, Scale::linear));
    list.push_back(shape_of(tally, "excess_kurtosis", -1, whole.excess_kurtosis, Scale::kurtosis));
    list.push_back(
        shape_of(tally, "binder", -1, -whole.excess_kurtosis / 3, Scale::binder));  // 1 − m₄/(3m₂²)
  }
};

class SubtreeSums : public Sums<SubtreeSums> {
 public:
  explicit SubtreeSums(const Cell& cell) : Sums(cell), correlations_(cell.observe().correlation) {}
  template <class Integer>
  void add_in(const Tally& tally, std::vector<Statistic>& list) const {
    for (int j = 1; j <= h_; ++j) list.push_back(variance_of<Integer>(tally, j));
    for (int j = 1; j <= h_; ++j)
      list.push_back(shape_of(tally, "excess_kurtosis", j,
                              shape_about_mean<Integer>(tally, j).excess_kurtosis, Scale::kurtosis));
    if (correlations_)
      for (int j = 1; j <= h_; ++j) list.push_back({"correlation", j, correlation<Integer>(tally, j)});
  }

 private:
  /// Over the pairs of leaves with an LCA of height a, Σ s_i s_j = (M_a − M_{a−1})/2 with M_a = Σ s² over
  /// subtrees of height a; there are N·n(d^a − d^{a−1})/2 of them. Correlation = (E s_i s_j − (E s)²) / (E
  /// s_i² − (E s)²).
  template <class Integer>
  double correlation(const Tally& tally, int a) const {
    const auto sum_of_squares = [&](int j) { return sum_of_powers<Integer>(tally, 2, j); };
    const Integer n(tally.samples), leaves = subtrees_per_sample<Integer>(0);
    const Integer partners(tree_power(d_, a) - tree_power(d_, a - 1));
    const Integer pairs = sum_of_squares(a) - sum_of_squares(a - 1);
    if (zero_mean_) return ratio(pairs, Integer(sum_of_squares(0) * partners));
    const Integer mean = mean_squared<Integer>(tally, h_), scale = (n - Integer(1)) * leaves;
    return ratio(Integer(pairs * scale - mean * partners),
                 Integer((sum_of_squares(0) * scale - mean) * partners));
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
