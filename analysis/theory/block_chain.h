#pragma once
#include <Eigen/Dense>
#include <limits>
#include <optional>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// A generator seen as one that writes true subtrees of height w (blocks), each given what it remembers of
/// the last.
struct BlockChain {
  enum class Memory {
    root,     ///< of the last block
    leaves,   ///< all of them: the root is redrawn from its posterior law
    children  ///< the symbols of the root's d children: likewise
  };
  int w;
  Memory memory;
  LcaLaw lca;
  /// With a fixed LCA this many levels up or more, the next root is drawn afresh from ν.
  int fresh_from = std::numeric_limits<int>::max();
};

/// What theory knows of a generator: subtrees of height ≤ true_height have the true law (−1: not even
/// leaves); the law of higher ones follows if the generator is a chain of blocks.
struct Theory {
  int true_height;
  std::optional<BlockChain> chain;
};
Theory theory_of(const Cell& cell);

/// The transition from the symbol that a block hands on to the next block's root: Σ_j of_level[j] T_j +
/// fresh·1ν.
struct Joint {
  std::vector<double> of_level;
  double fresh = 0;

  /// For a Channel, between symbols; for an ObservedSymbol, between its states.
  template <class Language>
  Eigen::MatrixXd transition(const Language& language) const {
    const Eigen::VectorXd& nu = language.stationary();
    Eigen::MatrixXd sum = fresh * Eigen::VectorXd::Ones(nu.size()) * nu.transpose();
    for (std::size_t j = 1; j < of_level.size(); ++j)
      if (of_level[j] > 0) sum += of_level[j] * language.across(static_cast<int>(j));
    return sum;
  }
};

/// Between blocks whose true LCA lies `level` levels above their roots, in a sentence with B levels above the
/// blocks.
Joint joint_at(const BlockChain& chain, int d, int B, int level);

}  // namespace leafcast::analysis
