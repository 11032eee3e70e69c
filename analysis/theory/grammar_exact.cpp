#include "analysis/theory/grammar_exact.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "analysis/theory/grammar_correlation.h"
#include "analysis/theory/grammar_entropy.h"
#include "analysis/theory/observed_symbol.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/language/grammar_laws.h"
#include "engine/observe/pairs.h"

namespace leafcast::analysis {

namespace {

using Moments = std::vector<SumMoments>;  // by symbol of the root: E s^p, p = 0 … 4

/// Moments of s = q·N_c − leaves of the subtree below a node, by its symbol, for every height.
std::vector<Moments> subtree_moments(const Grammar& grammar, int symbol) {
  std::vector<Moments> levels(1);
  for (int c = 0; c < grammar.symbols(); ++c) {
    const double s = c == symbol ? grammar.symbols() - 1 : -1;
    levels[0].push_back({1, s, s * s, s * s * s, s * s * s * s});
  }
  for (int j = 1; j <= grammar.height(); ++j) {
    const RuleSet& set = grammar.rules(j);
    Moments& level = levels.emplace_back(static_cast<std::size_t>(set.parents()), SumMoments{});
    for (int a = 0; a < set.parents(); ++a)
      for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
           ++r) {
        SumMoments sum = {1, 0, 0, 0, 0};
        for (const std::uint8_t child : set.tuple(static_cast<int>(r)))
          sum = convolve(sum, levels[static_cast<std::size_t>(j) - 1][child]);
        for (std::size_t p = 0; p < sum.size(); ++p)
          level[static_cast<std::size_t>(a)][p] += set.probability[r] * sum[p];
      }
  }
  return levels;
}

class GrammarTheorist {
 public:
  explicit GrammarTheorist(const Cell& cell)
      : cell_(cell), grammar_(cell.language().grammar()), laws_(grammar_), top_(grammar_.height()) {
    const std::int64_t leaves = cell.language().leaves();
    writes_language_ =
        std::visit(overloaded{[](const TrueGenerator&) { return true; },
                              [&](const KgramGenerator& kgram) {
                                return kgram.unit == ContextUnit::leaves && kgram.context + 1 >= leaves;
                              },
                              [&](const BlockGenerator& block) { return block.context_depth == top_; },
                              [&](const ReasoningGenerator& writer) { return writer.memory_depth == top_; },
                              [](const LearnerGenerator&) { return true; }},
                   cell.generator());
    if (writes_language_) {
      add_sums();
      add_validity();
      add_pairs();
    }
    if (cell.traits().counts_memory)
      exact_["memory_bits"].value = static_cast<double>(grammar_memory_bits(cell));
    if (cell.observe().entropy) add_entropies();
  }
  std::map<std::string, ExactValue> exact() && { return std::move(exact_); }

 private:
  static std::string at(const char* statistic, int height) {
    return statistic + ('@' + std::to_string(height));
  }

  /// The subtrees of a height are pooled, wherever they stand: their law is the mixture over the mean law of
  /// their roots.
  void add_sums() {
    const std::vector<Moments> moments = subtree_moments(grammar_, cell_.observe().symbol);
    std::vector<SumMoments> pooled;
    for (int j = 0; j <= top_; ++j) {
      SumMoments mixed{};
      const Moments& level = moments[static_cast<std::size_t>(j)];
      for (std::size_t a = 0; a < level.size(); ++a)
        for (std::size_t p = 0; p < mixed.size(); ++p)
          mixed[p] += grammar_.mean_law(j)[static_cast<Eigen::Index>(a)] * level[a][p];
      pooled.push_back(mixed);
    }
    const double s = grammar_.children(), mean = pooled[0][1];
    for (int j = 0; j <= top_; ++j) {
      const SumMoments& m = pooled[static_cast<std::size_t>(j)];
      const double leaves = std::pow(s, j), m1 = m[1], m2 = m[2] - m1 * m1;
      exact_[at("variance", j)].value = (m[2] - mean * mean * leaves * leaves) / leaves;
      if (m2 > 0) {
        const double m3 = m[3] - 3 * m1 * m[2] + 2 * m1 * m1 * m1;
        const double m4 = m[4] - 4 * m1 * m[3] + 6 * m1 * m1 * m[2] - 3 * m1 * m1 * m1 * m1;
        exact_[at("excess_kurtosis", j)].value = m4 / m2 / m2 - 3;
        if (j == top_) {
          exact_["skewness"].value = m3 / m2 / std::sqrt(m2);
          exact_["excess_kurtosis"].value = m4 / m2 / m2 - 3;
          exact_["binder"].value = 1 - m4 / m2 / m2 / 3;
        }
      }
      if (j == 0) continue;
      const double pairs = leaves * (leaves - leaves / s);  // ordered, of this LCA height in a subtree
      const double product = (m[2] - s * pooled[static_cast<std::size_t>(j) - 1][2]) / pairs;
      const double variance = pooled[0][2] - mean * mean;
      if (variance > 0) exact_[at("correlation", j)].value = (product - mean * mean) / variance;
    }
    exact_["variance"] = exact_[at("variance", top_)];
  }

  void add_validity() {
    exact_["valid_rate"].value = 1;
    for (int j = 1; j <= top_; ++j) {
      exact_[at("valid_rate", j)].value = 1;
      exact_[at("inconsistency_rate", j)].value = 0;
    }
  }

  void add_pairs() {
    const PairPositions pairs = observed_pairs(cell_);
    std::map<int, std::pair<double, int>> squares;  // by LCA height
    for (std::size_t i = 0; i < pairs.distance.size(); ++i) {
      const std::int64_t last = cell_.language().leaves() - 1;
      const double c = token_correlation(grammar_, laws_, last - pairs.distance[i], last);
      exact_[at("distance_correlation", static_cast<int>(pairs.distance[i]))].value = c;
      squares[pairs.height[i]].first += c * c;
      ++squares[pairs.height[i]].second;
    }
    for (const auto& [height, sum] : squares) {
      exact_[at("token_correlation_square", height)].value = sum.first / sum.second;
      exact_[at("token_correlation", height)].value = std::sqrt(sum.first / sum.second);
    }
  }

  /// In bits a leaf, as the estimates.
  void add_entropies() {
    const auto leaves = static_cast<double>(cell_.language().leaves());
    const double bits = 1 / (leaves * std::numbers::ln2), whole = sentence_entropy(grammar_);
    exact_["entropy_rate"].value = whole * bits;
    if (writes_language_) {
      // Not the reverse one: equiprobable rules make all sentences equally likely, so nothing but rounding
      // varies.
      exact_["cross_entropy"].value = exact_["own_entropy"].value = whole * bits;
      exact_["sentence_cross_entropy"].value = whole;
      exact_["kl_divergence"].value = 0;
      exact_["impossible_rate"].value = 0;
      return;
    }
    const auto* kgram = std::get_if<KgramGenerator>(&cell_.generator());
    if (!kgram || kgram->unit != ContextUnit::leaves || leaves > kMostLeaves) return;
    double sum = 0;
    for (std::int64_t i = 0; i < cell_.language().leaves(); ++i) {
      const auto next = next_leaf(grammar_, laws_, i, kgram->context, kMostSteps / leaves);
      if (!next) return;
      sum += next->entropy;
    }
    exact_["cross_entropy"].value = sum * bits;
    exact_["sentence_cross_entropy"].value = sum;
    exact_["kl_divergence"].value = (sum - whole) * bits;
  }

  static constexpr double kMostLeaves = 4096, kMostSteps = 1e9;
  const Cell& cell_;
  const Grammar& grammar_;
  GrammarLaws laws_;
  int top_;
  bool writes_language_;
  std::map<std::string, ExactValue> exact_;
};

}  // namespace

std::map<std::string, ExactValue> exact_of_grammar(const Cell& cell) { return GrammarTheorist(cell).exact(); }

}  // namespace leafcast::analysis
