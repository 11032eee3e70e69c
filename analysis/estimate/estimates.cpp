#include "analysis/estimate/estimates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string_view>

#include "analysis/estimate/jackknife.h"
#include "analysis/estimate/moments.h"
#include "analysis/estimate/pair_correlation.h"
#include "analysis/text/cell_text.h"
#include "analysis/theory/exact.h"
#include "analysis/theory/grammar_entropy.h"
#include "analysis/theory/structure_cost.h"
#include "engine/language/tree.h"
#include "engine/observe/entropy.h"
#include "engine/observe/learning.h"
#include "engine/observe/memory.h"
#include "engine/observe/own_structure.h"
#include "engine/observe/pairs.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/splitting.h"
#include "engine/observe/validity.h"

namespace leafcast::analysis {

namespace {

struct Statistic {
  const char* base;
  int height;  ///< of the subtrees, or −1 for the sentence
  double value;
  /// Of a statistic that counts sentences: how many there were to count. Such a one has an error although it
  /// never varied.
  std::uint64_t counted = 0;

  std::string name() const { return height < 0 ? base : std::string(base) + '@' + std::to_string(height); }
};

/// What a learner of the last leaf is measured by.
class LearningScale {
 public:
  explicit LearningScale(const Cell& cell) : s_(cell.language().d) {
    const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
    if (!learner || learner->learner == Learner::classifier) return;
    const Grammar& grammar = cell.language().grammar();
    const GrammarLaws laws(grammar);
    const std::int64_t last = cell.language().leaves() - 1;
    const auto next =
        next_leaf(grammar, laws, last, learner->learner == Learner::counting ? learner->context : last);
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

/// The sums of one set of samples as statistics, in the order of the table.
class Evaluator {
 public:
  explicit Evaluator(const Cell& cell, Scope scope)
      : d_(cell.language().d),
        h_(cell.language().height),
        observe_(cell.observe()),
        zero_mean_(cell.language().is_uniform()),
        has_frozen_roots_(!cell.language().is_grammar()),
        symbols_(static_cast<std::size_t>(cell.language().symbols())),
        pairs_(observed_pairs(cell)),
        subtrees_(observe_.subtrees && scope == Scope::subtrees),
        has_memory_(std::holds_alternative<ReasoningGenerator>(cell.generator())),
        learns_(std::holds_alternative<LearnerGenerator>(cell.generator())),
        splits_(cell.method() == Method::splitting),
        own_structure_(cell.writes_own_structure()),
        scale_(cell),
        structure_nats_(own_structure_ && observe_.entropy ? structure_cross_entropy(cell) : 0) {}

  std::vector<Statistic> operator()(const Tally& tally) const {
    return learns_ ? of_learners(tally) : splits_ ? of_runs(tally) : of_sentences(tally);
  }

 private:
  std::vector<Statistic> of_sentences(const Tally& tally) const {
    std::vector<Statistic> list;
    const auto add = [&](const char* base, int height, double value, std::uint64_t counted = 0) {
      list.push_back({base, height, value, counted});
    };
    const Shape whole = shape(about_mean(power_sums(tally, h_)), tally.samples);
    add("variance", -1, variance(tally, h_));
    add("skewness", -1, whole.skewness);
    add("excess_kurtosis", -1, whole.excess_kurtosis);
    add("binder", -1, -whole.excess_kurtosis / 3);  // 1 − m₄/(3m₂²)
    if (observe_.validity) {
      add("valid_rate", -1, rate(tally.count(fields::valid, h_), tally.samples), tally.samples);
      if (has_frozen_roots_) {
        add("free_rate", -1, rate(tally.count(fields::free_roots), tally.samples), tally.samples);
        add("frozen_rate", -1, rate(tally.count(fields::frozen_roots), tally.samples), tally.samples);
      }
      if (!own_structure_)
        add("first_inconsistency_depth", -1, first_inconsistency_depth(tally),
            tally.samples - tally.count(fields::valid, h_));
    }
    if (has_memory_) add("memory_bits", -1, static_cast<double>(tally.count(fields::memory_bits)));
    if (subtrees_) {
      for (int j = 1; j <= h_; ++j) add("variance", j, variance(tally, j));
      for (int j = 1; j <= h_; ++j)
        add("excess_kurtosis", j,
            shape(about_mean(power_sums(tally, j)), subtrees(tally, j)).excess_kurtosis);
      if (observe_.correlation)
        for (int j = 1; j <= h_; ++j) add("correlation", j, correlation(tally, j));
    }
    if (observe_.pairs != Pairs::none) add_pairs(tally, add);
    if (own_structure_)
      add("well_formed_rate", -1, rate(tally.count(fields::well_formed), tally.samples), tally.samples);
    if (observe_.entropy) add_entropies(tally, add);
    if (observe_.validity && !own_structure_) {
      for (int j = 1; j <= h_; ++j)
        add("valid_rate", j, ratio(tally.count(fields::valid, j), subtrees(tally, j)), tally.samples);
      for (int j = 1; j <= h_; ++j)
        add("inconsistency_rate", j, rate(tally.count(fields::first_inconsistency, j), tally.samples),
            tally.samples);
    }
    return list;
  }

  /// Correlations of the last leaf with those before: by LCA height over the pairs of that height, and by
  /// distance.
  template <class Add>
  void add_pairs(const Tally& tally, Add add) const {
    const std::size_t size = symbols_ * symbols_;
    std::map<int, std::pair<double, int>> by_height;
    std::vector<double> squares;
    const std::span<const std::uint64_t> counts = tally.counts(fields::pair_count);
    for (std::size_t i = 0; i < pairs_.distance.size(); ++i) {
      squares.push_back(mean_square_correlation(counts.subspan(i * size, size), symbols_, tally.samples));
      auto& [sum, count] = by_height[pairs_.height[i]];
      sum += squares.back();
      ++count;
    }
    for (const auto& [height, sum] : by_height)
      add("token_correlation", height, signed_root(sum.first / sum.second));
    for (const auto& [height, sum] : by_height)
      add("token_correlation_square", height, sum.first / sum.second);
    for (std::size_t i = 0; i < squares.size(); ++i)
      add("distance_correlation", static_cast<int>(pairs_.distance[i]), signed_root(squares[i]));
  }
  /// What is left of a correlation when its noise is removed may be below 0.
  static double signed_root(double square) { return std::copysign(std::sqrt(std::abs(square)), square); }

  /// In bits a leaf, but for sentence_cross_entropy, in nats a sentence.
  template <class Add>
  void add_entropies(const Tally& tally, Add add) const {
    const auto samples = static_cast<double>(tally.samples), leaves = static_cast<double>(tree_power(d_, h_));
    const auto nats = [](const WideInt& sum, double sentences) {
      return std::ldexp(sum.convert_to<double>(), -kEntropyBits) / sentences;
    };
    const double bits = 1 / (leaves * std::numbers::ln2);
    WideInt cross = 0, language = 0;
    for (int j = 0; j <= h_; ++j) {
      cross += wide(tally, fields::cross_entropy, j);
      language += wide(tally, fields::language_entropy, j);
    }
    const std::uint64_t impossible = tally.count(fields::impossible);
    add("cross_entropy", -1, nats(cross, samples) * bits);
    add("sentence_cross_entropy", -1, nats(cross, samples) + structure_nats_);
    add("entropy_rate", -1, nats(language, samples) * bits);
    add("kl_divergence", -1, nats(cross - language, samples) * bits);
    add("own_entropy", -1, nats(wide(tally, fields::own_entropy), samples) * bits);
    if (own_structure_)
      add("own_structure_entropy", -1, nats(wide(tally, fields::structure_entropy), samples) * bits);
    add("reverse_cross_entropy", -1,
        nats(wide(tally, fields::reverse_entropy), static_cast<double>(tally.samples - impossible)) * bits);
    add("impossible_rate", -1, rate(impossible, tally.samples), tally.samples);
    for (int j = 0; j <= h_; ++j)
      add("kl_divergence", j,
          nats(wide(tally, fields::cross_entropy, j) - wide(tally, fields::language_entropy, j), samples) *
              bits);
  }

  /// Of training sets; in nats a prediction.
  std::vector<Statistic> of_learners(const Tally& tally) const {
    const std::uint64_t tests = tally.count(fields::tested);
    const double loss = std::ldexp(wide(tally, fields::loss).convert_to<double>(), -kEntropyBits);
    std::vector<Statistic> list = {{"test_cross_entropy", -1, loss / static_cast<double>(tests)},
                                   {"test_error", -1, rate(tally.count(fields::errors), tests)}};
    const double cross_entropy = list.front().value;
    if (!std::isnan(scale_.floor()))
      list.insert(list.begin() + 1, {"test_excess", -1, cross_entropy - scale_.floor()});
    if (const double context = scale_.effective_context(cross_entropy, h_); !std::isnan(context))
      list.push_back({"effective_context", -1, context});
    for (int j = 1; j <= h_; ++j)
      if (const std::uint64_t clustered = tally.count(fields::clustered, j); clustered > 0)
        list.push_back({"cluster_purity", j, rate(tally.count(fields::pure, j), clustered)});
    return list;
  }

  /// Of splitting runs. What survives is conditioned on being valid, so nothing else is known of the writer.
  std::vector<Statistic> of_runs(const Tally& tally) const {
    const WideInt valid = wide(tally, fields::valid_weight), free = wide(tally, fields::free_weight);
    const std::uint64_t run_count = tally.count(fields::runs);
    const auto mean = [&](const WideInt& weight) {
      return ratio(VastInt(weight), VastInt(tally.samples) << kWeightBits);
    };
    const auto runs = static_cast<double>(run_count);
    std::vector<Statistic> list = {
        {"valid_rate", -1, mean(valid), tally.samples},
        {"free_rate", -1, mean(free), tally.samples},
        {"frozen_rate", -1, mean(valid - free), tally.samples},
        {"effective_runs", -1,
         effective_particles(valid, wide(tally, fields::squared_weight)) * runs /
             static_cast<double>(tally.samples)},
        {"thin_run_rate", -1, rate(tally.count(fields::thin_runs), run_count), run_count},
        {"extinct_run_rate", -1, rate(tally.count(fields::extinct_runs), run_count), run_count}};
    if (has_memory_)
      list.push_back({"memory_bits", -1, static_cast<double>(tally.count(fields::memory_bits))});
    return list;
  }

  /// (Σ n p)² / Σ n p²: as many particles in runs that all had the same p would have this spread. Unknown
  /// where p² is lost in the weights' unit, below 1e-60.
  static double effective_particles(const VastInt& valid, const WideInt& squares) {
    if (msb_or_zero(squares) < kLeastSquareBits) return kUnknown;
    return ratio(valid * valid, VastInt(squares) << kWeightBits);
  }
  static unsigned msb_or_zero(const WideInt& value) { return value.is_zero() ? 0 : msb(value); }
  static constexpr unsigned kLeastSquareBits = 40;

  static VastInt sum_of_squares(const Tally& tally, int j) { return wide(tally, fields::sum_s[1], j); }
  VastInt subtrees_a_sample(int j) const { return tree_power(d_, h_ - j); }
  VastInt subtrees(const Tally& tally, int j) const { return subtrees_a_sample(j) * tally.samples; }

  static double rate(std::uint64_t hits, std::uint64_t trials) {
    return static_cast<double>(hits) / static_cast<double>(trials);
  }

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
    const VastInt n = tally.samples, r = subtrees_a_sample(j), leaves = tree_power(d_, j);
    const VastInt s2 = sum_of_squares(tally, j);
    if (zero_mean_) return ratio(s2, n * r * leaves);
    return ratio((n - 1) * r * s2 - square_of_mean(power_sums(tally, h_)), n * (n - 1) * r * r * leaves);
  }

  /// Over the pairs of leaves with an LCA of height a, Σ s_i s_j = (M_a − M_{a−1})/2 with M_a = Σ s² over
  /// subtrees of height a; there are N·n(d^a − d^{a−1})/2 of them. Correlation = (E s_i s_j − (E s)²) / (E
  /// s_i² − (E s)²).
  double correlation(const Tally& tally, int a) const {
    const VastInt n = tally.samples, leaves = subtrees_a_sample(0);
    const VastInt partners = tree_power(d_, a) - tree_power(d_, a - 1);
    const VastInt pairs = sum_of_squares(tally, a) - sum_of_squares(tally, a - 1);
    if (zero_mean_) return ratio(pairs, sum_of_squares(tally, 0) * partners);
    const VastInt mean = square_of_mean(power_sums(tally, h_)), scale = (n - 1) * leaves;
    return ratio(pairs * scale - mean * partners, (sum_of_squares(tally, 0) * scale - mean) * partners);
  }

  /// Depth below the root of the lowest inconsistent node, averaged over the invalid sentences.
  double first_inconsistency_depth(const Tally& tally) const {
    std::uint64_t invalid = 0;
    double depth = 0;
    for (int j = 0; j <= h_; ++j) {
      invalid += tally.count(fields::first_inconsistency, j);
      depth += static_cast<double>(h_ - j) * static_cast<double>(tally.count(fields::first_inconsistency, j));
    }
    return invalid == 0 ? kUnknown : depth / static_cast<double>(invalid);
  }

  int d_, h_;
  Observe observe_;
  bool zero_mean_;
  bool has_frozen_roots_;
  std::size_t symbols_;
  PairPositions pairs_;
  bool subtrees_, has_memory_, learns_, splits_, own_structure_;
  LearningScale scale_;
  double structure_nats_;
};

/// The sums that statistics are made of, without one bin.
Tally without(Tally sums, const Tally& bin) {
  sums -= bin;
  return sums;
}

/// Error of a count that was the same, 0 or all, for all of N sentences: that of p̃ = ½/(N+1). It serves
/// subtrees too, as those of one sentence may depend on each other, and the depth of inconsistencies, which
/// could have been another.
double error_of_unvaried(std::uint64_t counted) {
  const double n = static_cast<double>(counted), p = 0.5 / (n + 1);
  return std::sqrt(p * (1 - p) / (n + 1));
}

/// Exact values are computed in floating point: where nothing is random, agreement up to rounding is
/// agreement.
void snap_if_deterministic(Estimate& estimate) {
  if (estimate.error != 0 || estimate.exact_error != 0) return;
  if (std::abs(estimate.value - estimate.exact) <= 1e-9 * std::abs(estimate.exact))
    estimate.value = estimate.exact;
}

void add_exact(Estimate& estimate, const Exact& exact) {
  const auto value = exact(estimate.statistic);
  if (!value) return;
  estimate.exact = value->value;
  estimate.exact_error = value->error;
  snap_if_deterministic(estimate);
}

/// Exact values of laws, each computed once: cells that differ in their seeds share them.
class Theory {
 public:
  const Exact& operator()(const Cell& cell) {
    return by_law_.try_emplace(group_key(cell, {"seed"}), cell).first->second;
  }

 private:
  std::map<std::string, Exact> by_law_;
};

/// What there was nothing to compute it from has no row.
bool is_absent(const Statistic& statistic) {
  const std::string_view base = statistic.base;
  return (base == "first_inconsistency_depth" || base == "effective_runs" ||
          base == "reverse_cross_entropy") &&
         std::isnan(statistic.value);
}

/// `exact_of_cell`: called if the cell has samples; nullptr for no exact values.
void append(std::vector<Estimate>& list, std::size_t index, const Cell& cell, const CellTally& bins,
            const std::function<const Exact*()>& exact_of_cell, Scope scope = Scope::subtrees) {
  Tally sums = total(bins);
  if (sums.samples == 0) return;
  sums.histogram.clear();  // no statistic uses it, and the leave-one-outs copy the rest
  const Evaluator evaluate(cell, scope);
  const std::vector<Statistic> statistics = evaluate(sums);

  std::vector<std::vector<double>> without_bin(statistics.size());
  for (const Tally& bin : bins) {
    if (bin.samples == 0 || bin.samples == sums.samples) continue;
    const std::vector<Statistic> rest = evaluate(without(sums, bin));
    for (std::size_t i = 0; i < rest.size(); ++i) without_bin[i].push_back(rest[i].value);
  }

  const Exact* exact = exact_of_cell();
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const Statistic& statistic = statistics[i];
    if (is_absent(statistic)) continue;
    Estimate& estimate = list.emplace_back(Estimate{index, statistic.name()});
    estimate.value = statistic.value;
    const bool is_bound = statistic.base == std::string_view("memory_bits");
    estimate.error = is_bound ? 0 : jackknife_error(without_bin[i]);
    if (statistic.counted > 0 && estimate.error == 0) estimate.error = error_of_unvaried(statistic.counted);
    if (exact) add_exact(estimate, *exact);
  }
}

}  // namespace

JackknifeCovariance jackknife_covariance(const Cell& cell, const CellTally& bins,
                                         const std::vector<std::string>& statistics) {
  Tally sums = total(bins);
  sums.histogram.clear();
  const Evaluator evaluate(cell, Scope::subtrees);
  const auto columns = static_cast<Eigen::Index>(statistics.size());
  Eigen::MatrixXd without_bin = Eigen::MatrixXd::Constant(kJackknifeBins, columns, kUnknown);
  Eigen::Index rows = 0;
  for (const Tally& bin : bins) {
    if (bin.samples == 0 || bin.samples == sums.samples) continue;
    for (const Statistic& statistic : evaluate(without(sums, bin))) {
      const auto found = std::ranges::find(statistics, statistic.name());
      if (found != statistics.end()) without_bin(rows, found - statistics.begin()) = statistic.value;
    }
    ++rows;
  }
  if (rows < 2) return {Eigen::MatrixXd::Constant(columns, columns, kUnknown), static_cast<int>(rows)};
  const Eigen::MatrixXd used = without_bin.topRows(rows);
  const Eigen::MatrixXd centred = used.rowwise() - used.colwise().mean();
  const double count = static_cast<double>(rows);
  return {(count - 1) / count * centred.transpose() * centred, static_cast<int>(rows)};
}

std::vector<Estimate> estimates(const Record& record) {
  std::vector<Estimate> list;
  Theory theory;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i)
    append(list, i, record.plan.cells()[i], record.tallies[i],
           [&] { return &theory(record.plan.cells()[i]); });
  return list;
}

std::vector<Estimate> estimates_alone(const Record& record) {
  std::vector<Estimate> list;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i)
    append(list, i, record.plan.cells()[i], record.tallies[i], [] { return nullptr; });
  return list;
}

std::vector<Estimate> cell_estimates(const Cell& cell, const CellTally& bins, Scope scope) {
  std::vector<Estimate> list;
  append(
      list, 0, cell, bins, [] { return nullptr; }, scope);
  return list;
}

}  // namespace leafcast::analysis
