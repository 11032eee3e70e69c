#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"
#include "engine/sequences/sentence_scorer.h"
#include "engine/sequences/token_parser.h"

/// Sequences that somebody else wrote, a trained model say, beside the language and its k-grams.
namespace leafcast::analysis {

struct ScoreSettings {
  Cell reference;  ///< whose language the sequences should be of, and whom they are compared with
  StreamKind stream = StreamKind::leaves;
  bool patch = false;                       ///< force the true marks (token_parser.h)
  std::vector<std::int64_t> contexts = {};  ///< ascending; the k-grams whose scores are wanted
  ContextUnit unit = ContextUnit::leaves;
  std::uint64_t reference_samples =
      0;  ///< sentences that are sampled of every writer that has to be; 0: as many as scored
};

/// What one sequence got. Nats are of the whole sentence; NaN if it is not well formed, +∞ if impossible.
struct SequenceScore {
  std::optional<Fault> fault;
  std::int64_t place = 0;  ///< of the fault
  std::int64_t sum = 0;    ///< S
  std::int64_t impossible_leaf =
      -1;  ///< the first that the language cannot write after those before; −1 if there is none
  int lowest_inconsistency = 0;  ///< height; 0 if there is none
  double language = kUnknown;    ///< −log P of the language
  std::vector<double> kgrams;    ///< [context] −log P of the k-gram, marks for nothing
};

/// A mean over sequences and its jackknife standard error, and how many it is of.
struct Mean {
  double value = kUnknown, error = kUnknown;
  std::uint64_t count = 0;
};

/// k that a set of sequences behaves like.
struct EffectiveContext {
  double value = kUnknown, low = kUnknown, high = kUnknown;  ///< NaN where there is none
  std::string note;  ///< what value and interval are, or why there are none
};

/// One abscissa of the attribution: leaves whose index has j trailing zeros in base d, or one leaf.
struct Departure {
  int height;  ///< j; the language's height for the first leaf
  /// Mean over such leaves of −log P(x_i | x_0 … x_{i−1}) under the language, less what the language expects
  /// after x_0 … x_{i−1}, its conditional entropy: nats a leaf. Its standard error is exact.
  double excess, error;
  /// Valid for any number of sequences: by the excess, or by likelihood ratios of the k-grams (surprise.h).
  double p_value;
  std::uint64_t impossible = 0;  ///< sequences whose first impossible leaf is one of these
  double z() const { return excess / error; }
};

struct Score {
  explicit Score(const ScoreSettings& wanted) : settings(wanted) {}

  ScoreSettings settings;
  std::uint64_t sequences = 0, well_formed = 0;
  std::map<Fault, std::uint64_t> faults;
  std::map<Fault, std::map<std::int64_t, std::uint64_t>> places;  ///< of faults
  /// Cell 0: the well-formed sentences; cell 1, if some are not: all, by their sums.
  Record record;
  /// `exact` holds the reference's value, with its error if it was sampled.
  std::vector<Estimate> estimates;
  std::vector<bool> sampled;  ///< by estimate: whether `exact` was
  /// By estimate: value − exact over the standard error that the value has under the reference, and adjusted
  /// p-values of all together (reference_distribution.h). NaN without a reference.
  std::vector<double> z, p_values;
  std::vector<std::size_t> differing;  ///< estimates with p ≤ 5%
  std::size_t compared = 0;
  double histogram_p = kUnknown;  ///< of the same law of S, chi-square of two samples

  Mean language;             ///< −log P of the language, nats a sentence, of possible sentences
  Mean language_of_true;     ///< the same of true sentences: the entropy
  std::vector<Mean> kgrams;  ///< [context]
  std::vector<std::vector<double>> kgrams_by_leaf;  ///< [context][leaf] the same of each leaf, by position
  std::vector<std::uint64_t> impossible;            ///< [context] sentences that the k-gram cannot write
  std::uint64_t impossible_sentences = 0;           ///< that the language cannot
  std::vector<double> structure;  ///< [context] what the marks cost it, position inferred: nats a sentence
  std::vector<double> kgram_variance, kgram_variance_error;  ///< [context] Var S/n of the k-gram
  EffectiveContext by_likelihood, by_variance;
  std::vector<Departure> by_height;                   ///< j = 0 … h
  std::optional<std::size_t> first_height;            ///< in by_height: the lowest that departs (Holm, 5%)
  std::optional<std::int64_t> first_leaf;             ///< the first leaf that does (Bonferroni, 5%)
  std::vector<double> excess_by_leaf, error_by_leaf;  ///< [leaf] nats, as Departure
};

/// Takes sequences one by one, in order; `total` of them, for blocks of the jackknife.
class ScoreBook {
 public:
  ScoreBook(const ScoreSettings& settings, std::uint64_t total);
  ~ScoreBook();
  SequenceScore add(std::span<const std::int32_t> tokens);
  /// Samples the references and compares. `proceed` as for samplers: stops by throwing nothing, returning
  /// false is for tests.
  Score finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Probability that two samples of these counts by bin come from one law: Pearson's chi-square, bins joined
/// until each expects five of either. NaN with fewer than two bins.
double two_sample_p_value(const std::map<int, std::uint64_t>& a, const std::map<int, std::uint64_t>& b);

/// Which of these two-sided p-values are significant at a level for all together (Holm 1979). NaNs are not
/// counted.
std::vector<std::size_t> holm(const std::vector<double>& p_values, double level);

}  // namespace leafcast::analysis
