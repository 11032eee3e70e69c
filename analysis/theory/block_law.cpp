#include "analysis/theory/block_law.h"

#include <cmath>
#include <map>
#include <memory>
#include <utility>

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr int kBins = 511;  // odd: a bin's centre is "nothing known", so a symmetric law stays symmetric
constexpr int kReplicas = 16;
constexpr std::size_t kMaxShared = 16;  // languages; one may hold 20 MB

/// Moments of the sum of what hangs below a node whose symbol is known, by symbol.
std::vector<SumMoments> by_symbol(const Channel& channel, int symbol,
                                  const std::vector<SumMoments>& by_state) {
  if (!channel.is_symmetric()) return by_state;
  std::vector<SumMoments> moments(static_cast<std::size_t>(channel.q()), by_state[1]);
  moments[static_cast<std::size_t>(symbol)] = by_state[0];
  return moments;
}

}  // namespace

BlockLaw block_known_by_root(const ObservedSymbol& observed, const std::vector<SumMoments>& moments) {
  const Index states = observed.states();
  MomentStretch stretch;
  for (int r = 0; r <= 4; ++r) {
    stretch[r] = MatrixXd::Zero(states, states);
    for (Index a = 0; a < states; ++a) stretch[r](a, a) = moments[static_cast<std::size_t>(a)][r];
  }
  return {MatrixXd::Identity(states, states), stretch, std::nullopt};
}

BlocksKnownByPosterior::BlocksKnownByPosterior(const Channel& channel, int symbol, int d, int below)
    : channel_(channel),
      observed_(channel, symbol),
      d_(d),
      on_leaves_(below == 0),
      known_(observed_.subtree_moments(d, below).back()),
      with_moments_(MessageLaw::with_moments(channel.kernel(), channel.stationary(), d,
                                             by_symbol(channel, symbol, known_),
                                             channel.q() == 2 ? kBins : 0)) {
  const int q = channel.q();
  if (q == 2)
    coarser_ = MessageLaw::with_moments(channel.kernel(), channel.stationary(), d,
                                        by_symbol(channel, symbol, known_), kBins / 2);
  if (channel.is_symmetric() && (q > 2 || channel.lambda() == -1))
    up_to_permutation_ = MessageLaw::up_to_permutation(channel.kernel(), d);
  // Height 0: the symbol itself is known.
  laws_.push_back(Uncertain<BlockLaw>{block_known_by_root(observed_, known_), {}, 0});
  if (q <= kMaxColors && on_leaves_) laws_[0]->value.coloring = stretch_by_root({1, 0}, q);
}

const std::optional<Uncertain<BlockLaw>>& BlocksKnownByPosterior::at(int w) {
  while (static_cast<int>(laws_.size()) <= w) laws_.push_back(climb());
  return laws_[static_cast<std::size_t>(w)];
}

std::optional<BlockLaw> BlocksKnownByPosterior::climb_with_moments(MessageLaw& law) const {
  const Index q = channel_.q();
  const VectorXd& nu = channel_.stationary();
  MomentStretch stretch;
  for (MatrixXd& moment : stretch) moment = MatrixXd::Zero(q, q);
  VectorXd posterior(q);
  const bool listed = law.climb([&](const double* z) {
    posterior = nu.cwiseProduct(Eigen::Map<const VectorXd>(z, q));
    posterior /= posterior.sum();
    for (int r = 0; r <= 4; ++r)
      stretch[r].noalias() += Eigen::Map<const VectorXd>(z + r * q, q) * posterior.transpose();
  });
  if (!listed) return std::nullopt;
  for (MatrixXd& moment : stretch) moment = observed_.lump(moment);
  return BlockLaw{stretch[0], stretch, std::nullopt};
}

/// By symmetry a block is described by four numbers: P(the symbol handed on is the root's, or is not; the
/// message allows one symbol, or more). The allowed colors of a node are those that the leaves below leave
/// possible: the message's support.
std::optional<BlockLaw> BlocksKnownByPosterior::climb_up_to_permutation(MessageLaw& law) const {
  const int q = channel_.q();
  double frozen = 0, free_same = 0, free_different = 0;
  const bool listed = law.climb([&](const double* z) {
    double sum = 0, squares = 0;
    int allowed = 0;
    for (int c = 0; c < q; ++c) {
      sum += z[c];
      squares += z[c] * z[c];
      allowed += z[c] > 0;
    }
    (allowed == 1 ? frozen : free_same) += squares / sum / q;
    if (allowed == 1) return;
    for (int c = 0; c < q; ++c) free_different += z[c] * ((sum - z[c]) / sum) / q;
  });
  if (!listed) return std::nullopt;
  BlockLaw block;
  MatrixXd passage = MatrixXd::Constant(q, q, free_different / (q - 1));
  passage.diagonal().setConstant(frozen + free_same);
  block.passage = observed_.lump(passage);
  if (on_leaves_ && q <= kMaxColors) {
    block.coloring = stretch_by_root({frozen, free_same}, q);
    block.coloring->free +=
        free_different / (q - 1) * (ColorMatrix::Ones(q, q) - ColorMatrix::Identity(q, q));
  }
  return block;
}

std::optional<Uncertain<BlockLaw>> BlocksKnownByPosterior::climb_populations() {
  if (!MessagePopulation::feasible(channel_, d_)) return std::nullopt;
  const MessageLaw& start = up_to_permutation_ ? *up_to_permutation_ : with_moments_;
  if (populations_.empty()) {
    population_height_ = start.height();
    for (int i = 0; i < kReplicas; ++i)
      populations_.emplace_back(channel_, d_, start, static_cast<std::uint64_t>(i));
  }
  Uncertain<BlockLaw> law{{MatrixXd::Zero(observed_.states(), observed_.states()), {}, {}}, {}, 0};
  law.scale = std::sqrt(1.0 / (kReplicas * (kReplicas - 1)));  // of the mean of the replicas
  for (MessagePopulation& population : populations_) {
    MatrixXd passage;
    for (int height = population_height_; height < static_cast<int>(laws_.size()); ++height)
      passage = population.climb();
    law.others.push_back({observed_.lump(passage), {}, {}});
    law.value.passage += law.others.back().passage / kReplicas;
  }
  population_height_ = static_cast<int>(laws_.size());
  return law;
}

/// The next height, laws_.size(), those below being known.
std::optional<Uncertain<BlockLaw>> BlocksKnownByPosterior::climb() {
  auto block = climb_with_moments(with_moments_);
  if (up_to_permutation_)
    if (auto symmetric = climb_up_to_permutation(*up_to_permutation_)) {
      if (block) symmetric->moments = std::move(block->moments);
      block = std::move(symmetric);
    }
  if (!block) return climb_populations();
  Uncertain<BlockLaw> law{*block, {}, 0};
  if (coarser_) {
    law.others.push_back(*climb_with_moments(*coarser_));
    law.scale = 1;
  }
  return law;
}

BlocksKnownByPosterior& BlocksKnownByPosterior::shared(const Channel& channel, int symbol, int d, int below) {
  static std::map<std::vector<double>, std::unique_ptr<BlocksKnownByPosterior>> known;
  std::vector<double> key = {1.0 * symbol, 1.0 * d, 1.0 * below};
  key.insert(key.end(), channel.kernel().data(), channel.kernel().data() + channel.kernel().size());
  if (known.size() >= kMaxShared && !known.contains(key)) known.clear();
  auto& blocks = known[key];
  if (!blocks) blocks = std::make_unique<BlocksKnownByPosterior>(channel, symbol, d, below);
  return *blocks;
}

}  // namespace leafcast::analysis
