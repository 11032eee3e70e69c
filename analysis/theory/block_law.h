#pragma once
#include <Eigen/Dense>
#include <optional>
#include <vector>

#include "analysis/theory/message_law.h"
#include "analysis/theory/message_population.h"
#include "analysis/theory/observed_symbol.h"
#include "analysis/theory/stretches.h"

namespace leafcast::analysis {

/// What is known of one block as a stretch.
struct BlockLaw {
  Eigen::MatrixXd passage;  ///< PairStretch::passage, between the states of an ObservedSymbol
  std::optional<MomentStretch> moments;
  std::optional<ColoringStretch> coloring;
};

/// A quantity computed more than once: f(value) has the standard error scale·√Σ_i (f(others[i]) − f(value))².
template <class T>
struct Uncertain {
  T value;
  std::vector<T> others;
  double scale = 0;
};

/// Blocks whose writer remembers the root: exact.
BlockLaw block_known_by_root(const ObservedSymbol& observed, const std::vector<SumMoments>& moments);

/// Blocks of heights 0, 1, 2, … that hand on a symbol drawn from its posterior law given what is known below
/// the root: leaves, or, `below` levels above the leaves, the symbols of nodes.
///   passage(a, b) = E[P(b | known) | a],   moments_r(a, b) = E[Y^r P(b | known) | a].
/// Enumerated while the law of the upward message is small enough. Beyond: with two symbols the law is
/// rounded (error: the difference to half as many bins), with more it is sampled (population dynamics, 16
/// replicas), which gives the passage only.
class BlocksKnownByPosterior {
 public:
  BlocksKnownByPosterior(const Channel& channel, int symbol, int d, int below);
  /// One object for equal arguments, so that the cells of a sweep share it. Valid until the next call; not
  /// for concurrent use.
  static BlocksKnownByPosterior& shared(const Channel& channel, int symbol, int d, int below);

  /// Of height w above what is known. Nothing if it would cost too much.
  const std::optional<Uncertain<BlockLaw>>& at(int w);

 private:
  std::optional<BlockLaw> climb_with_moments(MessageLaw& law) const;
  std::optional<BlockLaw> climb_up_to_permutation(MessageLaw& law) const;
  std::optional<Uncertain<BlockLaw>> climb_populations();
  std::optional<Uncertain<BlockLaw>> climb();

  Channel channel_;
  ObservedSymbol observed_;
  int d_;
  bool on_leaves_;
  std::vector<SumMoments> known_;  ///< by state
  MessageLaw with_moments_;
  std::optional<MessageLaw> coarser_;            ///< two symbols: with half as many bins
  std::optional<MessageLaw> up_to_permutation_;  ///< symmetric channels of more symbols, and the 2-coloring
  std::vector<MessagePopulation> populations_;
  int population_height_ = 0;
  std::vector<std::optional<Uncertain<BlockLaw>>> laws_;  ///< by w
};

}  // namespace leafcast::analysis
