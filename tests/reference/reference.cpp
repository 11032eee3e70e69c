#include "tests/reference/reference.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <compare>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>

namespace leafcast::reference {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::size_t power(int base, int exponent) {
  std::size_t result = 1;
  while (exponent-- > 0) result *= static_cast<std::size_t>(base);
  return result;
}

VectorXd normalized(const VectorXd& weights) {
  const double total = weights.sum();
  if (!(total > 0)) throw std::domain_error("conditioned on an event of probability 0");
  return weights / total;
}

Law column_sums(const MatrixXd& joint) {
  const VectorXd sums = joint.colwise().sum();
  return Law(sums.begin(), sums.end());
}

}  // namespace

int Tree::leaves() const { return static_cast<int>(power(d, height)); }
std::size_t Tree::sentences() const { return power(q(), leaves()); }

MatrixXd symmetric_kernel(int q, double lambda) {
  const bool coloring = std::abs(1 + (q - 1) * lambda) < 1e-12;
  MatrixXd K = MatrixXd::Constant(q, q, coloring ? 1.0 / (q - 1) : (1 - lambda) / q);
  K.diagonal().setConstant(coloring ? 0 : lambda + (1 - lambda) / q);
  return K;
}

VectorXd stationary_law(const MatrixXd& K) {
  // nu (K − I) = 0 and Σ nu = 1, as one overdetermined system.
  MatrixXd system(K.rows() + 1, K.rows());
  system << (K.transpose() - MatrixXd::Identity(K.rows(), K.rows())), VectorXd::Ones(K.rows()).transpose();
  return system.colPivHouseholderQr().solve(VectorXd::Unit(K.rows() + 1, K.rows()));
}

Tree symmetric_tree(int d, int height, int q, double lambda) {
  return {d, height, symmetric_kernel(q, lambda), VectorXd::Constant(q, 1.0 / q)};
}

std::size_t sentence_index(int q, const std::vector<int>& symbols) {
  std::size_t index = 0;
  for (int symbol : symbols) index = index * static_cast<std::size_t>(q) + static_cast<std::size_t>(symbol);
  return index;
}

std::vector<int> sentence_symbols(int q, int n, std::size_t index) {
  std::vector<int> symbols(static_cast<std::size_t>(n));
  for (auto leaf = symbols.rbegin(); leaf != symbols.rend(); ++leaf) {
    *leaf = static_cast<int>(index % static_cast<std::size_t>(q));
    index /= static_cast<std::size_t>(q);
  }
  return symbols;
}

int lca_height(int d, int i, int j) {
  int height = 0;
  for (; i != j; i /= d, j /= d) ++height;
  return height;
}

MatrixXd subtree_law(const Tree& tree, int height) {
  if (height == 0) return MatrixXd::Identity(tree.q(), tree.q());
  const MatrixXd child = tree.K * subtree_law(tree, height - 1);
  MatrixXd law = child;
  for (int sibling = 1; sibling < tree.d; ++sibling) {
    MatrixXd longer(tree.q(), law.cols() * child.cols());
    for (Index left = 0; left < law.cols(); ++left)
      for (Index right = 0; right < child.cols(); ++right)
        longer.col(left * child.cols() + right) = law.col(left).cwiseProduct(child.col(right));
    law = std::move(longer);
  }
  return law;
}

Law true_law(const Tree& tree) { return column_sums(tree.nu.asDiagonal() * subtree_law(tree, tree.height)); }

// K-gram.

int window_start(int d, int i, std::int64_t context, ContextUnit unit) {
  int start = i;
  std::int64_t room = context;
  const auto mark_before = [&](int leaf) { return unit == ContextUnit::tokens && leaf > 0 && leaf % d == 0; };
  // Walks back over the stream … [mark] leaf [mark] leaf, most recent token first.
  while (start > 0) {
    if (mark_before(start) && room-- <= 0) break;
    if (room-- <= 0) break;
    --start;
  }
  return start;
}

namespace {

/// Marginal of the enumerated law on leaves [first, last).
Law window_marginal(int q, int leaves, const Law& law, int first, int last) {
  const std::size_t after = power(q, leaves - last), window = power(q, last - first);
  Law marginal(window, 0.0);
  for (std::size_t sentence = 0; sentence < law.size(); ++sentence)
    marginal[sentence / after % window] += law[sentence];
  return marginal;
}

}  // namespace

Law kgram_law(const Tree& tree, std::int64_t context, ContextUnit unit) {
  return kgram_law(true_law(tree), tree.q(), tree.d, tree.leaves(), context, unit);
}

Law kgram_law(const Law& truth, int symbols, int d, int leaves, std::int64_t context, ContextUnit unit) {
  const auto q = static_cast<std::size_t>(symbols);
  Law law{1.0};  // of the first i leaves
  for (int i = 0; i < leaves; ++i) {
    const int start = window_start(d, i, context, unit);
    const Law window = window_marginal(symbols, leaves, truth, start, i),
              extended = window_marginal(symbols, leaves, truth, start, i + 1);
    Law longer(law.size() * q, 0.0);
    for (std::size_t prefix = 0; prefix < law.size(); ++prefix) {
      if (law[prefix] == 0) continue;
      const std::size_t seen = prefix % window.size();
      for (std::size_t x = 0; x < q; ++x)
        longer[prefix * q + x] = law[prefix] * extended[seen * q + x] / window[seen];
    }
    law = std::move(longer);
  }
  return law;
}

// Block.

namespace {

/// From a node up `levels` by the reversed kernel, down as many by K.
MatrixXd across(const Tree& tree, int levels) {
  MatrixXd reversed = MatrixXd::Zero(tree.q(), tree.q());
  for (int b = 0; b < tree.q(); ++b)
    for (int a = 0; a < tree.q(); ++a)
      if (tree.nu(b) > 0) reversed(b, a) = tree.nu(a) * tree.K(a, b) / tree.nu(b);
  MatrixXd law = MatrixXd::Identity(tree.q(), tree.q());
  for (int level = 0; level < levels; ++level) law *= reversed;
  for (int level = 0; level < levels; ++level) law *= tree.K;
  return law;
}

}  // namespace

MatrixXd root_transition(const Tree& tree, int w, LcaLaw lca) {
  if (lca == LcaLaw::fixed)
    throw std::invalid_argument("root_transition: with lca = fixed it depends on the block");
  const int d = tree.d, B = tree.height - w;
  const double blocks = std::pow(d, B);
  MatrixXd transition = MatrixXd::Zero(tree.q(), tree.q());
  for (int j = 1; j <= B; ++j) {
    const double p =
        lca == LcaLaw::sampled ? (d - 1) * std::pow(d, B - j) / (blocks - 1) : (d - 1) / std::pow(d, j);
    transition += p * across(tree, j);
  }
  if (lca == LcaLaw::sampled_reset) transition += VectorXd::Ones(tree.q()) * tree.nu.transpose() / blocks;
  return transition;
}

Law block_law(const Tree& tree, int w, BlockMemory memory, LcaLaw lca) {
  const MatrixXd block = subtree_law(tree, w);    // [root][leaves of a block]
  MatrixXd joint = tree.nu.asDiagonal() * block;  // [root of the last block][leaves so far]
  const MatrixXd truth = joint;                   // [root][leaves of a block]
  const int blocks = static_cast<int>(power(tree.d, tree.height - w));
  for (int r = 1; r < blocks; ++r) {
    if (memory == BlockMemory::leaves)
      for (Index prefix = 0; prefix < joint.cols(); ++prefix) {
        const double p = joint.col(prefix).sum();
        if (p > 0) joint.col(prefix) = p * normalized(truth.col(prefix % block.cols()));
      }
    const MatrixXd transition =
        lca == LcaLaw::fixed ? across(tree, lca_height(tree.d, r - 1, r)) : root_transition(tree, w, lca);
    const MatrixXd next_root = transition.transpose() * joint;  // [root of block r][leaves so far]
    MatrixXd longer(tree.q(), joint.cols() * block.cols());
    for (Index prefix = 0; prefix < joint.cols(); ++prefix)
      for (Index leaves = 0; leaves < block.cols(); ++leaves)
        longer.col(prefix * block.cols() + leaves) = next_root.col(prefix).cwiseProduct(block.col(leaves));
    joint = std::move(longer);
  }
  return column_sums(joint);
}

// Reasoning: path.

namespace {

/// A path is the symbols a_0 (leaf) … a_m (root of the height-m subtree), a_j the digit of q^j in its index.
int path_symbol(int q, Index path, int j) {
  return static_cast<int>(static_cast<std::size_t>(path) / power(q, j) % static_cast<std::size_t>(q));
}

/// P(a_{top−1} … a_0 | a_top).
double descent(const Tree& tree, Index path, int top) {
  double p = 1;
  for (int j = top; j > 0; --j)
    p *= tree.K(path_symbol(tree.q(), path, j), path_symbol(tree.q(), path, j - 1));
  return p;
}

/// Law of the path to leaf i given the one to leaf i−1, their LCA at height j.
MatrixXd path_transition(const Tree& tree, int m, int j) {
  const auto paths = static_cast<Index>(power(tree.q(), m + 1));
  MatrixXd transition = MatrixXd::Zero(paths, paths);
  MatrixXd roots;
  if (j > m) roots = root_transition(tree, m, LcaLaw::sampled);
  for (Index from = 0; from < paths; ++from)
    for (Index to = 0; to < paths; ++to) {
      if (j > m) {
        transition(from, to) =
            roots(path_symbol(tree.q(), from, m), path_symbol(tree.q(), to, m)) * descent(tree, to, m);
      } else {
        bool kept = true;
        for (int level = j; level <= m; ++level)
          kept = kept && path_symbol(tree.q(), from, level) == path_symbol(tree.q(), to, level);
        if (kept) transition(from, to) = descent(tree, to, j);
      }
    }
  return transition;
}

Law path_law(const Tree& tree, int m) {
  const auto q = static_cast<Index>(tree.q());
  const auto paths = static_cast<Index>(power(tree.q(), m + 1));
  MatrixXd joint = MatrixXd::Zero(paths, q);  // [path][leaves so far]
  for (Index path = 0; path < paths; ++path)
    joint(path, path % q) = tree.nu(path_symbol(tree.q(), path, m)) * descent(tree, path, m);
  for (int i = 1; i < tree.leaves(); ++i) {
    const MatrixXd next = path_transition(tree, m, lca_height(tree.d, i - 1, i)).transpose() * joint;
    joint = MatrixXd::Zero(paths, next.cols() * q);
    for (Index prefix = 0; prefix < next.cols(); ++prefix)
      for (Index path = 0; path < paths; ++path) joint(path, prefix * q + path % q) = next(path, prefix);
  }
  return column_sums(joint);
}

// Reasoning: segment.

/// What a segment writer knows of the current height-m subtree.
struct SegmentMemory {
  int root;  ///< its root's symbol, or kUnknown
  std::vector<std::vector<int>>
      levels;  ///< [j − 1] symbols of the completed children of the current height-j node

  auto operator<=>(const SegmentMemory&) const = default;
};
constexpr int kUnknown = -1;

class SegmentWriter {
 public:
  SegmentWriter(const Tree& tree, int m) : tree_(tree), m_(m) {}

  Law law() {
    joint_ = {{empty(kUnknown), Law{1.0}}};
    MatrixXd next_root;
    if (m_ < tree_.height) next_root = root_transition(tree_, m_, LcaLaw::sampled).transpose();
    for (int i = 0; i < tree_.leaves(); ++i) {
      if (m_ < tree_.height && ends_subtree(i, m_))
        redraw(
            [&](const SegmentMemory& memory) -> VectorXd {
              if (i == 0) return tree_.nu;
              return next_root * belief(memory, m_);
            },
            [&](SegmentMemory&, int root) { return empty(root); });
      write_leaf();
      for (int j = 1; j < m_ && ends_subtree(i + 1, j); ++j)
        redraw([&](const SegmentMemory& memory) { return belief(memory, j); },
               [&](SegmentMemory& memory, int symbol) {
                 level(memory, j).clear();
                 level(memory, j + 1).push_back(symbol);
                 return memory;
               });
      // The block's root is forgotten; what remains of it is its d children (or itself, if it is a leaf).
      if (m_ > 0 && ends_subtree(i + 1, m_))
        redraw([](const SegmentMemory&) { return VectorXd::Ones(1); },
               [](SegmentMemory& memory, int) {
                 memory.root = kUnknown;
                 return memory;
               });
    }
    Law law(tree_.sentences(), 0.0);
    for (const auto& [memory, part] : joint_)
      std::transform(law.begin(), law.end(), part.begin(), law.begin(), std::plus<>());
    return law;
  }

 private:
  bool ends_subtree(int leaves, int height) const {
    return static_cast<std::size_t>(leaves) % power(tree_.d, height) == 0;
  }
  SegmentMemory empty(int root) const {
    return {root, std::vector<std::vector<int>>(static_cast<std::size_t>(m_))};
  }
  static std::vector<int>& level(SegmentMemory& memory, int j) {
    return memory.levels[static_cast<std::size_t>(j - 1)];
  }

  /// Law, given the memory, of the current path's node at height j (0 = the leaf to be written).
  VectorXd belief(const SegmentMemory& memory, int j) const {
    VectorXd p;
    if (j < m_)
      p = tree_.K.transpose() * belief(memory, j + 1);
    else if (memory.root == kUnknown)
      p = tree_.nu;
    else
      p = VectorXd::Unit(tree_.q(), memory.root);
    if (j > 0)
      for (int child : memory.levels[static_cast<std::size_t>(j - 1)]) p = p.cwiseProduct(tree_.K.col(child));
    return normalized(p);
  }

  /// Draws a symbol from `symbol_law(memory)` and lets `update` put it into the memory.
  template <class SymbolLaw, class Update>
  void redraw(SymbolLaw symbol_law, Update update) {
    std::map<SegmentMemory, Law> next;
    for (const auto& [memory, part] : joint_) {
      const VectorXd p = symbol_law(memory);
      for (int symbol = 0; symbol < p.size(); ++symbol) {
        if (p(symbol) == 0) continue;
        SegmentMemory copy = memory;
        Law& target = next[update(copy, symbol)];
        target.resize(part.size(), 0.0);
        for (std::size_t prefix = 0; prefix < part.size(); ++prefix)
          target[prefix] += p(symbol) * part[prefix];
      }
    }
    joint_ = std::move(next);
  }

  void write_leaf() {
    const auto q = static_cast<std::size_t>(tree_.q());
    std::map<SegmentMemory, Law> next;
    for (const auto& [memory, part] : joint_) {
      const VectorXd p = belief(memory, 0);
      for (std::size_t x = 0; x < q; ++x) {
        if (p(static_cast<Index>(x)) == 0) continue;
        SegmentMemory copy = memory;
        if (m_ > 0) level(copy, 1).push_back(static_cast<int>(x));
        Law& target = next[copy];
        target.resize(part.size() * q, 0.0);
        for (std::size_t prefix = 0; prefix < part.size(); ++prefix)
          target[prefix * q + x] += p(static_cast<Index>(x)) * part[prefix];
      }
    }
    joint_ = std::move(next);
  }

  const Tree& tree_;
  int m_;
  std::map<SegmentMemory, Law> joint_;  ///< P(leaves so far, memory)
};

}  // namespace

Law reasoning_law(const Tree& tree, Encoding encoding, int m) {
  return encoding == Encoding::path ? path_law(tree, m) : SegmentWriter(tree, m).law();
}

// Belief propagation.

VectorXd conditional(const Tree& tree, int start, const std::vector<int>& window, int i) {
  const auto d = static_cast<std::size_t>(tree.d);
  // upward[j][v](c) ∝ P(observed leaves below node v of height j | its symbol is c)
  std::vector<std::vector<VectorXd>> upward(static_cast<std::size_t>(tree.height) + 1);
  upward[0].assign(static_cast<std::size_t>(tree.leaves()), VectorXd::Ones(tree.q()));
  for (std::size_t t = 0; t < window.size(); ++t)
    upward[0].at(static_cast<std::size_t>(start) + t) = VectorXd::Unit(tree.q(), window[t]);
  for (std::size_t j = 1; j < upward.size(); ++j)
    for (std::size_t v = 0; v < upward[j - 1].size() / d; ++v) {
      VectorXd message = VectorXd::Ones(tree.q());
      for (std::size_t child = v * d; child < (v + 1) * d; ++child)
        message = message.cwiseProduct(tree.K * upward[j - 1][child]);
      upward[j].push_back(normalized(message));
    }
  // Down the path to leaf i, with everything observed outside the node's subtree.
  VectorXd downward = tree.nu;
  for (std::size_t j = upward.size() - 1; j > 0; --j) {
    const std::size_t next = static_cast<std::size_t>(i) / power(tree.d, static_cast<int>(j) - 1);
    const std::size_t node = next / d;
    for (std::size_t child = node * d; child < (node + 1) * d; ++child)
      if (child != next) downward = downward.cwiseProduct(tree.K * upward[j - 1][child]);
    downward = normalized(tree.K.transpose() * downward);
  }
  return downward;
}

// Statistics.

std::vector<Moments> sum_moments(const Tree& tree, const Law& law, int symbol) {
  std::vector<Moments> moments(static_cast<std::size_t>(tree.height) + 1, Moments{});
  for (std::size_t sentence = 0; sentence < law.size(); ++sentence) {
    const std::vector<int> x = sentence_symbols(tree.q(), tree.leaves(), sentence);
    for (int j = 0; j <= tree.height; ++j) {
      const auto size = static_cast<std::ptrdiff_t>(power(tree.d, j));
      const double subtrees = static_cast<double>(x.size()) / static_cast<double>(size);
      for (auto first = x.begin(); first != x.end(); first += size) {
        const double s = static_cast<double>(tree.q() * std::count(first, first + size, symbol) - size);
        double weight = law[sentence] / subtrees;
        for (double& moment : moments[static_cast<std::size_t>(j)]) moment += weight *= s;
      }
    }
  }
  return moments;
}

std::vector<std::vector<std::uint64_t>> allowed_colors(int q, int d, const std::vector<int>& sentence) {
  std::vector<std::vector<std::uint64_t>> allowed(1);
  for (int x : sentence) allowed[0].push_back(std::uint64_t{1} << x);
  while (allowed.back().size() > 1) {
    const std::vector<std::uint64_t>& children = allowed.back();
    std::vector<std::uint64_t> parents;
    for (auto first = children.begin(); first != children.end(); first += d) {
      std::uint64_t set = 0;
      for (int c = 0; c < q; ++c) {
        const std::uint64_t color = std::uint64_t{1} << c;
        if (std::all_of(first, first + d, [&](std::uint64_t child) { return (child & ~color) != 0; }))
          set |= color;
      }
      parents.push_back(set);
    }
    allowed.push_back(std::move(parents));
  }
  return allowed;
}

ColoringRates coloring_rates(const Tree& tree, const Law& law) {
  const std::vector<double> zeros(static_cast<std::size_t>(tree.height) + 1, 0.0);
  ColoringRates rates{zeros, zeros, 0, 0};
  for (std::size_t sentence = 0; sentence < law.size(); ++sentence) {
    const auto allowed =
        allowed_colors(tree.q(), tree.d, sentence_symbols(tree.q(), tree.leaves(), sentence));
    bool consistent = true;
    for (std::size_t j = 0; j < allowed.size(); ++j) {
      const auto invalid = std::count(allowed[j].begin(), allowed[j].end(), 0u);
      rates.valid[j] +=
          law[sentence] * (1 - static_cast<double>(invalid) / static_cast<double>(allowed[j].size()));
      if (consistent && invalid > 0) {
        consistent = false;
        rates.first_inconsistency[j] += law[sentence];
      }
    }
    const int colors = std::popcount(allowed.back().front());
    if (colors == 1) rates.frozen_root += law[sentence];
    if (colors >= 2) rates.free_root += law[sentence];
  }
  return rates;
}

double chi_square_p_value(const Law& law, const std::vector<std::uint64_t>& counts) {
  struct Bin {
    double expected, observed;
  };
  if (counts.size() != law.size())
    throw std::invalid_argument("chi_square_p_value: one count for each sentence");
  const double samples = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  std::vector<Bin> bins;
  Bin pool{0, 0};
  for (std::size_t x = 0; x < law.size(); ++x) {
    const Bin bin{law[x] * samples, static_cast<double>(counts[x])};
    if (law[x] == 0 && counts[x] > 0) return 0;
    if (bin.expected >= 5) {
      bins.push_back(bin);
    } else {
      pool.expected += bin.expected;
      pool.observed += bin.observed;
    }
  }
  // A pool that is itself too small joins the smallest bin.
  if (pool.expected < 5 && !bins.empty()) {
    Bin& smallest = *std::min_element(bins.begin(), bins.end(),
                                      [](const Bin& a, const Bin& b) { return a.expected < b.expected; });
    smallest.expected += pool.expected;
    smallest.observed += pool.observed;
  } else if (pool.expected > 0) {
    bins.push_back(pool);
  }
  if (bins.size() < 2) return 1;
  double statistic = 0;
  for (const Bin& bin : bins)
    statistic += (bin.observed - bin.expected) * (bin.observed - bin.expected) / bin.expected;
  const boost::math::chi_squared distribution(static_cast<double>(bins.size() - 1));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
}

}  // namespace leafcast::reference
