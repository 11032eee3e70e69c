#include "engine/language/grammar_laws.h"

#include "engine/language/tree.h"

namespace leafcast {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

template <class Use>
void each_rule(const RuleSet& set, Use use) {
  for (int a = 0; a < set.parents(); ++a)
    for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1]; ++r)
      use(a, set.tuple(static_cast<int>(r)), set.probability[r]);
}

}  // namespace

GrammarLaws::GrammarLaws(const Grammar& grammar) : grammar_(&grammar) {
  const int s = grammar.children(), v = grammar.symbols(), top = grammar.height();
  for (int j = 1; j <= top; ++j) {
    std::vector<MatrixXd>& level = transfer_.emplace_back();
    level.assign(static_cast<std::size_t>(s), MatrixXd::Zero(grammar.parents(j), v));
    each_rule(grammar.rules(j), [&](int a, std::span<const std::uint8_t> tuple, double p) {
      for (int i = 0; i < s; ++i)
        level[static_cast<std::size_t>(i)](a, tuple[static_cast<std::size_t>(i)]) += p;
    });
  }
}

int GrammarLaws::place(int ancestor, int height, std::int64_t node) const {
  const int s = grammar_->children();
  return static_cast<int>(node / tree_power(s, ancestor - height) % s);
}

VectorXd GrammarLaws::law(int height, std::int64_t node) const {
  VectorXd law = grammar_->root();
  for (int j = grammar_->height(); j > height; --j)
    law = (transfer(j, place(j - 1, height, node)).transpose() * law).eval();
  return law;
}

MatrixXd GrammarLaws::descent(int from, int height, std::int64_t node) const {
  const int above = from == grammar_->height() ? grammar_->classes() : grammar_->symbols();
  MatrixXd law = MatrixXd::Identity(above, above);
  for (int j = from; j > height; --j) law = (law * transfer(j, place(j - 1, height, node))).eval();
  return law;
}

MatrixXd GrammarLaws::siblings(int height, const VectorXd& parent, int p, int q) const {
  MatrixXd joint = MatrixXd::Zero(grammar_->symbols(), grammar_->symbols());
  each_rule(grammar_->rules(height), [&](int a, std::span<const std::uint8_t> tuple, double probability) {
    joint(tuple[static_cast<std::size_t>(p)], tuple[static_cast<std::size_t>(q)]) += parent[a] * probability;
  });
  return joint;
}

}  // namespace leafcast
