#include "tests/reference/grammar.h"

#include <cmath>

namespace leafcast::reference {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::size_t power_of(int base, int exponent) {
  return static_cast<std::size_t>(std::llround(std::pow(base, exponent)));
}

/// Laws of what nodes of `bottom` and below write, up to `height`: [symbol][index in base v].
MatrixXd law_down_to(const Grammar& grammar, int height, int bottom) {
  const int v = grammar.symbols(), s = grammar.children();
  if (height == bottom) {
    const int own = height == grammar.height() ? grammar.classes() : v;
    return MatrixXd::Identity(own, own);
  }
  const MatrixXd child = law_down_to(grammar, height - 1, bottom);
  const RuleSet& set = grammar.rules(height);
  MatrixXd law = MatrixXd::Zero(set.parents(), static_cast<Index>(power_of(static_cast<int>(child.cols()), s)));
  for (int a = 0; a < set.parents(); ++a)
    for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
         ++r) {
      VectorXd joint = VectorXd::Ones(1);
      for (const int symbol : set.tuple(static_cast<int>(r))) {
        VectorXd longer(joint.size() * child.cols());
        for (Index left = 0; left < joint.size(); ++left)
          longer.segment(left * child.cols(), child.cols()) = joint[left] * child.row(symbol).transpose();
        joint = longer;
      }
      law.row(a) += set.probability[r] * joint.transpose();
    }
  return law;
}

}  // namespace

MatrixXd subtree_law(const Grammar& grammar, int height) { return law_down_to(grammar, height, 0); }

Law true_law_of_nodes(const Grammar& grammar, int height) {
  const VectorXd law = law_down_to(grammar, grammar.height(), height).transpose() * grammar.root();
  return Law(law.begin(), law.end());
}
Law true_law(const Grammar& grammar) { return true_law_of_nodes(grammar, 0); }

Law block_law(const Grammar& grammar, int w, LcaLaw lca) {
  const int v = grammar.symbols(), s = grammar.children(), levels = grammar.height() - w;
  const int blocks = static_cast<int>(power_of(s, levels));
  const Law roots = true_law_of_nodes(grammar, w);
  if (levels == 0) return true_law(grammar);
  // Joint laws of neighbouring roots, one for each boundary; and averaged over those of an LCA height.
  std::vector<MatrixXd> pair(static_cast<std::size_t>(blocks) - 1, MatrixXd::Zero(v, v));
  for (std::size_t index = 0; index < roots.size(); ++index) {
    const std::vector<int> symbols = sentence_symbols(v, blocks, index);
    for (std::size_t b = 0; b + 1 < symbols.size(); ++b) pair[b](symbols[b], symbols[b + 1]) += roots[index];
  }
  const auto conditional = [](MatrixXd joint) {
    const VectorXd unknown = joint.colwise().sum() / joint.sum();
    for (Index a = 0; a < joint.rows(); ++a) {
      const double sum = joint.row(a).sum();
      joint.row(a) = sum > 0 ? (joint.row(a) / sum).eval() : unknown.transpose().eval();
    }
    return joint;
  };
  std::vector<MatrixXd> step;
  for (const MatrixXd& joint : pair) step.push_back(conditional(joint));
  if (lca != LcaLaw::fixed) {
    MatrixXd mix = MatrixXd::Zero(v, v);
    double rest = 1;
    for (int j = 1; j <= levels; ++j) {
      MatrixXd of_height = MatrixXd::Zero(v, v);
      for (int b = 0; b + 1 < blocks; ++b)
        if (lca_height(s, b, b + 1) == j) of_height += pair[static_cast<std::size_t>(b)];
      const double p = lca == LcaLaw::sampled ? (s - 1) * std::pow(s, levels - j) / (std::pow(s, levels) - 1)
                                              : (s - 1) / std::pow(s, j);
      mix += p * conditional(of_height);
      rest -= p;
    }
    if (lca == LcaLaw::sampled_reset) {
      VectorXd mean = VectorXd::Zero(v);
      for (std::size_t index = 0; index < roots.size(); ++index)
        for (const int symbol : sentence_symbols(v, blocks, index)) mean[symbol] += roots[index] / blocks;
      mix += rest * VectorXd::Ones(v) * mean.transpose();
    }
    std::ranges::fill(step, mix);
  }
  const MatrixXd subtree = subtree_law(grammar, w);
  VectorXd first = VectorXd::Zero(v);
  for (std::size_t index = 0; index < roots.size(); ++index)
    first[sentence_symbols(v, blocks, index).front()] += roots[index];
  MatrixXd law =
      first.transpose();  // [leaves so far][root of the last block], the block itself still to be written
  for (int b = 0; b < blocks; ++b) {
    MatrixXd longer(law.rows() * subtree.cols(), v);
    for (Index prefix = 0; prefix < law.rows(); ++prefix)
      for (Index leaves = 0; leaves < subtree.cols(); ++leaves)
        longer.row(prefix * subtree.cols() + leaves) =
            law.row(prefix).cwiseProduct(subtree.col(leaves).transpose());
    law = b + 1 < blocks ? (longer * step[static_cast<std::size_t>(b)]).eval() : longer;
  }
  const VectorXd sentences = law.rowwise().sum();
  return Law(sentences.begin(), sentences.end());
}

std::vector<bool> grammatical(const Grammar& grammar, int height) {
  const VectorXd mass = subtree_law(grammar, height).colwise().sum();
  std::vector<bool> list;
  for (const double p : mass) list.push_back(p > 0);
  return list;
}

}  // namespace leafcast::reference
