#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Surprise of given sentences beside the law that the language gives it.
namespace leafcast::analysis {

/// Surprise s = −log P(x_i | x_0 … x_{i−1}) of one leaf, and its conditional law under the language: P(· | x_0 … x_{i−1})
/// is known, so that the entropy H = E s, the variance, and the moment generating function are exact.
struct SurpriseTerm {
  double excess = 0;    ///< s − H, nats; mean 0 if the leaf is the language's, whatever stands before it
  double variance = 0;  ///< of s, given the leaves before
  std::vector<double> moments;  ///< [θ] E e^{θ(s − H)}, θ = 1, 1/2, 1/4 … and then −1, −1/2, −1/4 …
};

/// Computes terms for one set of θ.
class Surprise {
 public:
  /// For sums of at most so many terms: the least θ is about one over the standard error of such a sum.
  explicit Surprise(double most_terms);
  /// The leaf's symbol under its law given the leaves before, which sums to 1; the symbol is possible.
  const SurpriseTerm& operator()(std::span<const double> law, std::size_t symbol);
  std::size_t halvings() const { return halvings_; }

 private:
  std::size_t halvings_;
  SurpriseTerm term_;
};

/// Sum D of excess surprises over leaves and sentences, and what the language says of it; beside it the likelihood of the
/// same leaves under other writers. D is a martingale, whatever leaves it is of: with K(θ) = Σ log E e^{θ(s − H)}, E e^{θD − K(θ)} = 1,
/// which is the likelihood ratio of a language of temperature 1/(1 − θ); and so is E Π w/P ≤ 1 for a writer w.
/// p-values follow without any limit theorem, valid for one sentence and for events that never occurred.
class SurpriseSum {
 public:
  /// `writers`: those whose likelihoods come along, k-grams say.
  SurpriseSum(std::size_t halvings, std::size_t writers)
      : products_(2 * halvings, 1.0), logs_(2 * halvings), log_ratios_(writers) {}
  /// `log_ratios`: [writer] log w(x_i)/P(x_i), −∞ if the writer cannot write the symbol.
  void add(const SurpriseTerm& term, std::span<const double> log_ratios);
  std::uint64_t terms() const { return terms_; }
  double mean() const;  ///< D over the number of terms; NaN without any
  double error()
      const;  ///< its exact standard error given the leaves before: √(Σ variances) over the number of terms
  double variance() const { return variance_; }  ///< Σ variances, of D

  /// Of one leaf over independent sentences. Given the leaves before, D is a sum of independent terms of known law:
  /// twice the least of Chernoff's bound, 2 min_θ e^{K(θ) − θD}, and of Markov's for the writers' average ratio.
  double leaf_p_value() const;
  /// Of leaves that stand before each other, when K(θ) is random: Markov's inequality for the average of e^{θD − K(θ)} over
  /// θ, most weight on those that tell a D of some four standard errors, and of the writers' ratios, half
  /// and half. `variance`: what D is expected to have, from other sentences.
  double martingale_p_value(double variance) const;

 private:
  double theta(std::size_t i) const;
  double log_moment(std::size_t i) const;  // K(θ)
  double log_evidence_of_writers() const;  // of their average ratio; −∞ without any

  std::uint64_t terms_ = 0;
  double excess_ = 0, variance_ = 0;
  std::vector<double> products_, logs_;  // of moments: K = log product + logs
  std::vector<double> log_ratios_;
};

}  // namespace leafcast::analysis
