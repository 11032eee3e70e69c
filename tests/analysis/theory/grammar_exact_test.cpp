#include "analysis/theory/grammar_exact.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/pair_correlation.h"
#include "analysis/theory/grammar_correlation.h"
#include "analysis/theory/grammar_entropy.h"
#include "analysis/theory/grammar_values.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/language/grammar_laws.h"
#include "tests/reference/grammar.h"

namespace grammar_exact_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

const std::vector<Grammar>& small_grammars() {
  static const std::vector<Grammar> all = {
      Grammar::random({3, 2, 2, 3, 3, 5}), Grammar::random({3, 3, 2, 3, 2, 1, 0.7, 2}),
      Grammar::random({3, 4, 3, 2, 3, 5}),
      Grammar::from_text("symbols 3;children 2;height 3;root 0.3 0.1 0.6;level 3;0 -> 0 1 : 0.2;0 -> 2 2 : "
                         "0.8;1 -> 1 1;2 -> 0 0;"
                         "level 2;0 -> 0 0;0 -> 1 2;0 -> 2 2;1 -> 1 0;2 -> 0 2 : 0.9;2 -> 1 1 : 0.1;level "
                         "1;0 -> 2 1;1 -> 0 0 : "
                         "0.125;1 -> 0 1 : 0.875;2 -> 1 1;2 -> 2 0")};
  return all;
}

int leaves_of(const Grammar& grammar) {
  return static_cast<int>(std::lround(std::pow(grammar.children(), grammar.height())));
}

/// Calls use(symbols, probability) for every sentence.
template <class Use>
void each_sentence(const Grammar& grammar, Use use) {
  const reference::Law law = reference::true_law(grammar);
  for (std::size_t index = 0; index < law.size(); ++index)
    if (law[index] > 0)
      use(reference::sentence_symbols(grammar.symbols(), leaves_of(grammar), index), law[index]);
}

Cell cell_of(int v, int m, int s, int levels, const Parameters& more) {
  Parameters all = {{"language.kind", "rhm"},
                    {"language.v", std::to_string(v)},
                    {"language.m", std::to_string(m)},
                    {"language.s", std::to_string(s)},
                    {"language.L", std::to_string(levels)}};
  for (const auto& [key, value] : more) all[key] = value;
  return Cell::make(all);
}

}  // namespace

TEST_CASE("correlations by transfer matrices are those of the enumeration") {
  for (const Grammar& grammar : small_grammars()) {
    const GrammarLaws laws(grammar);
    const int v = grammar.symbols(), s = grammar.children(), n = leaves_of(grammar);
    std::map<int, std::pair<double, int>> squares;  // by LCA height
    for (int i = 0; i < n; ++i)
      for (int j = i + 1; j < n; ++j) {
        Eigen::MatrixXd joint = Eigen::MatrixXd::Zero(v, v);
        each_sentence(grammar, [&](const std::vector<int>& x, double p) {
          joint(x[static_cast<std::size_t>(i)], x[static_cast<std::size_t>(j)]) += p;
        });
        const double square = (joint - joint.rowwise().sum() * joint.colwise().sum()).squaredNorm() /
                              static_cast<double>(v * v);
        CHECK(token_correlation(grammar, laws, i, j) == Approx(std::sqrt(square)).margin(1e-13));
        auto& [sum, count] = squares[reference::lca_height(s, i, j)];
        sum += square;
        ++count;
      }
    for (const auto& [height, sum] : squares)
      CHECK(token_correlation_of_height(grammar, laws, height).value() ==
            Approx(std::sqrt(sum.first / sum.second)).margin(1e-13));
    // The nearest tuple of LCA height 2, over the tuples that the grammar knows.
    std::map<std::vector<int>, Eigen::VectorXd> joint;
    Eigen::VectorXd last = Eigen::VectorXd::Zero(v);
    each_sentence(grammar, [&](const std::vector<int>& x, double p) {
      auto& row = joint.try_emplace({x.end() - 2 * s, x.end() - s}, Eigen::VectorXd::Zero(v)).first->second;
      row[x.back()] += p;
      last[x.back()] += p;
    });
    double square = 0;
    for (const auto& [tuple, row] : joint) square += (row - row.sum() * last).squaredNorm();
    CHECK(tuple_correlation(grammar, laws, 2) ==
          Approx(std::sqrt(square / (grammar.rules(1).rules() * v))).margin(1e-13));
  }
}

TEST_CASE("what contexts tell of the next leaf is that of the enumeration, for every context and position") {
  for (const Grammar& grammar : small_grammars()) {
    const GrammarLaws laws(grammar);
    const int n = leaves_of(grammar);
    for (int i = 0; i < n; ++i)
      for (int k = 0; k <= i; ++k) {
        std::map<std::vector<int>, std::map<int, double>> next;
        each_sentence(grammar, [&](const std::vector<int>& x, double p) {
          next[{x.begin() + i - k, x.begin() + i}][x[static_cast<std::size_t>(i)]] += p;
        });
        double entropy = 0, log_compatible = 0, compatible = 0;
        for (const auto& [context, law] : next) {
          double total = 0;
          for (const auto& [symbol, p] : law) total += p;
          for (const auto& [symbol, p] : law) entropy -= p * std::log(p / total);
          log_compatible += total * std::log(static_cast<double>(law.size()));
          compatible += total * static_cast<double>(law.size());
        }
        const auto exact = next_leaf(grammar, laws, i, k);
        REQUIRE(exact);
        CHECK(exact->entropy == Approx(entropy).margin(1e-12));
        CHECK(exact->mean_log_compatible == Approx(log_compatible).margin(1e-12));
        CHECK(exact->mean_compatible == Approx(compatible).epsilon(1e-12));
      }
    double entropy = 0;
    each_sentence(grammar, [&](const std::vector<int>&, double p) { entropy -= p * std::log(p); });
    CHECK(sentence_entropy(grammar) == Approx(entropy).epsilon(1e-12));
    CHECK_FALSE(next_leaf(grammar, laws, n - 1, n - 1, 10));  // too much work is said
  }
}

TEST_CASE("the papers' numbers, averaged over grammars") {
  // Of 256 grammars; the papers' are averages too, over fewer.
  constexpr int kGrammars = 256;
  const auto each = [](int v, int m, int levels, auto use) {
    for (std::uint64_t seed = 1; seed <= kGrammars; ++seed) {
      const Grammar grammar = Grammar::random({v, m, 2, levels, v, seed});
      use(grammar, GrammarLaws(grammar));
    }
  };
  std::array<std::vector<double>, 3> correlations;
  each(32, 8, 3, [&](const Grammar& grammar, const GrammarLaws& laws) {
    for (int j = 1; j <= 3; ++j)
      correlations[static_cast<std::size_t>(j) - 1].push_back(*token_correlation_of_height(grammar, laws, j));
  });
  const double papers[] = {1.745e-3, 2.10e-4, 2.39e-5};
  for (std::size_t j = 0; j < 3; ++j) {
    const MeanOverGrammars mean = mean_over_grammars(correlations[j]);
    CHECK(std::abs(mean.mean - papers[j]) < 0.01 * papers[j] + 2 * mean.error);
  }

  const auto entropies = [&](int v, int m, int levels, std::vector<double> paper) {
    std::vector<std::vector<double>> values(paper.size());
    each(v, m, levels, [&](const Grammar& grammar, const GrammarLaws& laws) {
      const std::vector<NextLeaf> next = last_leaf_by_level(grammar, laws);
      REQUIRE(next.size() == paper.size());
      for (std::size_t j = 0; j < next.size(); ++j) values[j].push_back(next[j].entropy);
    });
    for (std::size_t j = 0; j < paper.size(); ++j) {
      const MeanOverGrammars mean = mean_over_grammars(values[j]);
      INFO("v = " << v << ", m = " << m << ", level " << j << ": " << mean.mean << " ± " << mean.error);
      CHECK(std::abs(mean.mean - paper[j]) < 0.004 + mean.error);
    }
  };
  entropies(16, 4, 4, {2.650, 1.388, 0.561, 0.262, 0.182});
  entropies(32, 8, 4, {3.414, 2.080, 0.972, 0.412, 0.240});
  entropies(32, 11, 3, {3.435, 2.400, 1.461, 0.808});
  CHECK(sample_threshold(32, 8, 2, 1) == Approx(341.33).epsilon(1e-4));
  CHECK(sample_threshold(32, 8, 2, 2) == Approx(21845.3).epsilon(1e-4));
  CHECK(sample_threshold(32, 8, 2, 3) == Approx(1.398e6).epsilon(1e-3));
}

TEST_CASE("the annealed mean number of compatible symbols is that of random grammars") {
  for (int level = 0; level <= 3; ++level) {
    std::vector<double> counts;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Grammar grammar = Grammar::random({12, 4, 2, 3, 12, seed});
      counts.push_back(next_leaf(grammar, GrammarLaws(grammar), 7, (1 << level) - 1)->mean_compatible);
    }
    const MeanOverGrammars mean = mean_over_grammars(counts);
    // With nothing seen the formula counts all v symbols; a symbol may be missing from the last places of all
    // rules.
    if (level == 0)
      CHECK(annealed_compatible(12, 4, 2, 0) == Approx(12));
    else
      CHECK(std::abs(mean.mean - annealed_compatible(12, 4, 2, level)) < 5 * mean.error + 0.01 * mean.mean);
  }
}

TEST_CASE("a mean square correlation has no noise floor, and its plain estimate has one") {
  // Independent symbols, and correlated ones of a known law.
  std::mt19937_64 random(1);
  for (const double together : {0.0, 0.05}) {
    constexpr std::size_t q = 6;
    constexpr std::uint64_t kSamples = 200;
    const double p = 1.0 / q, same = p * p + together * p * (1 - p), other = p * p - together * p * p;
    const double truth =
        (q * (same - p * p) * (same - p * p) + q * (q - 1) * (other - p * p) * (other - p * p)) / (q * q);
    double sum = 0, squares = 0, plain = 0;
    constexpr int kTrials = 4000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<std::uint64_t> counts(q * q);
      for (std::uint64_t i = 0; i < kSamples; ++i) {
        const std::size_t a = random() % q;
        const bool copied = static_cast<double>(random() >> 11) * 0x1p-53 < together;
        ++counts[a * q + (copied ? a : random() % q)];
      }
      const double value = mean_square_correlation(counts, q, kSamples);
      sum += value;
      squares += value * value;
      std::vector<double> row(q), column(q);
      for (std::size_t a = 0; a < q; ++a)
        for (std::size_t b = 0; b < q; ++b) {
          row[a] += static_cast<double>(counts[a * q + b]) / kSamples;
          column[b] += static_cast<double>(counts[a * q + b]) / kSamples;
        }
      for (std::size_t a = 0; a < q; ++a)
        for (std::size_t b = 0; b < q; ++b)
          plain += std::pow(static_cast<double>(counts[a * q + b]) / kSamples - row[a] * column[b], 2) /
                   (q * q * kTrials);
    }
    const double mean = sum / kTrials, error = std::sqrt((squares / kTrials - mean * mean) / kTrials);
    CHECK(std::abs(mean - truth) < 5 * error);
    CHECK(std::abs(plain - truth) > 20 * error);
  }
  CHECK(std::isnan(mean_square_correlation(std::vector<std::uint64_t>(4), 2, 3)));
}

TEST_CASE("a grammar's estimates agree with their exact values, and those of another grammar do not") {
  const auto worst = [](const Cell& cell, const Cell& exact_of) {
    CellTally bins;
    const ChunkRunner runner(cell);
    for (std::uint32_t chunk = 0; chunk < kJackknifeBins; ++chunk)
      bins[chunk] = *runner.run(chunk, 1024, [] { return true; });
    const std::map<std::string, ExactValue> exact = exact_of_grammar(exact_of);
    double largest = 0;
    std::set<std::string> compared;
    for (const Estimate& e : cell_estimates(cell, bins)) {
      const auto known = exact.find(e.statistic.text());
      if (known == exact.end() || !(e.error > 0)) continue;
      compared.insert(e.statistic.text().substr(0, e.statistic.text().find('@')));
      largest = std::max(largest, std::abs(e.value - known->second.value) / e.error);
    }
    return std::pair(largest, compared);
  };
  for (const Parameters& generator :
       {Parameters{}, Parameters{{"generator.kind", "kgram"}, {"generator.context", "3"}},
        Parameters{{"generator.kind", "kgram"}, {"generator.context", "7"}}}) {
    Parameters parameters = generator;
    parameters["observe.entropy"] = "on";
    parameters["observe.pairs"] = "distances";
    parameters["sampling.samples"] = "65536";
    const Cell cell = cell_of(8, 4, 2, 3, parameters);
    parameters["language.grammar-seed"] = "2";
    const auto [largest, compared] = worst(cell, cell);
    CHECK(largest < 5);
    CHECK(worst(cell, cell_of(8, 4, 2, 3, parameters)).first > 10);
    CHECK(compared.contains("cross_entropy"));
    if (generator.empty())
      for (const char* statistic : {"variance", "skewness", "excess_kurtosis", "correlation",
                                    "token_correlation_square", "entropy_rate"})
        CHECK(compared.contains(statistic));
  }
}

}  // namespace grammar_exact_test
