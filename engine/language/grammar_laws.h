#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "engine/language/grammar.h"

namespace leafcast {

/// Laws of nodes' symbols under a grammar, with nothing observed (MATH.md §11). A node is given by its height
/// and its number among the nodes of that height, from the left, 0 … s^{L−height} − 1.
class GrammarLaws {
 public:
  explicit GrammarLaws(const Grammar& grammar);

  /// T_{j,i}(a, c) = Σ_{r of a, r_i = c} p_r: the law of the i-th child of a node of height j, given its
  /// symbol.
  const Eigen::MatrixXd& transfer(int height, int child) const {
    return transfer_[static_cast<std::size_t>(height) - 1][static_cast<std::size_t>(child)];
  }
  Eigen::VectorXd law(int height, std::int64_t node) const;
  /// [symbol above][symbol below]: the law of a node given that of its ancestor of height `from`.
  Eigen::MatrixXd descent(int from, int height, std::int64_t node) const;
  /// Joint law of two siblings p < q of a node of height j whose symbol has the law `parent`: [symbol of
  /// p][of q].
  Eigen::MatrixXd siblings(int height, const Eigen::VectorXd& parent, int p, int q) const;

 private:
  /// Place among its siblings of the ancestor of height `ancestor` of a node of `height`.
  int place(int ancestor, int height, std::int64_t node) const;

  const Grammar* grammar_;
  std::vector<std::vector<Eigen::MatrixXd>> transfer_;  // [height − 1][child]
};

}  // namespace leafcast
