#include "engine/sequences/sentence_scorer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "engine/kernels/chunk_runner.h"
#include "engine/language/structure_law.h"
#include "engine/language/tree.h"
#include "tests/reference/reference.h"

namespace sentence_scorer_test {

using namespace leafcast;

namespace {

struct Case {
  Parameters parameters;
  reference::Tree tree;
};

std::vector<Case> cases() {
  const auto make = [](const char* kind, int d, int height, Parameters more, reference::Tree tree) {
    more.insert({{"language.kind", kind},
                 {"language.d", std::to_string(d)},
                 {"language.height", std::to_string(height)}});
    return Case{std::move(more), std::move(tree)};
  };
  Eigen::MatrixXd K(3, 3);
  K << 0.7, 0.3, 0.0, 0.1, 0.6, 0.3, 0.4, 0.1, 0.5;
  return {make("ising", 2, 5, {{"language.rho", "0.9"}}, reference::symmetric_tree(2, 5, 2, 0.9)),
          make("ising", 3, 3, {{"language.rho", "0.6"}}, reference::symmetric_tree(3, 3, 2, 0.6)),
          make("coloring", 3, 3, {{"language.q", "4"}}, reference::symmetric_tree(3, 3, 4, -1.0 / 3)),
          make("potts", 4, 2, {{"language.q", "3"}, {"language.lambda", "0.5"}},
               reference::symmetric_tree(4, 2, 3, 0.5)),
          make("kernel", 2, 4, {{"language.matrix", "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5"}},
               reference::Tree{2, 4, K, reference::stationary_law(K)})};
}

std::vector<std::uint8_t> true_sentences(const Case& language, int count) {
  return ChunkRunner(Cell::make(language.parameters)).sentences(0, static_cast<std::uint64_t>(count));
}

/// What the marks of a sentence cost if the position is inferred.
double structure_nats(int d, int height, std::int64_t k) {
  StructureLaw marks(d, height, k);
  LeafOdometer odometer(d, height);
  double nats = 0;
  const auto pay = [&](int level) {
    nats -= std::log(marks.probability(level));
    marks.observe(level);
  };
  for (int carry = 0; odometer.leaf() < tree_power(d, height); carry = odometer.advance()) {
    if (carry > 0) pay(carry);
    pay(0);
  }
  return nats;
}

}  // namespace

TEST_CASE("a window's first leaf is that of its definition") {
  for (const int d : {2, 3, 5})
    for (std::int64_t k = 0; k < 60; ++k)
      for (int i = 0; i < 50; ++i) {
        INFO("d=" << d << " k=" << k << " i=" << i);
        CHECK(window_begin({k, ContextUnit::leaves}, d, i) ==
              reference::window_start(d, i, k, ContextUnit::leaves));
        CHECK(window_begin({k, ContextUnit::tokens}, d, i) ==
              reference::window_start(d, i, k, ContextUnit::tokens));
      }
}

TEST_CASE("laws given a window are those of belief propagation on the whole tree, to 1e-12") {
  for (const Case& language : cases()) {
    const Cell cell = Cell::make(language.parameters);
    const int n = language.tree.leaves(), d = language.tree.d;
    std::vector<Context> contexts;
    for (const ContextUnit unit : {ContextUnit::leaves, ContextUnit::tokens})
      for (const int k : {0, 1, 2, 3, 4, 7, 11, n - 1, n + 5}) contexts.push_back({k, unit});
    contexts.push_back(Context::all());
    SentenceScorer scorer(cell.language(), contexts);
    const auto sentences = true_sentences(language, 3);
    for (std::size_t at = 0; at < sentences.size(); at += static_cast<std::size_t>(n)) {
      const std::span<const std::uint8_t> sentence(sentences.data() + at, static_cast<std::size_t>(n));
      scorer.read(sentence);
      std::vector<double> nats(static_cast<std::size_t>(n));
      for (std::size_t k = 0; k < contexts.size(); ++k) {
        scorer.score(k, nats);
        for (int i = 0; i < n; ++i) {
          const int start =
              contexts[k].k > 1'000'000 ? 0 : reference::window_start(d, i, contexts[k].k, contexts[k].unit);
          const std::vector<int> window(sentence.begin() + start, sentence.begin() + i);
          const Eigen::VectorXd expected = reference::conditional(language.tree, start, window, i);
          INFO(language.parameters.at("language.kind") << " context " << contexts[k].k << " leaf " << i);
          CHECK((scorer.law(k, i) - expected).cwiseAbs().maxCoeff() < 1e-12);
          CHECK(nats[static_cast<std::size_t>(i)] ==
                Approx(-std::log(expected(sentence[static_cast<std::size_t>(i)]))).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("scores of all sentences are the cross-entropies that are known, to 1e-9") {
  struct Known {
    int d, height;
    std::int64_t k;
    double nats;
  };
  for (const auto& [d, height, k, expected] : {Known{2, 3, 1, 11.653031109326},
                                               {2, 3, 3, 3.945946835237},
                                               {2, 3, 10, 3.143292699944},
                                               {3, 2, 1, 9.404122085271},
                                               {3, 2, 4, 3.775896518886},
                                               {3, 2, 11, 3.001588657539}}) {
    const reference::Tree tree = reference::symmetric_tree(d, height, 2, 0.9);
    const Cell cell = Cell::make({{"language.kind", "ising"},
                                  {"language.d", std::to_string(d)},
                                  {"language.height", std::to_string(height)},
                                  {"language.rho", "0.9"}});
    SentenceScorer scorer(cell.language(), {{k, ContextUnit::tokens}});
    const reference::Law law = reference::true_law(tree);
    double total = 0;
    std::vector<double> nats(static_cast<std::size_t>(tree.leaves()));
    for (std::size_t s = 0; s < law.size(); ++s) {
      const std::vector<int> symbols = reference::sentence_symbols(2, tree.leaves(), s);
      scorer.read(std::vector<std::uint8_t>(symbols.begin(), symbols.end()));
      scorer.score(0, nats);
      for (const double x : nats) total += law[s] * x;
    }
    total += structure_nats(d, height, k);
    CHECK(total == Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("kernels' laws are the same to single precision") {
  const Case language = cases()[0];
  Parameters parameters = language.parameters;
  parameters.insert({{"generator.kind", "kgram"}, {"generator.context", "9"}});
  const ChunkRunner runner(Cell::make(parameters));
  const auto sentence = true_sentences(language, 1);
  const Eigen::MatrixXd laws = runner.conditional_laws(sentence);
  SentenceScorer scorer(Cell::make(parameters).language(), {{9}});
  scorer.read(sentence);
  for (Eigen::Index i = 0; i < laws.rows(); ++i)
    CHECK((scorer.law(0, i).transpose() - laws.row(i)).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("an impossible leaf costs infinity, and what comes after it has no law") {
  const Cell cell = Cell::make(
      {{"language.kind", "coloring"}, {"language.d", "3"}, {"language.height", "2"}, {"language.q", "3"}});
  SentenceScorer scorer(cell.language(), {Context::all(), {1}});
  const std::vector<std::uint8_t> sentence = {0, 1, 2, 0, 0,
                                              0, 0, 0, 0};  // three colors leave their parent none
  scorer.read(sentence);
  std::vector<double> nats(9);
  scorer.score(0, nats);
  CHECK(std::isfinite(nats[1]));
  CHECK(std::isinf(nats[2]));
  CHECK(std::isnan(nats[3]));
  scorer.score(1, nats);
  for (const double x : nats) CHECK(std::isfinite(x));
}

TEST_CASE("a sentence costs what the authors' simulator says, its marks included") {
  // compute_perplexity of nanocontext/evaluate/bp.py: d = 3, h = 3, ρ = 0.9, by context length in tokens.
  const std::string spins = "++-+-+---+++++-+++--+------";
  const Cell cell = Cell::make(
      {{"language.kind", "ising"}, {"language.d", "3"}, {"language.height", "3"}, {"language.rho", "0.9"}});
  std::vector<std::uint8_t> sentence;
  for (const char spin : spins) sentence.push_back(spin == '+');
  const std::vector<std::pair<std::int64_t, double>> known = {{1, 40.8335966181096},
                                                              {4, 24.981410781790743},
                                                              {9, 21.206791677343222},
                                                              {20, 19.60616736318114},
                                                              {40, 20.099890601760425}};
  for (const auto& [k, nats] : known) {
    SentenceScorer scorer(cell.language(), {{k, ContextUnit::tokens}});
    scorer.read(sentence);
    std::vector<double> leaves(sentence.size());
    scorer.score(0, leaves);
    double total = structure_nats(3, 3, k);
    for (const double x : leaves) total += x;
    CHECK(total == Approx(nats).epsilon(1e-13));
  }
}

}  // namespace sentence_scorer_test
