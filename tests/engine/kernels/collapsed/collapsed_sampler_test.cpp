#include "engine/kernels/collapsed/collapsed_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <catch2/catch.hpp>
#include <cmath>

#include "engine/kernels/chunk_runner.h"
#include "engine/observe/memory.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/validity.h"
#include "tests/reference/reference.h"
#include "tests/support/tallies.h"

namespace collapsed_sampler_test {

using namespace leafcast;

namespace {

const auto kGo = [] { return true; };
constexpr std::uint64_t kSamples = 20'000;
// Two-sided 5 standard errors; about 200 laws at fixed seeds, so a false alarm has probability 1e-4.
constexpr double kAlarm = 5.7e-7;

struct Example {
  Parameters parameters;
  reference::Tree tree;
  int symbol = 0;
};

Parameters language(const std::string& kind, int d, int height, Parameters more) {
  more.merge(Parameters{{"language.kind", kind},
                        {"language.d", std::to_string(d)},
                        {"language.height", std::to_string(height)},
                        {"seed", "3"}});
  return more;
}

Example ising(int d, int height, double rho) {
  return {language("ising", d, height, {{"language.rho", fmt::format("{}", rho)}}),
          reference::symmetric_tree(d, height, 2, rho)};
}
Example coloring(int d, int height, int q) {
  return {language("coloring", d, height, {{"language.q", std::to_string(q)}}),
          reference::symmetric_tree(d, height, q, -1.0 / (q - 1))};
}
Example potts(int d, int height, int q, double lambda) {
  return {language("potts", d, height,
                   {{"language.q", std::to_string(q)}, {"language.lambda", fmt::format("{}", lambda)}}),
          reference::symmetric_tree(d, height, q, lambda)};
}
/// Not reversible, with a forbidden transition; symbol 1 is counted.
Example kernel(int d, int height) {
  Eigen::MatrixXd K(3, 3);
  K << 0.7, 0.3, 0.0, 0.1, 0.6, 0.3, 0.4, 0.1, 0.5;
  return {language("kernel", d, height,
                   {{"language.matrix", "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5"}, {"observe.symbol", "1"}}),
          reference::Tree{d, height, K, reference::stationary_law(K)}, 1};
}

Cell cell(Parameters parameters, const Parameters& more, const std::string& method = "collapsed") {
  for (const auto& [key, value] : more) parameters[key] = value;
  parameters["generator.method"] = method;
  return Cell::make(parameters);
}

Parameters block(int w, const std::string& lca) {
  return {{"generator.kind", "block"},
          {"generator.context-depth", std::to_string(w)},
          {"generator.memory", "root"},
          {"generator.lca", lca}};
}
Parameters path(int m) {
  return {{"generator.kind", "reasoning"}, {"generator.memory-depth", std::to_string(m)}};
}
const std::vector<std::pair<std::string, LcaLaw>> kLcaLaws = {
    {"sampled", LcaLaw::sampled}, {"sampled-reset", LcaLaw::sampled_reset}, {"fixed", LcaLaw::fixed}};

/// [N_c]: samples, of histograms whose bins hold one count each.
std::vector<std::uint64_t> counts(const Cell& c, const Tally& tally) {
  std::vector<std::uint64_t> list(static_cast<std::size_t>(c.language().leaves()) + 1);
  for (const auto& [bin, samples] : tally.histogram) {
    REQUIRE(HistogramBins::width(bin) == 1);
    list.at(static_cast<std::size_t>(HistogramBins::lower(bin) + HistogramBins::centre(c))) += samples;
  }
  return list;
}

/// Law of N_c under a law of sentences.
reference::Law count_law(const Example& example, const reference::Law& sentences) {
  reference::Law law(static_cast<std::size_t>(example.tree.leaves()) + 1);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto symbols = reference::sentence_symbols(example.tree.q(), example.tree.leaves(), i);
    law[static_cast<std::size_t>(std::count(symbols.begin(), symbols.end(), example.symbol))] += sentences[i];
  }
  // Enumeration leaves rounding errors where nothing is possible.
  for (double& p : law)
    if (p < 1e-15) p = 0;
  return law;
}

double p_value(const Example& example, const Parameters& generator, const reference::Law& sentences) {
  const Cell c = cell(example.parameters, generator);
  return reference::chi_square_p_value(count_law(example, sentences),
                                       counts(c, ChunkRunner(c).run(1, kSamples, kGo).value()));
}

/// Whether two samples of the same size have one law: Σ (a − b)²/(a + b).
double same_law_p_value(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  double statistic = 0, rare_a = 0, rare_b = 0;
  int bins = 0;
  const auto add = [&](double x, double y) {
    statistic += (x - y) * (x - y) / (x + y);
    ++bins;
  };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] + b[i] >= 20)
      add(static_cast<double>(a[i]), static_cast<double>(b[i]));
    else
      rare_a += static_cast<double>(a[i]), rare_b += static_cast<double>(b[i]);
  if (rare_a + rare_b >= 20) add(rare_a, rare_b);
  if (bins < 2) return 1;
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic));
}

double p_value_against_sentences(const Example& example, const Parameters& generator,
                                 const Parameters& other) {
  const Cell collapsed = cell(example.parameters, generator),
             sequence = cell(example.parameters, other, "sequence");
  return same_law_p_value(counts(collapsed, ChunkRunner(collapsed).run(0, kSamples, kGo).value()),
                          counts(sequence, ChunkRunner(sequence).run(0, kSamples, kGo).value()));
}

std::string text(const Example& example, const Parameters& generator) {
  return cell(example.parameters, generator).label();
}

}  // namespace

TEST_CASE("collapsed counts have the law of their enumeration") {
  for (const Example& example : {ising(2, 3, 0.9), ising(3, 2, 0.7), coloring(2, 3, 3), potts(2, 2, 5, 0.6),
                                 potts(2, 2, 5, -0.2), kernel(2, 3), kernel(3, 2)}) {
    INFO(text(example, {}));
    CHECK(p_value(example, {}, reference::true_law(example.tree)) > kAlarm);
    for (int w = 0; w <= example.tree.height; ++w) {
      INFO("w = " << w);
      for (const auto& [name, lca] : kLcaLaws) {
        INFO(name);
        CHECK(p_value(example, block(w, name),
                      reference::block_law(example.tree, w, BlockMemory::root, lca)) > kAlarm);
      }
      CHECK(p_value(example, path(w), reference::reasoning_law(example.tree, Encoding::path, w)) > kAlarm);
    }
  }
}

TEST_CASE("collapsed counts of another law are told apart") {
  const Example example = ising(2, 3, 0.9);
  const auto law = [&](int w, LcaLaw lca) {
    return reference::block_law(example.tree, w, BlockMemory::root, lca);
  };
  CHECK(p_value(example, block(1, "fixed"), law(1, LcaLaw::sampled)) < kAlarm);
  CHECK(p_value(example, block(1, "sampled"), law(1, LcaLaw::sampled_reset)) < kAlarm);
  CHECK(p_value(example, block(1, "sampled"), law(2, LcaLaw::sampled)) < kAlarm);
  CHECK(p_value(example, {}, reference::true_law(ising(2, 3, 0.87).tree)) < kAlarm);
}

TEST_CASE("collapsed counts have the law of written sentences") {
  for (const Example& example : {ising(5, 2, 0.8), ising(2, 6, 0.9), coloring(4, 3, 3), potts(3, 3, 5, 0.7),
                                 kernel(3, 3), kernel(7, 2)}) {
    INFO(text(example, {}));
    CHECK(p_value_against_sentences(example, {}, {}) > kAlarm);
    for (int w = 0; w < example.tree.height; ++w)
      for (const auto& [name, lca] : kLcaLaws) {
        INFO("w = " << w << " " << name);
        CHECK(p_value_against_sentences(example, block(w, name), block(w, name)) > kAlarm);
      }
  }
  CHECK(p_value_against_sentences(ising(5, 2, 0.8), block(0, "fixed"), block(1, "fixed")) < kAlarm);
}

TEST_CASE("collapsed variances of 3^30 leaves are exact") {
  // MATH.md §6.
  constexpr int d = 3, h = 30;
  const auto true_variance = [](double rho, int height) {
    double sum = 0;
    for (int j = 1; j <= height; ++j) sum += std::pow(d * rho * rho, j);
    return 1 + (d - 1.) / d * sum;
  };
  const auto block_variance = [&](double rho, int w) {  // lca = sampled
    const int levels = h - w;
    double c = 0, sum = 0;
    for (int j = 1; j <= levels; ++j)
      c += (d - 1) * std::pow(d, levels - j) / (std::pow(d, levels) - 1) * std::pow(rho, 2 * j);
    for (int t = 1; t < 2000; ++t) sum += (1 - t / std::pow(d, levels)) * std::pow(c, t);
    return true_variance(rho, w) + 2 * std::pow(d * rho * rho, w) * sum;
  };
  const auto draw = [](const Parameters& generator) {
    return ChunkRunner(cell(ising(d, h, 0.9).parameters, generator)).run(0, kSamples / 2, kGo).value();
  };
  // |Σ S²/(samples·n) − variance|/error
  const auto deviation = [](const Tally& tally, double variance) {
    const double n = std::pow(3, h), samples = static_cast<double>(tally.samples);
    const double m2 = wide(tally, fields::sum_s[1], h).convert_to<double>() / samples / n,
                 m4 = wide(tally, fields::sum_s[3], h).convert_to<double>() / samples / n / n;
    return std::abs(m2 - variance) / std::sqrt((m4 - m2 * m2) / samples);
  };
  const Tally whole = draw({}), blocks = draw(block(10, "sampled"));
  CHECK(deviation(whole, true_variance(0.9, h)) < 5);
  CHECK(deviation(whole, true_variance(0.899, h)) > 5);
  CHECK(deviation(blocks, block_variance(0.9, 10)) < 5);
  CHECK(deviation(blocks, block_variance(0.89, 10)) > 5);
  CHECK(deviation(draw(path(2)), block_variance(0.9, 2)) < 5);
}

TEST_CASE("collapsed tallies hold the whole sentence only") {
  const Cell c = cell(potts(2, 17, 2, 1).parameters, path(17));  // λ = 1: S = ±n
  const Tally tally = ChunkRunner(c).run(0, 5, kGo).value();
  const WideInt n = 1 << 17;
  CHECK(tally.samples == 5);
  CHECK(wide(tally, fields::sum_s[1], 17) == 5 * n * n);
  CHECK(wide(tally, fields::sum_s[3], 17) == 5 * n * n * n * n);
  CHECK(test::counts_of(tally, fields::sum_s[0]).size() == 1);
  CHECK_FALSE(tally.has(fields::valid));
  CHECK(tally.count(fields::memory_bits) == 34);
  CHECK(tally.histogram.size() <= 2);

  // Far beyond 128 bits, and without a histogram.
  const Tally vast =
      ChunkRunner(cell(potts(2, 61, 2, 1).parameters, {{"observe.histogram", "off"}})).run(0, 3, kGo).value();
  CHECK(wide(vast, fields::sum_s[3], 61) == WideInt(3) << 244);
  CHECK(vast.histogram.empty());
}

TEST_CASE("forbidden transitions stay forbidden") {
  // A coloring with two colors alternates: all leaves have one color.
  for (const Parameters& generator : {Parameters{}, block(3, "fixed"), block(0, "fixed")}) {
    const Cell c = cell(coloring(3, 9, 2).parameters, generator);
    const WideInt n = c.language().leaves();
    CHECK(wide(*ChunkRunner(c).run(0, 100, kGo), fields::sum_s[1], 9) == 100 * n * n);
  }
}

TEST_CASE("collapsed counts are a function of their address") {
  const auto run = [](const Cell& c, std::uint32_t chunk, std::uint64_t samples) {
    return ChunkRunner(c).run(chunk, samples, kGo).value();
  };
  const Cell c = cell(ising(3, 30, 0.9).parameters, {});
  CHECK(run(c, 4, 50) == run(c, 4, 50));
  CHECK_FALSE(run(c, 4, 50) == run(c, 5, 50));
  // Pinned: S of the first sample, which every machine must draw.
  CHECK(wide(run(c, 4, 1), fields::sum_s[0], 30) == -11383332249711);
  CHECK(wide(run(cell(ising(3, 30, 0.9).parameters, block(10, "fixed")), 4, 1), fields::sum_s[0], 30) ==
        354279801);
  CHECK(wide(run(cell(kernel(3, 20).parameters, block(5, "sampled")), 4, 1), fields::sum_s[0], 20) ==
        340116207);
}

TEST_CASE("how many binomials a sentence takes") {
  CHECK(binomial_draws(cell(ising(3, 30, 0.9).parameters, {})) == 60);
  CHECK(binomial_draws(cell(ising(3, 30, 0.9).parameters, block(10, "fixed"))) == 20 + 20 * 16);
  CHECK(binomial_draws(cell(ising(5, 3, 0.9).parameters, block(0, "fixed"))) ==
        3 * 24);  // 5 = 3 + 2, 3 = 2 + 1, 2
  CHECK(binomial_draws(cell(kernel(2, 4).parameters, path(3))) == 18 + 36);
}

TEST_CASE("a collapsed chunk is abandoned when told so, and has no sentences") {
  const ChunkRunner runner(cell(ising(3, 30, 0.9).parameters, {}));
  int calls = 0;
  CHECK(!runner.run(0, 1'000'000'000, [&] { return ++calls < 3; }));
  CHECK(calls == 3);
  CHECK_THROWS_AS(runner.sentences(0, 1), std::logic_error);
  CHECK_THROWS_AS(runner.conditional_laws({}), std::logic_error);
  CHECK_THROWS_AS(CollapsedSampler(cell(ising(3, 3, 0.9).parameters, {}, "sequence")), std::logic_error);
}

}  // namespace collapsed_sampler_test
