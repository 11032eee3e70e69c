// Entropies of writers' laws as tallied on lanes, against their enumeration on small trees (MATH.md §4).
#include "engine/observe/entropy.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/kernels/chunk_runner.h"
#include "engine/language/tree.h"
#include "tests/reference/reference.h"
#include "tests/support/tallies.h"

namespace entropy_test {

using namespace leafcast;

namespace {

const auto kGo = [] { return true; };

struct Case {
  Parameters parameters;
  reference::Tree tree;
};

std::vector<Case> cases() {
  const auto make = [](const char* kind, int d, int height, Parameters more, reference::Tree tree) {
    more.insert({{"language.kind", kind},
                 {"language.d", std::to_string(d)},
                 {"language.height", std::to_string(height)},
                 {"observe.entropy", "on"},
                 {"seed", "5"}});
    return Case{std::move(more), std::move(tree)};
  };
  Eigen::MatrixXd K(3, 3);
  K << 0.7, 0.3, 0.0, 0.1, 0.6, 0.3, 0.4, 0.1, 0.5;
  return {make("ising", 2, 3, {{"language.rho", "0.9"}}, reference::symmetric_tree(2, 3, 2, 0.9)),
          make("ising", 3, 2, {{"language.rho", "0.6"}}, reference::symmetric_tree(3, 2, 2, 0.6)),
          make("coloring", 2, 3, {{"language.q", "3"}}, reference::symmetric_tree(2, 3, 3, -0.5)),
          make("potts", 2, 3, {{"language.q", "4"}, {"language.lambda", "0.5"}},
               reference::symmetric_tree(2, 3, 4, 0.5)),
          make("kernel", 2, 3, {{"language.matrix", "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5"}},
               reference::Tree{2, 3, K, reference::stationary_law(K)})};
}

/// Per sentence, in nats.
struct Entropies {
  std::vector<double> cross, language;  // [height 0…h] by carry
  double own = 0, reverse = 0, impossible = 0;
};

double entropy_of(const reference::Law& law) {
  double h = 0;
  for (const double p : law)
    if (p > 0) h -= p * std::log(p);
  return h;
}

/// Law of leaves [first, last) under a law of sentences of n leaves.
reference::Law marginal(int q, int n, const reference::Law& law, int first, int last) {
  std::size_t size = 1, below = 1;
  for (int i = first; i < last; ++i) size *= static_cast<std::size_t>(q);
  for (int i = last; i < n; ++i) below *= static_cast<std::size_t>(q);
  reference::Law sums(size, 0.0);
  for (std::size_t s = 0; s < law.size(); ++s) sums[s / below % size] += law[s];
  return sums;
}

Entropies enumerate(const reference::Tree& tree, std::int64_t k) {
  const int n = tree.leaves(), q = tree.q();
  const reference::Law truth = reference::true_law(tree), writer = reference::kgram_law(tree, k);
  Entropies all{std::vector<double>(static_cast<std::size_t>(tree.height) + 1),
                std::vector<double>(static_cast<std::size_t>(tree.height) + 1)};
  for (int i = 0; i < n; ++i) {
    std::size_t carry = 0;
    for (int rest = i; rest > 0 && rest % tree.d == 0; rest /= tree.d) ++carry;
    if (i == 0) carry = static_cast<std::size_t>(tree.height);
    // H(x_i | window) = H(window, x_i) − H(window)
    const int start = static_cast<int>(std::max<std::int64_t>(0, i - k));
    all.cross[carry] +=
        entropy_of(marginal(q, n, truth, start, i + 1)) - entropy_of(marginal(q, n, truth, start, i));
    all.language[carry] +=
        entropy_of(marginal(q, n, truth, 0, i + 1)) - entropy_of(marginal(q, n, truth, 0, i));
  }
  all.own = entropy_of(writer);
  for (std::size_t s = 0; s < writer.size(); ++s) {
    if (truth[s] > 0)
      all.reverse -= writer[s] * std::log(truth[s]);
    else
      all.impossible += writer[s];
  }
  return all;
}

double nats(const WideInt& sum, double samples) {
  return std::ldexp(sum.convert_to<double>(), -kEntropyBits) / samples;
}

constexpr std::uint64_t kSamples = 64'000;
constexpr int kChunks = 64;

/// Mean over chunks and its standard error.
struct Mean {
  double value, error;
};
template <class Number>
Mean mean(const std::vector<Tally>& chunks, Number number) {
  double sum = 0, squares = 0;
  for (const Tally& chunk : chunks) {
    const double x = number(chunk);
    sum += x;
    squares += x * x;
  }
  const double m = sum / kChunks;
  return {m, std::sqrt(std::max(0.0, squares / kChunks - m * m) / (kChunks - 1))};
}
void check(const Mean& mean, double exact) {
  CHECK(std::abs(mean.value - exact) < 5 * mean.error + 3e-6 * (1 + std::abs(exact)));
}

std::vector<Tally> sample(const Case& language, const Parameters& generator) {
  Parameters parameters = language.parameters;
  for (const auto& [key, value] : generator) parameters[key] = value;
  parameters["sampling.samples"] = std::to_string(kSamples);
  const ChunkRunner runner(Cell::make(parameters));
  std::vector<Tally> chunks;
  for (std::uint32_t chunk = 0; chunk < kChunks; ++chunk)
    chunks.push_back(runner.run(chunk, kSamples / kChunks, kGo).value());
  return chunks;
}

void check_all(const std::vector<Tally>& chunks, const Entropies& exact) {
  for (std::size_t j = 0; j < exact.cross.size(); ++j) {
    INFO("carry " << j);
    check(mean(chunks,
               [j](const Tally& t) {
                 return nats(wide(t, fields::cross_entropy, j), static_cast<double>(t.samples));
               }),
          exact.cross[j]);
    check(mean(chunks,
               [j](const Tally& t) {
                 return nats(wide(t, fields::language_entropy, j), static_cast<double>(t.samples));
               }),
          exact.language[j]);
  }
  check(
      mean(chunks,
           [](const Tally& t) { return nats(wide(t, fields::own_entropy), static_cast<double>(t.samples)); }),
      exact.own);
  check(mean(chunks,
             [](const Tally& t) {
               return nats(wide(t, fields::reverse_entropy), static_cast<double>(t.samples));
             }),
        exact.reverse);
  check(mean(chunks,
             [](const Tally& t) {
               return static_cast<double>(t.count(fields::impossible)) / static_cast<double>(t.samples);
             }),
        exact.impossible);
}

}  // namespace

TEST_CASE("entropies of k-grams are those of their enumeration") {
  for (const Case& language : cases())
    for (const int k : {0, 1, 2, 3, 5, language.tree.leaves()}) {
      INFO(language.parameters.at("language.kind") << " k=" << k);
      check_all(sample(language, {{"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}}),
                enumerate(language.tree, k));
    }
}

TEST_CASE("the language has no divergence from itself") {
  for (const Case& language : cases()) {
    const std::vector<Tally> chunks = sample(language, {{"generator.kind", "true"}});
    check_all(chunks, enumerate(language.tree, language.tree.leaves()));
    for (const Tally& chunk : chunks) {
      CHECK(std::ranges::equal(chunk.limbs(fields::cross_entropy, 1),
                               chunk.limbs(fields::language_entropy, 1)));
      CHECK(chunk.count(fields::impossible) == 0);
    }
  }
}

TEST_CASE("another context's entropies are told apart") {
  const Case language = cases()[0];
  const auto chunks = sample(language, {{"generator.kind", "kgram"}, {"generator.context", "2"}});
  const double wrong = enumerate(language.tree, 3).cross[0];
  const Mean here = mean(chunks, [](const Tally& t) {
    return nats(wide(t, fields::cross_entropy, 0), static_cast<double>(t.samples));
  });
  CHECK(std::abs(here.value - wrong) > 5 * here.error);
}

TEST_CASE("sentences are the same with and without entropies") {
  Parameters parameters = cases()[0].parameters;
  parameters.insert({{"generator.kind", "kgram"}, {"generator.context", "3"}, {"sampling.samples", "1000"}});
  const Tally with = ChunkRunner(Cell::make(parameters)).run(0, 500, kGo).value();
  parameters.erase("observe.entropy");
  CHECK(test::includes(with, ChunkRunner(Cell::make(parameters)).run(0, 500, kGo).value()));
}

}  // namespace entropy_test
