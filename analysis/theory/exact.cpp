#include "analysis/theory/exact.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "analysis/theory/block_chain.h"
#include "analysis/theory/block_law.h"
#include "analysis/theory/exact_entropy.h"
#include "analysis/theory/grammar_exact.h"
#include "analysis/theory/observed_symbol.h"
#include "analysis/theory/repeat.h"
#include "analysis/theory/stretches.h"
#include "analysis/theory/structure_cost.h"
#include "engine/observe/pairs.h"

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kMaxColoringWork = 1e10;  // multiplications, a few seconds
constexpr double kLeastInvalid = 1e-9;     // less is lost in the rounding of 1 − P(valid)

/// Statistics by name, "variance@3".
using Values = std::map<std::string, double>;

std::string at(const char* statistic, int height) { return statistic + ('@' + std::to_string(height)); }

void add_shape(Values& values, int height, const SumMoments& m) {
  if (!(m[2] > 0)) return;
  const double kurtosis = m[4] / m[2] / m[2];
  values[at("skewness", height)] = m[3] / m[2] / std::sqrt(m[2]);
  values[at("excess_kurtosis", height)] = kurtosis - 3;
  values[at("binder", height)] = 1 - kurtosis / 3;
}

/// Everything theory knows of one cell, computed on construction. Beside what exact.h lists: binder@j,
/// free_rate@j, frozen_rate@j, inconsistency_rate@j (the lowest inconsistent nodes have height j) and
/// first_inconsistency_depth.
class Theorist {
 public:
  explicit Theorist(const Cell& cell)
      : language_(cell.language()),
        observed_(language_.channel(), cell.observe().symbol),
        symbol_(cell.observe().symbol),
        d_(language_.d),
        h_(language_.height),
        q_(language_.symbols()),
        theory_(theory_of(cell)),
        moments_(observed_.subtree_moments(d_, std::max(theory_.true_height, 0))) {
    if (language_.constrained) {
      freedom_.push_back({1, 0});
      for (int j = 1; j <= theory_.true_height; ++j)
        freedom_.push_back(freedom_of_parent(freedom_.back(), d_, q_));
    }
    add_true();
    if (theory_.chain) add_chain(*theory_.chain);
    add_symmetry();
    if (const auto* reasoning = std::get_if<ReasoningGenerator>(&cell.generator()))
      exact_["memory_bits"].value = memory_bits(*reasoning);
    name_sentence_statistics();
    if (cell.observe().entropy) add_entropies(cell);
    if (theory_.true_height == h_) {
      add_pairs(cell);
      add_domain_walls();
    }
  }

  std::map<std::string, ExactValue> exact() && { return std::move(exact_); }

 private:
  double leaf_variance() const { return observed_.stationary().dot(observed_.value().cwiseAbs2()); }
  double leaves(int j) const { return std::pow(d_, j); }

  /// Var Y_j / d^j = Var y + Σ_{i≤j} (d−1) d^{i−1} C_i, with C_i = Σ_a ν(a) (K^i y)(a)² the covariance of two
  /// leaves whose LCA has height i (symmetric channels: λ^{2i} Var y, MATH.md §6).
  void add_true() {
    VectorXd signal = observed_.value();  // K^j y = E[y | ancestor j levels above]
    double variance = leaf_variance();
    for (int j = 0; j <= theory_.true_height; ++j) {
      if (j > 0) {
        signal = observed_.kernel() * signal;
        const double covariance = observed_.stationary().dot(signal.cwiseAbs2());
        variance += (d_ - 1) * leaves(j - 1) * covariance;
        if (leaf_variance() > 0) exact_[at("correlation", j)].value = covariance / leaf_variance();
      }
      exact_[at("variance", j)].value = variance;
      SumMoments mixed{};  // the root drawn from ν
      for (int a = 0; a < observed_.states(); ++a)
        for (int r = 0; r <= 4; ++r) mixed[r] += observed_.stationary()[a] * moments_[j][a][r];
      Values shape;
      add_shape(shape, j, mixed);
      for (const auto& [name, value] : shape) exact_[name].value = value;
      if (!language_.constrained) continue;
      exact_[at("valid_rate", j)].value = 1;
      exact_[at("inconsistency_rate", j)].value = 0;
      exact_[at("frozen_rate", j)].value = freedom_[j].frozen;
      exact_[at("free_rate", j)].value = freedom_[j].free;
    }
  }

  /// Leaves of LCA height j: P(a, b) = ν(a) T_j(a, b), wherever they stand.
  void add_pairs(const Cell& cell) {
    const PairPositions pairs = observed_pairs(cell);
    const VectorXd& nu = language_.channel().stationary();
    for (std::size_t i = 0; i < pairs.distance.size(); ++i) {
      const int j = pairs.height[i];
      const MatrixXd covariance = nu.asDiagonal() * language_.channel().across(j) - nu * nu.transpose();
      const double square = covariance.squaredNorm() / static_cast<double>(covariance.size());
      exact_[at("token_correlation", j)].value = std::sqrt(square);
      exact_[at("token_correlation_square", j)].value = square;
      exact_[at("distance_correlation", static_cast<int>(pairs.distance[i]))].value = std::sqrt(square);
    }
  }

  /// Of the neighbours per leaf, (d−1) d^{−j} have their LCA at height j, and differ with probability 1 − Σ_a
  /// ν(a) T_j(a, a).
  void add_domain_walls() {
    const VectorXd& nu = language_.channel().stationary();
    double walls = 0;
    for (int j = 1; j <= h_; ++j)
      walls += (d_ - 1) / leaves(j) * (1 - nu.dot(language_.channel().across(j).diagonal()));
    exact_["domain_walls_mean"].value = walls;
  }

  void add_chain(const BlockChain& chain) {
    const auto block = block_law(chain);
    if (!block) return;
    // f(value) ± scale·√Σ_i (f(others[i]) − f(value))²
    Values squares;
    const Values values = chain_values(chain, block->value);
    for (const BlockLaw& other : block->others)
      for (const auto& [name, value] : chain_values(chain, other)) {
        const auto centre = values.find(name);
        if (centre != values.end()) squares[name] += (value - centre->second) * (value - centre->second);
      }
    for (const auto& [name, value] : values) exact_[name] = {value, block->scale * std::sqrt(squares[name])};
  }

  std::optional<Uncertain<BlockLaw>> block_law(const BlockChain& chain) const {
    const int w = chain.w;
    const bool colored = language_.constrained && q_ <= kMaxColors;
    if (chain.memory == BlockChain::Memory::leaves)
      return BlocksKnownByPosterior::shared(language_.channel(), symbol_, d_, 0).at(w);
    Uncertain<BlockLaw> block{block_known_by_root(observed_, moments_[w]), {}, 0};
    if (chain.memory == BlockChain::Memory::root || w == 0) {
      if (colored) block.value.coloring = stretch_by_root(freedom_[w], q_);
      return block;
    }
    auto by_children = BlocksKnownByPosterior::shared(language_.channel(), symbol_, d_, w - 1).at(1);
    if (by_children && colored) by_children->value.coloring = stretch_by_children(freedom_[w - 1], d_, q_);
    return by_children;
  }

  /// d stretches joined at every level above the blocks (MATH.md §6).
  Values chain_values(const BlockChain& chain, const BlockLaw& block) const {
    const std::vector<MatrixXd> joints = transitions(chain, observed_);
    Values values;
    add_pairs(values, chain.w, joints, block.passage);
    if (block.moments) add_moments(values, chain.w, joints, *block.moments);
    if (language_.constrained && block.coloring)
      add_coloring(values, chain.w, transitions(chain, language_.channel()), *block.coloring);
    return values;
  }

  /// [j]: the transition at the joints of the d stretches below a node of height j > w.
  template <class Language>
  std::vector<MatrixXd> transitions(const BlockChain& chain, const Language& language) const {
    std::vector<MatrixXd> joints(h_ + 1);
    for (int j = chain.w + 1; j <= h_; ++j)
      joints[j] = chain.lca != LcaLaw::fixed && j > chain.w + 1
                      ? joints[j - 1]  // the same law at all joints
                      : joint_at(chain, d_, h_ - chain.w, j - chain.w).transition(language);
    return joints;
  }

  /// Variance and correlation: E Y_{j+1}² = d E Y_j² + 2 Σ_{r<s} E[Y_r Y_s] over the d parts.
  void add_pairs(Values& values, int w, const std::vector<MatrixXd>& joints, const MatrixXd& passage) const {
    VectorXd mean(observed_.states());  // E[Y | root]
    for (int a = 0; a < observed_.states(); ++a) mean[a] = moments_[w][a][1];
    PairStretch stretch{passage, observed_.stationary().cwiseProduct(mean).transpose(), mean};
    double variance = exact_.at(at("variance", w)).value;
    for (int j = w + 1; j <= h_; ++j) {
      stretch.pairs = 0;
      stretch = repeat(stretch, d_, [&](const auto& x, const auto& y) { return join(x, joints[j], y); });
      normalize(stretch);
      variance += 2 * stretch.pairs / leaves(j);
      values[at("variance", j)] = variance;
      const double leaf_pairs = (d_ - 1) * leaves(j - 1) * leaves(j) / 2;
      if (leaf_variance() > 0) values[at("correlation", j)] = stretch.pairs / leaf_pairs / leaf_variance();
    }
  }

  void add_moments(Values& values, int w, const std::vector<MatrixXd>& joints, MomentStretch stretch) const {
    for (int j = w + 1; j <= h_; ++j) {
      stretch = repeat(stretch, d_, [&](const auto& x, const auto& y) { return join(x, joints[j], y); });
      normalize(stretch);
      add_shape(values, j, sum_moments(stretch, observed_.stationary()));
    }
  }

  void add_coloring(Values& values, int w, const std::vector<MatrixXd>& joints,
                    ColoringStretch stretch) const {
    if (std::pow(2, q_) * d_ * std::pow(q_, 4) * (h_ - w) > kMaxColoringWork) return;
    double all_valid = 1;  // P(every subtree of height j − 1 of the sentence is valid)
    double invalid = 0, depth = 0;
    for (int j = w + 1; j <= h_; ++j) {
      stretch = under_one_node(stretch, d_, joints[j]);
      const MatrixXd valid = stretch.valid();
      const double rate = from_stationary(valid), free = from_stationary(stretch.free);
      double frozen = 0;
      for (const ColorMatrix& one : stretch.frozen) frozen += from_stationary(one);
      values[at("valid_rate", j)] = rate;
      values[at("free_rate", j)] = free;
      values[at("frozen_rate", j)] = frozen;

      MatrixXd every = valid;
      for (int i = j + 1; i <= h_; ++i)
        every = repeat(every, d_,
                       [&](const MatrixXd& x, const MatrixXd& y) -> MatrixXd { return x * joints[i] * y; });
      const double lowest_here = std::max(0.0, all_valid - from_stationary(every));
      values[at("inconsistency_rate", j)] = lowest_here;
      all_valid = from_stationary(every);
      invalid += lowest_here;
      depth += (h_ - j) * lowest_here;
    }
    if (invalid > kLeastInvalid) values["first_inconsistency_depth"] = depth / invalid;
  }

  double from_stationary(const MatrixXd& stretch) const {
    return language_.channel().stationary().dot(stretch.rowwise().sum());
  }

  /// With two symbols that are alike, every generator writes a sentence as often as its flip.
  void add_symmetry() {
    if (!language_.channel().is_symmetric() || q_ != 2) return;
    for (int j = 0; j <= h_; ++j) exact_[at("skewness", j)] = {0, 0};
  }

  /// Peak over the steps. Path: the symbols and sibling indices of the ancestors at heights 1…m, or the last
  /// leaf. Segment: up to d−1 completed siblings at each of m levels, with their number, and the root of the
  /// present block if there are several.
  double memory_bits(const ReasoningGenerator& reasoning) const {
    const auto bits = [](int values) { return std::bit_width(static_cast<unsigned>(values - 1)); };
    const double m = reasoning.memory_depth, symbol = bits(q_), index = bits(d_);
    if (m == 0) return symbol;
    if (reasoning.encoding == Encoding::path) return m * (symbol + index);
    return (m * (d_ - 1) + (reasoning.memory_depth < h_ ? 1 : 0)) * symbol + m * index;
  }

  /// In the units of the table (estimates.cpp): bits a leaf, and nats a sentence.
  void add_entropies(const Cell& cell) {
    const double bits = 1 / (leaves(h_) * std::numbers::ln2);
    const bool own_structure = cell.writes_own_structure();
    if (std::holds_alternative<TrueGenerator>(cell.generator())) exact_["kl_divergence"].value = 0;
    const auto entropies = exact_entropies(cell);
    if (!entropies) return;
    const auto sum = [](const std::vector<double>& by_height) {
      return std::accumulate(by_height.begin(), by_height.end(), 0.0);
    };
    const double cross = sum(entropies->cross);
    exact_["cross_entropy"].value = cross * bits;
    exact_["sentence_cross_entropy"].value = cross + (own_structure ? structure_cross_entropy(cell) : 0);
    if (!entropies->language) return;
    exact_["entropy_rate"].value = sum(*entropies->language) * bits;
    exact_["kl_divergence"].value = (cross - sum(*entropies->language)) * bits;
    for (int j = 0; j <= h_; ++j)
      exact_[at("kl_divergence", j)].value = (entropies->cross[j] - (*entropies->language)[j]) * bits;
  }

  /// "variance" is "variance@h".
  void name_sentence_statistics() {
    for (const char* statistic :
         {"variance", "skewness", "excess_kurtosis", "binder", "valid_rate", "free_rate", "frozen_rate"}) {
      const auto value = exact_.find(at(statistic, h_));
      if (value != exact_.end()) exact_[statistic] = value->second;
    }
  }

  const Language& language_;
  ObservedSymbol observed_;
  int symbol_, d_, h_, q_;
  Theory theory_;
  std::vector<std::vector<SumMoments>> moments_;  ///< [height ≤ true_height][state of the root]
  std::vector<RootFreedom> freedom_;              ///< [height ≤ true_height]
  std::map<std::string, ExactValue> exact_;
};

}  // namespace

struct Exact::State {
  std::map<std::string, ExactValue> values;
};

Exact::Exact(const Cell& cell) : state_(std::make_unique<State>()) {
  if (!cell.traits().is_exact) return;
  state_->values = cell.language().visit(overloaded{[&](const Channel&) { return Theorist(cell).exact(); },
                                                    [&](const Grammar&) { return exact_of_grammar(cell); }});
}
Exact::~Exact() = default;
Exact::Exact(Exact&&) noexcept = default;

std::optional<ExactValue> Exact::operator()(const std::string& statistic) const {
  const auto value = state_->values.find(statistic);
  if (value == state_->values.end() || !std::isfinite(value->second.value)) return std::nullopt;
  return value->second;
}

}  // namespace leafcast::analysis
