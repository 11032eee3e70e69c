#include "analysis/theory/exact.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "analysis/theory/block_law.h"
#include "analysis/theory/message_law.h"
#include "analysis/theory/message_population.h"
#include "analysis/theory/stretches.h"

namespace exact_test {

using namespace leafcast;
using namespace leafcast::analysis;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// ---- Cells

Parameters language(const std::string& kind, int d, int height, Parameters more) {
  more.merge(Parameters{{"language.kind", kind},
                        {"language.d", std::to_string(d)},
                        {"language.height", std::to_string(height)}});
  return more;
}
Parameters ising(int d, int height, const std::string& rho) {
  return language("ising", d, height, {{"language.rho", rho}});
}
Parameters coloring(int d, int height, int q) {
  return language("coloring", d, height, {{"language.q", std::to_string(q)}});
}

Cell cell(Parameters parameters, Parameters more) {
  parameters.merge(more);
  parameters.merge(Parameters{{"seed", "1"}, {"sampling.samples", "100"}});
  return Cell::make(parameters);
}
Parameters block(int w, const std::string& memory, const std::string& lca) {
  return {{"generator.kind", "block"},
          {"generator.context-depth", std::to_string(w)},
          {"generator.memory", memory},
          {"generator.lca", lca}};
}
Parameters reasoning(const std::string& encoding, int m) {
  return {{"generator.kind", "reasoning"},
          {"generator.encoding", encoding},
          {"generator.memory-depth", std::to_string(m)}};
}
Parameters kgram(std::int64_t k, const std::string& unit = "leaves") {
  return {{"generator.kind", "kgram"},
          {"generator.context", std::to_string(k)},
          {"generator.context-unit", unit}};
}
const Parameters truth = {{"generator.kind", "true"}};

ExactValue value(const Exact& exact, const std::string& statistic) {
  const auto found = exact(statistic);
  INFO(statistic);
  REQUIRE(found.has_value());
  return *found;
}
double value_of(const Parameters& parameters, const Parameters& generator, const std::string& statistic) {
  return value(Exact(cell(parameters, generator)), statistic).value;
}
std::string at(const std::string& statistic, int j) { return statistic + "@" + std::to_string(j); }

// ---- Enumeration: the law of all sentences of a small tree, from the definitions of MATH.md §1 and §2.

using Sentence = std::vector<int>;

struct Tree {
  int d, h;
  MatrixXd K;
  VectorXd nu;

  explicit Tree(const Cell& c)
      : d(c.language().d),
        h(c.language().height),
        K(c.language().channel().kernel()),
        nu(VectorXd::Ones(K.rows()) / K.rows()) {
    for (int i = 0; i < 10000; ++i) nu = K.transpose() * nu;
  }
  int q() const { return static_cast<int>(K.rows()); }
  int leaves(int height) const { return static_cast<int>(std::lround(std::pow(d, height))); }

  /// P(leaves | symbol of the root).
  VectorXd likelihood(const int* x, int height) const {
    if (height == 0) return VectorXd::Unit(q(), *x);
    VectorXd product = VectorXd::Ones(q());
    for (int child = 0; child < d; ++child)
      product = product.cwiseProduct(K * likelihood(x + child * leaves(height - 1), height - 1));
    return product;
  }
  VectorXd posterior(const VectorXd& likelihoods) const {
    const VectorXd p = nu.cwiseProduct(likelihoods);
    return p.sum() > 0 ? VectorXd(p / p.sum()) : p;
  }
  /// P(b | a), b and a nodes whose LCA is j levels above both: up by Bayes' rule, then down.
  MatrixXd across(int j) const {
    const MatrixXd up = (nu.asDiagonal() * K).transpose();
    MatrixXd T = MatrixXd::Identity(q(), q());
    for (int i = 0; i < j; ++i) T *= nu.cwiseInverse().asDiagonal() * up;
    for (int i = 0; i < j; ++i) T *= K;
    return T;
  }
};

enum class Remembers { root, leaves, children };

/// (a, b) = P(leaves of a block, b handed on | its root is a).
MatrixXd block_matrix(const Tree& tree, const int* x, int w, Remembers remembers) {
  const VectorXd given_root = tree.likelihood(x, w);
  if (remembers == Remembers::root || w == 0) return given_root.asDiagonal();
  if (remembers == Remembers::leaves) return given_root * tree.posterior(given_root).transpose();
  // Over the symbols of the root's children.
  MatrixXd sum = MatrixXd::Zero(tree.q(), tree.q());
  Sentence children(tree.d, 0);
  for (;;) {
    VectorXd colored = VectorXd::Ones(tree.q());
    double below = 1;
    for (int i = 0; i < tree.d; ++i) {
      colored = colored.cwiseProduct(tree.K.col(children[i]));
      below *= tree.likelihood(x + i * tree.leaves(w - 1), w - 1)[children[i]];
    }
    sum += below * colored * tree.posterior(colored).transpose();
    int i = 0;
    while (i < tree.d && ++children[i] == tree.q()) children[i++] = 0;
    if (i == tree.d) return sum;
  }
}

MatrixXd joint(const Tree& tree, const std::string& lca, int w, int blocks_before) {
  const int B = tree.h - w;
  if (lca == "fixed") {
    int j = 1;
    for (; blocks_before % tree.d == 0; blocks_before /= tree.d) ++j;
    return tree.across(j);
  }
  MatrixXd T = MatrixXd::Zero(tree.q(), tree.q());
  for (int j = 1; j <= B; ++j)
    T += (tree.d - 1) * std::pow(tree.d, B - j) / (std::pow(tree.d, B) - (lca == "sampled" ? 1 : 0)) *
         tree.across(j);
  if (lca == "sampled-reset") T += std::pow(tree.d, -B) * VectorXd::Ones(tree.q()) * tree.nu.transpose();
  return T;
}

using Law = std::function<double(const Sentence&)>;

Law block_law(const Tree& tree, int w, Remembers remembers, const std::string& lca) {
  std::vector<MatrixXd> joints;
  for (int r = 1; r < tree.leaves(tree.h - w); ++r) joints.push_back(joint(tree, lca, w, r));
  return [=, &tree](const Sentence& x) {
    Eigen::RowVectorXd state = tree.nu.transpose() * block_matrix(tree, &x[0], w, remembers);
    for (int r = 1; r < tree.leaves(tree.h - w); ++r)
      state = (state * joints[r - 1] * block_matrix(tree, &x[r * tree.leaves(w)], w, remembers)).eval();
    return state.sum();
  };
}

/// Each leaf from the true law given the window; marginals by summing over what is not seen.
Law kgram_law(const Tree& tree, int k, bool tokens) {
  const auto marginal = [&tree](const Sentence& x, int first, int last) {
    std::function<VectorXd(int, int)> up = [&](int start, int height) -> VectorXd {
      if (height == 0) {
        if (start >= first && start < last) return VectorXd::Unit(tree.q(), x[start]);
        return VectorXd::Ones(tree.q());
      }
      VectorXd product = VectorXd::Ones(tree.q());
      for (int child = 0; child < tree.d; ++child)
        product = product.cwiseProduct(tree.K * up(start + child * tree.leaves(height - 1), height - 1));
      return product;
    };
    return tree.nu.dot(up(0, tree.h));
  };
  return [=, &tree](const Sentence& x) {
    double p = 1;
    for (int i = 0; i < static_cast<int>(x.size()) && p > 0; ++i) {
      int first = i;
      for (int left = k; left > 0 && first > 0; --left) {
        if (tokens && first % tree.d == 0 && --left == 0) break;  // the mark before leaf `first`
        --first;
      }
      p *= marginal(x, first, i + 1) / marginal(x, first, i);
    }
    return p;
  };
}

/// Whether some proper coloring has this color at the top and these leaves.
bool colorable(const Tree& tree, const int* x, int height, int color) {
  if (height == 0) return *x == color;
  for (int child = 0; child < tree.d; ++child) {
    bool fits = false;
    for (int c = 0; c < tree.q(); ++c)
      fits = fits || (c != color && colorable(tree, x + child * tree.leaves(height - 1), height - 1, c));
    if (!fits) return false;
  }
  return true;
}
int colors(const Tree& tree, const int* x, int height) {
  int number = 0;
  for (int c = 0; c < tree.q(); ++c) number += colorable(tree, x, height, c);
  return number;
}

/// All statistics of a law by their definition (MATH.md §4).
std::map<std::string, double> statistics(const Tree& tree, const Law& law, int symbol, bool constrained) {
  const int h = tree.h, n = tree.leaves(h);
  std::vector<std::array<double, 5>> moments(h + 1, {0, 0, 0, 0, 0});
  std::vector<double> products(h + 1, 0.0), valid(h + 1, 0.0), lowest(h + 1, 0.0);
  double frozen = 0, free = 0, total = 0;
  Sentence x(n, 0);
  for (bool more = true; more;) {
    const double p = law(x);
    if (p > 0) {
      total += p;
      const auto s = [&](int i) { return tree.q() * (x[i] == symbol) - 1; };
      for (int j = 0; j <= h; ++j)
        for (int first = 0; first < n; first += tree.leaves(j)) {
          double sum = 0, power = p * tree.leaves(j) / n;
          for (int i = first; i < first + tree.leaves(j); ++i) sum += s(i);
          for (double& moment : moments[j]) {
            moment += power;
            power *= sum;
          }
        }
      for (int i = 0; i < n; ++i)
        for (int k = 0; k < i; ++k) {
          int j = 0;
          while (i / tree.leaves(j) != k / tree.leaves(j)) ++j;
          products[j] += p * s(i) * s(k) / (n * (tree.leaves(j) - tree.leaves(j - 1)) / 2.0);
        }
      if (constrained) {
        int lowest_invalid = -1;
        for (int j = 0; j <= h; ++j)
          for (int first = 0; first < n; first += tree.leaves(j)) {
            const bool ok = colors(tree, &x[first], j) > 0;
            valid[j] += p * ok * tree.leaves(j) / n;
            if (!ok && lowest_invalid < 0) lowest_invalid = j;
          }
        if (lowest_invalid >= 0) lowest[lowest_invalid] += p;
        frozen += p * (colors(tree, &x[0], h) == 1);
        free += p * (colors(tree, &x[0], h) >= 2);
      }
    }
    int i = 0;
    while (i < n && ++x[i] == tree.q()) x[i++] = 0;
    more = i < n;
  }
  REQUIRE(total == Approx(1).epsilon(1e-12));

  std::map<std::string, double> all;
  const double mean = moments[0][1], variance = moments[0][2] - mean * mean;
  for (int j = 0; j <= h; ++j) {
    const auto& [m0, m1, m2, m3, m4] = moments[j];
    const double c2 = m2 - m1 * m1, c3 = m3 - 3 * m1 * m2 + 2 * m1 * m1 * m1,
                 c4 = m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 * m1 * m1 * m1;
    all[at("variance", j)] = c2 / tree.leaves(j);
    all[at("skewness", j)] = c3 / std::pow(c2, 1.5);
    all[at("excess_kurtosis", j)] = c4 / (c2 * c2) - 3;
    all[at("binder", j)] = 1 - c4 / (3 * c2 * c2);
    if (j > 0) all[at("correlation", j)] = (products[j] - mean * mean) / variance;
    if (constrained) {
      all[at("valid_rate", j)] = valid[j];
      all[at("inconsistency_rate", j)] = lowest[j];
    }
  }
  for (const char* name : {"variance", "skewness", "excess_kurtosis", "binder"}) all[name] = all[at(name, h)];
  if (constrained) {
    all["valid_rate"] = valid[h];
    all["frozen_rate"] = frozen;
    all["free_rate"] = free;
  }
  return all;
}

enum class Expect { everything, what_is_given };

/// The exact values of a cell against enumeration, to 1e-10. Returns how many were compared.
int compare(const Cell& c, const Law& law, const Tree& tree, Expect expect = Expect::everything) {
  const Exact exact(c);
  int compared = 0;
  for (const auto& [statistic, enumerated] :
       statistics(tree, law, c.observe().symbol, c.language().constrained)) {
    INFO(c.label() << ", " << statistic);
    const auto found = exact(statistic);
    if (expect == Expect::everything) CHECK(found.has_value());
    if (!found) continue;
    ++compared;
    CHECK(found->error == 0);
    CHECK(found->value == Approx(enumerated).epsilon(1e-10).margin(1e-10));
  }
  return compared;
}

const std::vector<Parameters>& small_languages() {
  static const std::vector<Parameters> list = {
      ising(2, 3, "0.7"),
      ising(3, 2, "0.9"),
      coloring(2, 2, 3),
      coloring(2, 3, 2),
      language("potts", 2, 2, {{"language.q", "4"}, {"language.lambda", "0.4"}, {"observe.symbol", "2"}}),
      language("kernel", 2, 2,
               {{"language.matrix", "0.7 0.1 0.2; 0.15 0.25 0.6; 0.3 0.3 0.4"}, {"observe.symbol", "1"}}),
      language("kernel", 2, 3, {{"language.matrix", "0.9 0.1; 0.4 0.6"}}),
  };
  return list;
}

}  // namespace

TEST_CASE("true sentences: every statistic agrees with enumeration") {
  for (const Parameters& parameters : small_languages()) {
    const Cell c = cell(parameters, truth);
    const Tree tree(c);
    compare(
        c, [&](const Sentence& x) { return tree.nu.dot(tree.likelihood(&x[0], tree.h)); }, tree);
  }
}

TEST_CASE(
    "block generators: every statistic agrees with enumeration, for both memories, all LCA laws and depths") {
  for (const Parameters& parameters : small_languages())
    for (int w = 0; w <= std::stoi(parameters.at("language.height")); ++w)
      for (const std::string memory : {"root", "leaves"})
        for (const std::string lca : {"sampled", "sampled-reset", "fixed"}) {
          const Cell c = cell(parameters, block(w, memory, lca));
          const Tree tree(c);
          compare(c, block_law(tree, w, memory == "root" ? Remembers::root : Remembers::leaves, lca), tree);
        }
}

TEST_CASE("coloring with invalid sentences: every statistic agrees with enumeration") {
  const Parameters parameters = coloring(3, 2, 3);
  for (const auto& [w, memory, lca] :
       {std::tuple{0, "root", "sampled"}, {1, "root", "fixed"}, {1, "leaves", "sampled-reset"}}) {
    const Cell c = cell(parameters, block(w, memory, lca));
    CHECK(value(Exact(c), "valid_rate").value < 0.99);
    const Tree tree(c);
    compare(c, block_law(tree, w, memory == std::string("root") ? Remembers::root : Remembers::leaves, lca),
            tree);
  }
}

TEST_CASE("the enumeration tells the variants of block generators apart") {
  // What keeps the test above from passing for any formula: neighbouring variants differ by far more than
  // 1e-10.
  const Parameters parameters = coloring(3, 3, 3);
  for (const std::string statistic : {"variance", "excess_kurtosis", "valid_rate", "frozen_rate"}) {
    std::vector<double> values;
    for (const std::string memory : {"root", "leaves"})
      for (const std::string lca : {"sampled", "sampled-reset", "fixed"})
        values.push_back(value_of(parameters, block(1, memory, lca), statistic));
    std::sort(values.begin(), values.end());
    for (std::size_t i = 1; i < values.size(); ++i) CHECK(values[i] - values[i - 1] > 1e-6);
  }
}

TEST_CASE("reasoning writers agree with enumeration") {
  for (const Parameters& parameters : small_languages())
    for (int m = 0; m <= std::stoi(parameters.at("language.height")); ++m) {
      const Cell path = cell(parameters, reasoning("path", m)),
                 segment = cell(parameters, reasoning("segment", m));
      const Tree tree(path);
      compare(path, block_law(tree, m, Remembers::root, "sampled"), tree);
      compare(segment, block_law(tree, m, m == tree.h ? Remembers::root : Remembers::children, "sampled"),
              tree);
    }
}

TEST_CASE("k-grams agree with enumeration wherever theory says something") {
  for (const Parameters& parameters : small_languages()) {
    const Tree tree(cell(parameters, truth));
    const int n = tree.leaves(tree.h);
    for (const bool tokens : {false, true})
      for (int k = 0; k <= n + n / tree.d; ++k) {
        const Cell c = cell(parameters, kgram(k, tokens ? "tokens" : "leaves"));
        const bool whole = k >= n - 1 + (tokens ? n / tree.d - 1 : 0), chain = k <= 1;
        const int compared = compare(c, kgram_law(tree, k, tokens), tree,
                                     whole || chain ? Expect::everything : Expect::what_is_given);
        CHECK(compared > 0);  // single leaves at least
        const bool binary_tokens = tokens && k == 2 && tree.d == 2;
        CHECK(Exact(c)("variance").has_value() == (whole || chain || binary_tokens));
      }
  }
}

TEST_CASE("a k-gram has the true law on subtrees that its window covers, and on no larger ones") {
  const Parameters parameters = ising(3, 4, "0.9");
  const Exact exact(cell(parameters, kgram(26)));
  CHECK(value(exact, "variance@3").value == value_of(parameters, truth, "variance@3"));
  CHECK_FALSE(exact("variance@4"));
  CHECK_FALSE(exact("variance"));
  CHECK_FALSE(exact("excess_kurtosis"));
  CHECK(value(exact, "skewness").value == 0);  // by symmetry, whatever the window
  CHECK_FALSE(Exact(cell(parameters, kgram(25)))("variance@3"));
  // In tokens, the 8 marks inside a subtree of height 3 take room as well.
  CHECK(Exact(cell(parameters, kgram(34, "tokens")))("variance@3"));
  CHECK_FALSE(Exact(cell(parameters, kgram(33, "tokens")))("variance@3"));
}

TEST_CASE("Ising: the values of MATH.md §6") {
  const Parameters parameters = ising(3, 8, "0.9");
  CHECK(value_of(parameters, truth, "variance") == Approx(1377.1691).margin(5e-5));
  CHECK(value_of(parameters, truth, "excess_kurtosis") == Approx(-1.72381).margin(5e-6));

  // Var/n = V_w + 2 (dρ²)^w Σ_{t=1}^{N−1} (1 − t/N) c^t q_w^{t−1}; with N blocks and root memory q_w = 1.
  const double listed_c[] = {0.739705, 0.739649, 0.739439, 0.738665, 0.735795, 0.725166, 0.6858, 0.54, 0};
  for (int w = 0; w <= 8; ++w) {
    const double c = listed_c[w], N = std::pow(3, 8 - w);
    double sum = 0;
    for (int t = 1; t < N; ++t) sum += (1 - t / N) * std::pow(c, t);
    const double expected = value_of(parameters, truth, at("variance", w)) + 2 * std::pow(2.43, w) * sum;
    CHECK(value_of(parameters, block(w, "root", "sampled-reset"), "variance") ==
          Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("Ising with leaf memory: the variance of MATH.md §6, with q_1 summed over the number of + leaves") {
  const double rho = 0.9;
  double q1 = 0;  // E[M²], M = P(+ | leaves) − P(− | leaves), blocks of three leaves
  for (int plus = 0; plus <= 3; ++plus) {
    const double binomial = plus % 3 == 0 ? 1 : 3, up = (1 + rho) / 2, down = (1 - rho) / 2;
    const double given_plus = binomial * std::pow(up, plus) * std::pow(down, 3 - plus);
    const double given_minus = binomial * std::pow(down, plus) * std::pow(up, 3 - plus);
    q1 += (given_plus - given_minus) * (given_plus - given_minus) / (given_plus + given_minus) / 2;
  }
  double c = 0;
  for (int j = 1; j <= 7; ++j) c += 2 * std::pow(3, 7 - j) / (std::pow(3, 7) - 1) * std::pow(rho, 2 * j);
  const double N = std::pow(3, 7);
  double sum = 0;
  for (int t = 1; t < N; ++t) sum += (1 - t / N) * std::pow(c, t) * std::pow(q1, t - 1);
  const double expected = 1 + 2.0 / 3 * 2.43 + 2 * 2.43 * sum;
  CHECK(value_of(ising(3, 8, "0.9"), block(1, "leaves", "sampled"), "variance") ==
        Approx(expected).epsilon(1e-12));
}

TEST_CASE("Theorem 3.1: log(Var/n) − w log(dρ²) tends to the constant of MATH.md §6") {
  const double d = 3, rho2 = 0.81, growth = d * rho2;
  const double c = (d - 1) * rho2 / (d - rho2);
  const double constant = std::log((1 - 1 / d) * growth / (growth - 1) + 2 * c / (1 - c));
  CHECK(std::log(value_of(ising(3, 36, "0.9"), block(18, "root", "sampled"), "variance")) -
            18 * std::log(growth) ==
        Approx(constant).margin(1e-6));
  CHECK(std::log(value_of(ising(3, 36, "0.9"), block(4, "root", "sampled"), "variance")) -
            4 * std::log(growth) !=
        Approx(constant).margin(1e-4));  // w is too small
}

TEST_CASE("Theorem 3.2: the excess kurtosis decays like the inverse number of blocks") {
  for (const std::string memory : {"root", "leaves"}) {
    const double near = value_of(ising(3, 12, "0.9"), block(3, memory, "sampled"), "excess_kurtosis");
    const double far = value_of(ising(3, 14, "0.9"), block(3, memory, "sampled"), "excess_kurtosis");
    CHECK(near < -1e-5);
    CHECK(near / far == Approx(9).epsilon(1e-2));
  }
}

TEST_CASE("long sentences lose no accuracy") {
  // n = 2^60. Var/n = 1 + ½ Σ (2ρ²)^j, also below the Kesten–Stigum threshold, where S is normal.
  for (const std::string rho : {"0.5", "0.9"}) {
    double expected = 1;
    for (int j = 1; j <= 60; ++j) expected += 0.5 * std::pow(2 * std::stod(rho) * std::stod(rho), j);
    const Exact exact(cell(ising(2, 60, rho), truth));
    CHECK(value(exact, "variance").value == Approx(expected).epsilon(1e-12));
    if (rho == "0.5") CHECK(value(exact, "excess_kurtosis").value == Approx(0).margin(1e-12));
    // Blocks of height 3, the limit of N → ∞: V_3 + 2 (2ρ²)^3 c/(1−c), c = ρ²/(2−ρ²).
    const double rho2 = std::stod(rho) * std::stod(rho), c = rho2 / (2 - rho2);
    const double v3 = 1 + 0.5 * (2 * rho2 + std::pow(2 * rho2, 2) + std::pow(2 * rho2, 3));
    const Exact blocks(cell(ising(2, 60, rho), block(3, "root", "sampled")));
    CHECK(value(blocks, "variance").value ==
          Approx(v3 + 2 * std::pow(2 * rho2, 3) * c / (1 - c)).epsilon(1e-12));
    CHECK(value(blocks, "excess_kurtosis").value == Approx(0).margin(1e-12));
  }
  // A general kernel equal to a symmetric channel must say the same by its longer way.
  const Parameters kernel =
      language("kernel", 2, 60, {{"language.matrix", "0.6 0.2 0.2; 0.2 0.6 0.2; 0.2 0.2 0.6"}});
  const Parameters potts = language("potts", 2, 60, {{"language.q", "3"}, {"language.lambda", "0.4"}});
  for (const Parameters& generator :
       {truth, block(2, "root", "fixed"), block(3, "leaves", "sampled"), reasoning("segment", 4)})
    for (const std::string statistic : {"variance", "excess_kurtosis", "skewness@9", "correlation@7"})
      CHECK(value_of(kernel, generator, statistic) ==
            Approx(value_of(potts, generator, statistic)).epsilon(1e-9).margin(1e-9));
}

TEST_CASE("coloring: frozen roots of the true language, and their limits") {
  const auto frozen = [](int q, int d, int h) { return value_of(coloring(d, h, q), truth, "frozen_rate"); };
  CHECK(frozen(3, 5, 20) == Approx(0.8988).margin(5e-5));
  CHECK(frozen(4, 9, 18) == Approx(0.8550).margin(5e-5));
  CHECK(frozen(5, 14, 15) == Approx(0.8765).margin(5e-5));
  CHECK(frozen(3, 4, 30) < 0.001);  // the authors' (4,3) decays

  // p_{h+1} = Σ_j (−1)^j C(q−1, j) (1 − j p_h/(q−1))^d, p_0 = 1
  double p = 1;
  for (int h = 1; h <= 6; ++h) {
    p = 1 - 3 * std::pow(1 - p / 3, 6) + 3 * std::pow(1 - 2 * p / 3, 6) - std::pow(1 - p, 6);
    CHECK(frozen(4, 6, h) == Approx(p).epsilon(1e-12).margin(1e-14));
    CHECK(value_of(coloring(6, h, 4), truth, "free_rate") == Approx(1 - p).epsilon(1e-12));
  }
}

TEST_CASE("coloring: valid rates far below what sampling can see are exact") {
  // k = 0 writes independent leaves, so the allowed set of a node depends on its children's alone: with 3
  // colors, P(frozen in a given color) = f, P(two or three allowed) = g of a child give those of its parent
  // by counting which colors d independent children remove.
  const int d = 4, h = 5;
  double f = 1.0 / 3, g = 0;
  for (int j = 0; j < h; ++j) {
    const double none = std::pow(g, d);
    double one = 0, two = 0;  // removed: just color 1; just 1 and 2
    for (int k = 1; k <= d; ++k) {
      const double ways = std::tgamma(d + 1) / std::tgamma(k + 1) / std::tgamma(d - k + 1) * std::pow(f, k) *
                          std::pow(g, d - k);
      one += ways;
      two += ways * (std::pow(2, k) - 2);
    }
    f = two;
    g = none + 3 * one;
  }
  const double valid = 3 * f + g;
  CHECK(valid > 0);
  CHECK(valid < 1e-50);
  const Exact exact(cell(coloring(d, h, 3), kgram(0)));
  CHECK(value(exact, "valid_rate").value / valid == Approx(1).epsilon(1e-9));
  CHECK(value(exact, "frozen_rate").value / (3 * f) == Approx(1).epsilon(1e-9));
  CHECK(value(exact, "free_rate").value / g == Approx(1).epsilon(1e-9));
}

TEST_CASE("coloring (4,3), h = 6: leaf memory is near the rates seen by simulation") {
  CHECK(value_of(coloring(4, 6, 3), block(3, "leaves", "sampled"), "valid_rate") ==
        Approx(0.02).margin(0.005));
  CHECK(value_of(coloring(4, 6, 3), block(6, "leaves", "sampled"), "valid_rate") == 1);
  // Root memory, whose valid rate is near: 0.02, 0.49, 0.90.
  CHECK(value_of(coloring(4, 6, 3), block(3, "root", "sampled"), "valid_rate") == Approx(0.02).margin(0.005));
  CHECK(value_of(coloring(4, 6, 3), block(4, "root", "sampled"), "valid_rate") == Approx(0.49).margin(0.02));
  CHECK(value_of(coloring(4, 6, 3), block(5, "root", "sampled"), "valid_rate") == Approx(0.90).margin(0.01));
}

TEST_CASE("coloring: sets of colors are followed up to 8 colors, and rates are given for no more") {
  CHECK(Exact(cell(coloring(3, 4, 8), block(2, "root", "sampled")))("valid_rate"));
  CHECK_FALSE(Exact(cell(coloring(3, 4, 9), block(2, "root", "sampled")))("valid_rate"));
  CHECK(Exact(cell(coloring(3, 4, 9), block(2, "root", "sampled")))("variance"));
  CHECK_FALSE(
      Exact(cell(ising(3, 4, "0.9"), block(2, "root", "sampled")))("valid_rate"));  // nothing is invalid
}

TEST_CASE("a block that knows its root's children: the law that only they are left agrees at height 1") {
  // Known by its leaves or by its children, a block of height 1 is the same.
  for (const auto& [d, q] : {std::pair{4, 3}, {3, 5}}) {
    const Exact leaves(cell(coloring(d, 3, q), block(1, "leaves", "sampled")));
    const Exact children(cell(coloring(d, 3, q), reasoning("segment", 1)));
    for (const std::string statistic :
         {"variance", "excess_kurtosis", "valid_rate", "frozen_rate", "inconsistency_rate@2"})
      CHECK(value(children, statistic).value ==
            Approx(value(leaves, statistic).value).epsilon(1e-11).margin(1e-13));
  }
}

TEST_CASE("rounding the law of messages costs little, and its error says how much") {
  // Blocks of 3^5 leaves: 2.7e11 atoms. Against belief propagation on sampled subtrees, E[M²].
  std::mt19937_64 random(1);
  const double rho = 0.9;
  const auto coin = [&](double p) { return static_cast<double>(random() >> 11) * 0x1p-53 < p; };
  std::function<double(int, int)> magnetization = [&](int height, int symbol) -> double {
    if (height == 0) return symbol;
    double plus = 1, minus = 1;
    for (int child = 0; child < 3; ++child) {
      const double m = rho * magnetization(height - 1, coin((1 + rho) / 2) ? symbol : -symbol);
      plus *= 1 + m;
      minus *= 1 - m;
    }
    return (plus - minus) / (plus + minus);
  };
  const int trees = 40000;
  double sum = 0, squares = 0;
  for (int i = 0; i < trees; ++i) {
    const double m = magnetization(5, 1);
    sum += m * m;
    squares += m * m * m * m;
  }
  const double sampled = sum / trees, error = std::sqrt((squares / trees - sampled * sampled) / trees);

  const auto& law = BlocksKnownByPosterior::shared(Channel::symmetric(2, rho), 0, 3, 0).at(5);
  const auto kept = [](const BlockLaw& block) { return block.passage(0, 0) - block.passage(1, 0); };
  CHECK(std::abs(kept(law->value) - sampled) < 5 * error);  // false alarms: 6e-7
  CHECK(error < 2e-3);
  // Computed with 4095 bins: 0.963246736.
  CHECK(std::abs(kept(law->value) - 0.963246736) < std::abs(kept(law->value) - kept(law->others.at(0))));
  CHECK(std::abs(kept(law->value) - 0.963246736) < 1e-6);
  CHECK(std::abs(kept(law->value) - 0.963821) > 100 * std::abs(kept(law->value) - 0.963246736));  // q_3
}

TEST_CASE("population dynamics agrees with enumeration within its error, and only with its own language") {
  // Passage of blocks of height 3, from populations started at height 0. A twin with another law must fail.
  const MatrixXd kernel{{0.7, 0.1, 0.2}, {0.15, 0.25, 0.6}, {0.3, 0.3, 0.4}},
      twin{{0.7, 0.1, 0.2}, {0.1, 0.3, 0.6}, {0.3, 0.3, 0.4}};
  struct Case {
    Channel channel, other;
  };
  for (const Case& c : {Case{Channel::symmetric(3, 0.6), Channel::symmetric(3, 0.61)},
                        Case{Channel::symmetric(3, -0.5), Channel::symmetric(3, -0.49)},
                        Case{Channel::general(kernel), Channel::general(twin)}}) {
    const int d = 2, w = 3, replicas = 16;
    const auto enumerated = BlocksKnownByPosterior(c.channel, 0, d, 0).at(w);
    REQUIRE(enumerated->others.empty());
    const ObservedSymbol observed(c.channel, 0);
    const auto worst = [&](const Channel& channel) {
      const MessageLaw leaves =
          channel.is_symmetric() ? MessageLaw::up_to_permutation(channel.kernel(), d)
                                 : MessageLaw::with_moments(channel.kernel(), channel.stationary(), d,
                                                            std::vector<SumMoments>(3, {1, 0, 0, 0, 0}), 0);
      Eigen::ArrayXXd sum = Eigen::ArrayXXd::Zero(observed.states(), observed.states()), squares = sum;
      for (int i = 0; i < replicas; ++i) {
        MessagePopulation population(channel, d, leaves, static_cast<std::uint64_t>(i));
        MatrixXd passage;
        for (int j = 0; j < w; ++j) passage = population.climb();
        sum += observed.lump(passage).array();
        squares += observed.lump(passage).array().square();
      }
      const Eigen::ArrayXXd mean = sum / replicas,
                            error = ((squares / replicas - mean.square()) / (replicas - 1)).sqrt();
      return ((mean - enumerated->value.passage.array()).abs() / error).maxCoeff();
    };
    CHECK(worst(c.channel) < 6);  // Student's t with 15 degrees of freedom: false alarms below 3e-5 an entry
    CHECK(worst(c.other) > 6);
  }
}

TEST_CASE("leaf memory beyond enumeration: values with an error, the same on every call") {
  const Cell c = cell(coloring(4, 8, 3), block(5, "leaves", "sampled"));
  const ExactValue first = value(Exact(c), "variance"), again = value(Exact(c), "variance");
  CHECK(first.error > 0);
  CHECK(first.error < 1e-3 * first.value);
  CHECK(again.value == first.value);
  CHECK(again.error == first.error);
  // A fresh computation, with nothing shared, and asked in another order.
  BlocksKnownByPosterior fresh(c.language().channel(), 0, 4, 0);
  const MatrixXd at_once = fresh.at(5)->value.passage;
  BlocksKnownByPosterior stepwise(c.language().channel(), 0, 4, 0);
  for (int w = 0; w < 5; ++w) stepwise.at(w);
  CHECK(stepwise.at(5)->value.passage == at_once);
  // Less is remembered than with the root, so less correlation survives.
  CHECK(first.value + 5 * first.error < value_of(coloring(4, 8, 3), block(5, "root", "sampled"), "variance"));
}

TEST_CASE("leaf memory at great heights: a law of messages keeps its mass and its moments") {
  const Channel channel = Channel::symmetric(2, 0.8);
  const auto& law = BlocksKnownByPosterior::shared(channel, 0, 2, 0).at(50);
  const ObservedSymbol observed(channel, 0);
  CHECK(law->value.passage.rowwise().sum().isApproxToConstant(1, 1e-12));
  const SumMoments moments = sum_moments(*law->value.moments, observed.stationary());
  const std::vector<SumMoments> given_root = observed.subtree_moments(2, 50).back();
  for (int r : {2, 4}) CHECK(moments[r] == Approx((given_root[0][r] + given_root[1][r]) / 2).epsilon(1e-12));
}

TEST_CASE("the error of population dynamics is that of the mean of its replicas") {
  const auto& law = BlocksKnownByPosterior::shared(Channel::symmetric(3, -0.5), 0, 4, 0).at(5);
  const double mean = law->value.passage(0, 0), replicas = static_cast<double>(law->others.size());
  double squares = 0;
  for (const BlockLaw& replica : law->others) squares += std::pow(replica.passage(0, 0) - mean, 2);
  const double error = std::sqrt(squares / (replicas - 1) / replicas);
  CHECK(replicas >= 16);
  CHECK(error > 0);
  CHECK(law->scale * std::sqrt(squares) == Approx(error).epsilon(1e-12));
}

TEST_CASE("memory bits of reasoning writers") {
  const Parameters parameters = coloring(4, 6, 3);  // 2 bits a symbol, 2 bits a sibling index
  CHECK(value_of(parameters, reasoning("path", 6), "memory_bits") == 24);
  CHECK(value_of(parameters, reasoning("path", 2), "memory_bits") == 8);
  CHECK(value_of(parameters, reasoning("path", 0), "memory_bits") == 2);
  CHECK(value_of(parameters, reasoning("segment", 6), "memory_bits") == 6 * 3 * 2 + 6 * 2);
  CHECK(value_of(parameters, reasoning("segment", 2), "memory_bits") == (2 * 3 + 1) * 2 + 2 * 2);
  CHECK(value_of(parameters, reasoning("segment", 0), "memory_bits") == 2);
  CHECK_FALSE(Exact(cell(parameters, block(2, "root", "sampled")))("memory_bits"));
}

TEST_CASE("nothing is said of what theory does not give") {
  const Exact exact(cell(ising(3, 4, "0.9"), truth));
  for (const std::string statistic :
       {"", "variance@5", "variance@-1", "variance@", "correlation", "correlation@0", "kl_divergence",
        "cross_entropy", "valid_rate", "memory_bits"})
    CHECK_FALSE(exact(statistic));
  CHECK(exact("variance@4"));
  // A sum that never varies has no shape: this kernel never leaves symbol 0.
  const Exact constant(cell(language("kernel", 2, 3, {{"language.matrix", "1 0; 1 0"}}), truth));
  CHECK(value(constant, "variance").value == 0);
  CHECK_FALSE(constant("excess_kurtosis"));
  CHECK_FALSE(constant("correlation@1"));
}

}  // namespace exact_test
