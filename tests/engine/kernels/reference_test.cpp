#include "tests/reference/reference.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace reference_test {

using namespace leafcast;
using namespace leafcast::reference;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kTolerance = 1e-10;

Approx exactly(double value) { return Approx(value).epsilon(kTolerance).margin(kTolerance); }

double total(const Law& law) {
  double sum = 0;
  for (double p : law) sum += p;
  return sum;
}

double difference(const Law& a, const Law& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t x = 0; x < a.size(); ++x) largest = std::max(largest, std::abs(a[x] - b[x]));
  return largest;
}

Tree kernel_tree(int d, int height) {  // neither symmetric nor reversible
  MatrixXd K(3, 3);
  K << 0.7, 0.2, 0.1, 0.05, 0.6, 0.35, 0.5, 0.1, 0.4;
  return {d, height, K, stationary_law(K)};
}

std::vector<Tree> small_trees() {
  return {symmetric_tree(2, 3, 2, 0.8),
          symmetric_tree(2, 3, 3, -0.5),
          symmetric_tree(3, 2, 2, -0.4),
          symmetric_tree(2, 2, 4, 0.37),
          symmetric_tree(2, 3, 3, 0.6),
          kernel_tree(2, 3),
          kernel_tree(3, 2)};
}

const Tree ising = symmetric_tree(2, 4, 2, 0.85);
const std::vector<LcaLaw> lca_laws{LcaLaw::sampled, LcaLaw::sampled_reset, LcaLaw::fixed};

/// Var S / n of an Ising law.
double variance(const Tree& tree, const Law& law) {
  return sum_moments(tree, law, 0).back()[1] / tree.leaves();
}

/// q_w = E[E[root | leaves of a height-w subtree]²] of MATH.md §6, for Ising.
double root_information(const Tree& tree, int w) {
  const MatrixXd block = subtree_law(tree, w);
  double q_w = 0;
  for (Eigen::Index x = 0; x < block.cols(); ++x)
    q_w += std::pow((block(0, x) - block(1, x)) / 2, 2) / (block.col(x).sum() / 2);
  return q_w;
}

/// V_h of MATH.md §6.
double true_variance(int d, double rho, int h) {
  double sum = 0;
  for (int j = 1; j <= h; ++j) sum += std::pow(d * rho * rho, j);
  return 1 + (d - 1.0) / d * sum;
}

double binomial(int n, int k) { return k == 0 ? 1 : binomial(n - 1, k - 1) * n / k; }

}  // namespace

TEST_CASE("reference: sentences and their indices") {
  CHECK(sentence_index(3, {1, 0, 2}) == 11);
  CHECK(sentence_symbols(3, 3, 11) == std::vector<int>{1, 0, 2});
  CHECK(sentence_symbols(2, 4, 1) == std::vector<int>{0, 0, 0, 1});
  CHECK(lca_height(2, 3, 4) == 3);
  CHECK(lca_height(3, 3, 5) == 1);
  CHECK(symmetric_kernel(6, -1.0 / 5).diagonal().isZero(0));
  const Tree tree = kernel_tree(2, 1);
  CHECK((tree.nu.transpose() * tree.K - tree.nu.transpose()).norm() < kTolerance);
}

TEST_CASE("reference: the true law is a sum over all labelings of the nodes") {
  const Tree tree = kernel_tree(2, 2);
  Law law(tree.sentences(), 0.0);
  for (std::size_t labeling = 0; labeling < 2187; ++labeling) {  // nodes in breadth-first order
    const std::vector<int> node = sentence_symbols(3, 7, labeling);
    double p = tree.nu(node[0]);
    for (std::size_t v = 1; v < 7; ++v) p *= tree.K(node[(v - 1) / 2], node[v]);
    law[sentence_index(3, {node[3], node[4], node[5], node[6]})] += p;
  }
  CHECK(difference(true_law(tree), law) < kTolerance);
}

TEST_CASE("reference: every law sums to 1 and the limits are the true law") {
  for (const Tree& tree : small_trees()) {
    const Law truth = true_law(tree);
    const int n = tree.leaves(), h = tree.height;
    CHECK(total(truth) == exactly(1));
    for (int k = 0; k <= n + n / tree.d; ++k) {
      CHECK(total(kgram_law(tree, k)) == exactly(1));
      CHECK(total(kgram_law(tree, k, ContextUnit::tokens)) == exactly(1));
    }
    CHECK(difference(kgram_law(tree, n - 1), truth) < kTolerance);
    // n − 1 leaves and n/d − 1 marks lie before the last leaf.
    CHECK(difference(kgram_law(tree, n + n / tree.d - 2, ContextUnit::tokens), truth) < kTolerance);
    CHECK(difference(kgram_law(tree, n - 2), truth) > 1e-6);

    for (BlockMemory memory : {BlockMemory::leaves, BlockMemory::root})
      for (LcaLaw lca : lca_laws) {
        for (int w = 0; w < h; ++w) CHECK(total(block_law(tree, w, memory, lca)) == exactly(1));
        CHECK(difference(block_law(tree, h, memory, lca), truth) < kTolerance);
        // Two blocks that are siblings with certainty are the true law too.
        const bool two_siblings = tree.d == 2 && lca != LcaLaw::sampled_reset;
        CHECK((difference(block_law(tree, h - 1, memory, lca), truth) < kTolerance) == two_siblings);
      }
    for (Encoding encoding : {Encoding::path, Encoding::segment}) {
      for (int m = 0; m < h; ++m) CHECK(total(reasoning_law(tree, encoding, m)) == exactly(1));
      CHECK(difference(reasoning_law(tree, encoding, h), truth) < kTolerance);
    }
  }
}

TEST_CASE("reference: generators that agree in law") {
  for (const Tree& tree : small_trees()) {
    const Law markov = block_law(tree, 0, BlockMemory::leaves, LcaLaw::fixed);
    CHECK(difference(kgram_law(tree, 1), markov) < kTolerance);
    CHECK(difference(block_law(tree, 0, BlockMemory::root, LcaLaw::fixed), markov) < kTolerance);

    for (int m = 0; m < tree.height; ++m) {
      const Law root = block_law(tree, m, BlockMemory::root, LcaLaw::sampled);
      CHECK(difference(reasoning_law(tree, Encoding::path, m), root) < kTolerance);
    }
    // Of a height-0 root the segment writer knows the symbol, of a height-1 root the leaves.
    for (int m = 0; m <= 1; ++m) {
      const Law leaves = block_law(tree, m, BlockMemory::leaves, LcaLaw::sampled);
      CHECK(difference(reasoning_law(tree, Encoding::segment, m), leaves) < kTolerance);
    }

    Law independent(tree.sentences(), 1.0);
    for (std::size_t x = 0; x < independent.size(); ++x)
      for (int symbol : sentence_symbols(tree.q(), tree.leaves(), x)) independent[x] *= tree.nu(symbol);
    CHECK(difference(kgram_law(tree, 0), independent) < kTolerance);
  }
  // A deeper segment knows more of its last root than the leaves do: its children's symbols.
  CHECK(difference(reasoning_law(ising, Encoding::segment, 2),
                   block_law(ising, 2, BlockMemory::leaves, LcaLaw::sampled)) > 1e-6);
  CHECK(difference(reasoning_law(ising, Encoding::segment, 2),
                   block_law(ising, 2, BlockMemory::root, LcaLaw::sampled)) > 1e-6);
}

TEST_CASE("reference: marks take room in a window of tokens") {
  // d = 2: x0 x1 | x2 x3 | x4 x5 | x6 x7
  CHECK(window_start(2, 4, 1, ContextUnit::tokens) == 4);
  CHECK(window_start(2, 4, 2, ContextUnit::tokens) == 3);
  CHECK(window_start(2, 5, 1, ContextUnit::tokens) == 4);
  CHECK(window_start(2, 5, 2, ContextUnit::tokens) == 4);
  CHECK(window_start(2, 5, 3, ContextUnit::tokens) == 3);
  CHECK(window_start(2, 5, 5, ContextUnit::tokens) == 2);
  CHECK(window_start(2, 7, 10, ContextUnit::tokens) == 0);
  CHECK(window_start(2, 7, 9, ContextUnit::tokens) == 1);
  for (int i = 0; i < 8; ++i) CHECK(window_start(2, i, 3, ContextUnit::leaves) == std::max(0, i - 3));
}

TEST_CASE("reference: belief propagation gives the k-gram's conditionals") {
  for (const Tree& tree : small_trees())
    for (int k : {0, 1, 3, 5}) {
      const int n = tree.leaves();
      const Law law = kgram_law(tree, k);
      for (std::size_t x = 0; x < law.size(); ++x) {
        if (law[x] == 0 || (law.size() > 1000 && x % 7 != 0)) continue;
        const std::vector<int> leaves = sentence_symbols(tree.q(), n, x);
        double p = 1;
        for (int i = 0; i < n; ++i) {
          const int start = window_start(tree.d, i, k, ContextUnit::leaves);
          p *= conditional(tree, start, {leaves.begin() + start, leaves.begin() + i},
                           i)(leaves[static_cast<std::size_t>(i)]);
        }
        REQUIRE(p == exactly(law[x]));
      }
    }
  CHECK_THROWS_AS(conditional(symmetric_tree(2, 1, 2, 1), 0, {0, 1}, 0), std::domain_error);
  // Beyond enumeration: the last leaf of 3^8, which copies its two observed siblings' parent; no underflow.
  const Tree tall = symmetric_tree(3, 8, 2, 1 - 1e-6);
  CHECK(conditional(tall, 0, std::vector<int>(6560, 1), 6560)(1) == Approx(1).margin(1e-5));
}

TEST_CASE("reference: Ising variances") {
  for (const Tree& tree : {ising, symmetric_tree(3, 2, 2, 0.9), symmetric_tree(4, 2, 2, 0.6)}) {
    const double rho = tree.K(0, 0) - tree.K(0, 1);
    const int d = tree.d, h = tree.height;
    CHECK(variance(tree, true_law(tree)) == exactly(true_variance(d, rho, h)));
    for (int w = 0; w < h; ++w) {
      double c = 0;
      for (int j = 1; j <= h - w; ++j)
        c += (d - 1) * std::pow(d, h - w - j) / (std::pow(d, h - w) - 1) * std::pow(rho, 2 * j);
      const auto formula = [&](double q_w) {
        const double N = std::pow(d, h - w);
        double sum = 0;
        for (int t = 1; t < N; ++t) sum += (1 - t / N) * std::pow(c, t) * std::pow(q_w, t - 1);
        return true_variance(d, rho, w) + 2 * std::pow(d * rho * rho, w) * sum;
      };
      const auto sampled = [&](BlockMemory memory) {
        return variance(tree, block_law(tree, w, memory, LcaLaw::sampled));
      };
      CHECK(sampled(BlockMemory::root) == exactly(formula(1)));
      CHECK(sampled(BlockMemory::leaves) == exactly(formula(root_information(tree, w))));
      // The same with the d children's symbols as what is left of a root (derived).
      CHECK(variance(tree, reasoning_law(tree, Encoding::segment, w)) ==
            exactly(formula(root_information(tree, std::min(w, 1)))));
    }
  }
}

TEST_CASE("reference: the correlation of consecutive blocks with sampled-reset is the authors'") {
  const Tree tree = symmetric_tree(3, 8, 2, 0.9);  // MATH.md §6
  const std::vector<double> c{0.739705, 0.739649, 0.739439, 0.738665, 0.735795, 0.725166, 0.6858, 0.54, 0};
  for (int w = 0; w <= 8; ++w) {
    const MatrixXd transition = root_transition(tree, w, LcaLaw::sampled_reset);
    CHECK(transition(0, 0) - transition(0, 1) == Approx(c[static_cast<std::size_t>(w)]).margin(5e-7));
  }
}

TEST_CASE("reference: moments of subtree sums") {
  const Tree tree = symmetric_tree(3, 2, 2, 0.7);
  const std::vector<Moments> moments = sum_moments(tree, true_law(tree), 1);
  for (int j = 0; j <= 2; ++j) {
    const Moments& m = moments[static_cast<std::size_t>(j)];
    CHECK(m[0] == exactly(0));
    CHECK(m[1] / std::pow(3, j) == exactly(true_variance(3, 0.7, j)));
    CHECK(m[2] == exactly(0));
  }
  // Σ of three leaves that agree with their parent with probability 0.85: E S⁴ = 81 P(all equal) + 1 P(not).
  const double all_equal = std::pow(0.85, 3) + std::pow(0.15, 3);
  CHECK(moments[1][3] == exactly(81 * all_equal + 1 - all_equal));
  // A law without symmetry: s = q N_c − d^j has mean d^j (q ν_c − 1).
  const Tree skew = kernel_tree(2, 3);
  CHECK(sum_moments(skew, true_law(skew), 2)[3][0] == exactly(8 * (3 * skew.nu(2) - 1)));
}

TEST_CASE("reference: allowed colors are the support of the coloring law") {
  for (const Tree& tree :
       {symmetric_tree(2, 3, 3, -0.5), symmetric_tree(4, 2, 2, -1), symmetric_tree(3, 2, 3, -0.5)}) {
    const MatrixXd law = subtree_law(tree, tree.height);  // every proper coloring has positive probability
    bool same = true;
    for (Eigen::Index x = 0; x < law.cols(); ++x) {
      const auto leaves = sentence_symbols(tree.q(), tree.leaves(), static_cast<std::size_t>(x));
      const std::uint64_t allowed = allowed_colors(tree.q(), tree.d, leaves).back().front();
      for (int c = 0; c < tree.q(); ++c) same = same && (law(c, x) > 0) == ((allowed >> c & 1) != 0);
    }
    CHECK(same);
  }
}

TEST_CASE("reference: coloring rates") {
  for (const Tree& tree : {symmetric_tree(2, 3, 3, -0.5), symmetric_tree(3, 2, 3, -0.5),
                           symmetric_tree(2, 2, 4, -1.0 / 3), symmetric_tree(4, 2, 2, -1)}) {
    const ColoringRates rates = coloring_rates(tree, true_law(tree));
    double p = 1;  // MATH.md §6, the frozen recursion
    for (int j = 0; j < tree.height; ++j) {
      double next = 0;
      for (int k = 0; k < tree.q(); ++k)
        next += std::pow(-1, k) * binomial(tree.q() - 1, k) * std::pow(1 - k * p / (tree.q() - 1), tree.d);
      p = next;
    }
    CHECK(rates.frozen_root == exactly(p));
    CHECK(rates.free_root == exactly(1 - p));
    for (double valid : rates.valid) CHECK(valid == exactly(1));

    const Law bounded = block_law(tree, 1, BlockMemory::root, LcaLaw::sampled);
    const ColoringRates broken = coloring_rates(tree, bounded);
    double inconsistent = 0;
    for (double rate : broken.first_inconsistency) inconsistent += rate;
    CHECK(inconsistent == exactly(1 - broken.valid.back()));
    CHECK(broken.valid[1] == exactly(1));
    CHECK(broken.frozen_root + broken.free_root == exactly(broken.valid.back()));
    // Grammatical = of positive probability under the true law.
    const Law truth = true_law(tree);
    double grammatical = 0;
    for (std::size_t x = 0; x < truth.size(); ++x) grammatical += truth[x] > 0 ? bounded[x] : 0;
    CHECK(broken.valid.back() == exactly(grammatical));
  }
}

TEST_CASE("reference: the chi-square test accepts its law and rejects a wrong one") {
  const Tree tree = symmetric_tree(2, 3, 3, -0.5);
  const Law truth = true_law(tree);
  // Fixed seed; p < 1e-4 would come once in 10^4 seeds.
  std::mt19937_64 random(1);
  const auto draw = [&](const Law& law, int samples) {
    std::discrete_distribution<std::size_t> sentence(law.begin(), law.end());
    std::vector<std::uint64_t> counts(law.size());
    while (samples-- > 0) ++counts[sentence(random)];
    return counts;
  };
  const std::vector<std::uint64_t> counts = draw(truth, 200000);
  CHECK(chi_square_p_value(truth, counts) > 1e-4);
  CHECK(chi_square_p_value(truth, draw(kgram_law(tree, 1), 200000)) == 0);  // an ungrammatical sentence
  const Law close = true_law(symmetric_tree(2, 3, 3, 0.60)), closer = true_law(symmetric_tree(2, 3, 3, 0.63));
  CHECK(chi_square_p_value(close, draw(close, 200000)) > 1e-4);
  CHECK(chi_square_p_value(close, draw(closer, 200000)) < 1e-4);
  // χ² = 4 with one degree of freedom; a pool of 5; a pool of 2 that joins the smaller of the others.
  CHECK(chi_square_p_value({0.5, 0.5}, {40, 60}) == Approx(0.0455002639).epsilon(1e-8));
  CHECK(chi_square_p_value({0.9, 0.05, 0.05}, {45, 3, 2}) == exactly(1));
  CHECK(chi_square_p_value({0.5, 0.48, 0.02}, {40, 55, 5}) == Approx(0.0455002639).epsilon(1e-8));
}

TEST_CASE("reference: the largest trees") {
  for (const Tree& tree : {ising, symmetric_tree(4, 2, 2, 0.6), symmetric_tree(3, 2, 3, 0.5)}) {
    const Law truth = true_law(tree);
    CHECK(difference(kgram_law(tree, tree.leaves() - 1), truth) < kTolerance);
    for (Encoding encoding : {Encoding::path, Encoding::segment})
      for (int m = 0; m <= tree.height; ++m) {
        const Law law = reasoning_law(tree, encoding, m);
        CHECK(total(law) == exactly(1));
        if (m == tree.height) CHECK(difference(law, truth) < kTolerance);
      }
  }
}

}  // namespace reference_test
