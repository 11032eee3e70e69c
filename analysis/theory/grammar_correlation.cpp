#include "analysis/theory/grammar_correlation.h"

#include <cmath>
#include <vector>

#include "engine/language/tree.h"

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t kMostNodes = 1 << 12;

struct Meeting {
  int height;         ///< of the LCA
  std::int64_t node;  ///< its number
  int left, right;    ///< places of its children above the two
};

Meeting meet(const Grammar& grammar, std::int64_t i, std::int64_t j) {
  const int s = grammar.children();
  int height = 1;
  while (i / s != j / s) {
    i /= s;
    j /= s;
    ++height;
  }
  return {height, i / s, static_cast<int>(i % s), static_cast<int>(j % s)};
}

/// Joint law of two children of a node, less the product of their laws.
MatrixXd sibling_covariance(const GrammarLaws& laws, int height, const VectorXd& parent, int p, int q) {
  const MatrixXd joint = laws.siblings(height, parent, p, q);
  return joint - joint.rowwise().sum() * joint.colwise().sum();
}

double root_mean_square(const MatrixXd& covariance) {
  return std::sqrt(covariance.squaredNorm() / static_cast<double>(covariance.size()));
}

double filling(int symbols, int rules, int children) { return rules / std::pow(symbols, children - 1); }

}  // namespace

double token_correlation(const Grammar& grammar, const GrammarLaws& laws, std::int64_t i, std::int64_t j) {
  const Meeting at = meet(grammar, i, j);
  const MatrixXd covariance =
      sibling_covariance(laws, at.height, laws.law(at.height, at.node), at.left, at.right);
  return root_mean_square(laws.descent(at.height - 1, 0, i).transpose() * covariance *
                          laws.descent(at.height - 1, 0, j));
}

std::optional<double> token_correlation_of_height(const Grammar& grammar, const GrammarLaws& laws,
                                                  int height) {
  const int s = grammar.children(), v = grammar.symbols();
  const std::int64_t nodes = tree_power(s, grammar.height() - height);
  if (nodes > kMostNodes) return std::nullopt;
  // Σ over leaves i below one child and j below the other of |A_i^T M A_j|² = tr(S M S M^T), S = Σ_i A_i
  // A_i^T.
  MatrixXd paths = MatrixXd::Identity(v, v);
  for (int j = 1; j < height; ++j) {
    MatrixXd higher = MatrixXd::Zero(grammar.parents(j), grammar.parents(j));
    for (int i = 0; i < s; ++i) higher += laws.transfer(j, i) * paths * laws.transfer(j, i).transpose();
    paths = higher;
  }
  double squares = 0;
  for (std::int64_t node = 0; node < nodes; ++node) {
    const VectorXd law = laws.law(height, node);
    for (int p = 0; p < s; ++p)
      for (int q = p + 1; q < s; ++q) {
        const MatrixXd covariance = sibling_covariance(laws, height, law, p, q);
        squares += (paths * covariance).cwiseProduct((paths * covariance.transpose()).transpose()).sum();
      }
  }
  const double leaves = std::pow(s, height - 1),
               pairs = static_cast<double>(nodes) * s * (s - 1) / 2 * leaves * leaves;
  return std::sqrt(squares / pairs) / v;
}

double tuple_correlation(const Grammar& grammar, const GrammarLaws& laws, int height) {
  const int s = grammar.children();
  const std::int64_t last = tree_power(s, grammar.height()) - 1;
  // The last subtree of height 1 below the second last child of the LCA.
  const std::int64_t node = last / s - tree_power(s, height - 2);
  const MatrixXd covariance =
      sibling_covariance(laws, height, laws.law(height, last / tree_power(s, height)), s - 2, s - 1);
  const MatrixXd of_parent =
      laws.descent(height - 1, 1, node).transpose() * covariance * laws.descent(height - 1, 0, last);
  const RuleSet& set = grammar.rules(1);  // a tuple is a rule of its parent
  double squares = 0;
  for (int a = 0; a < set.parents(); ++a)
    for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1]; ++r)
      squares += set.probability[r] * set.probability[r] * of_parent.row(a).squaredNorm();
  return std::sqrt(squares / (static_cast<double>(set.rules()) * grammar.symbols()));
}

double asymptotic_token_correlation(int symbols, int rules, int children, int height) {
  const double v = symbols, m = rules;
  return std::sqrt((1 - filling(symbols, rules, children)) / (v * v * v * std::pow(m, 2 * height - 1)));
}

double sample_threshold(int symbols, int rules, int children, int height) {
  return symbols * std::pow(rules, 2 * height - 1) / (1 - filling(symbols, rules, children));
}

}  // namespace leafcast::analysis
