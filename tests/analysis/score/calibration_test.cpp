// False alarms of `score` about true sentences, over languages where surprises are rare, and the rules that it once had
// beside them: errors from the sequences' own scatter.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <string>

#include "analysis/estimate/distributions.h"
#include "analysis/score/score.h"
#include "engine/kernels/chunk_runner.h"

namespace score_calibration_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

struct Setting {
  Parameters language;
  std::uint64_t sentences;
};

Cell cell_of(const Parameters& language, int seed, const Parameters& more = {}) {
  Parameters parameters = {
      {"language.height", "3"}, {"sampling.samples", "1000"}, {"seed", std::to_string(seed)}};
  for (const auto* list : {&language, &more})
    for (const auto& [key, value] : *list) parameters[key] = value;
  return Cell::make(parameters);
}

std::vector<std::uint8_t> sentences_of(const Cell& writer, std::uint64_t count) {
  return ChunkRunner(writer).sentences(0, count);
}

Score score_of(const Cell& reference, const std::vector<std::uint8_t>& leaves, std::uint64_t count) {
  ScoreSettings settings{reference};
  settings.reference_samples = 640;
  settings.contexts = {1, 3, 9};
  ScoreBook book(settings, count);
  const auto n = static_cast<std::size_t>(reference.language().leaves());
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto sentence = std::span(leaves).subspan(i * n, n);
    book.add(std::vector<std::int32_t>(sentence.begin(), sentence.end()));
  }
  return book.finish();
}

/// Whether some leaf's mean surprise differs from that of true sentences by the sample variances of both.
bool old_rule_of_leaves(const Cell& reference, const std::vector<std::uint8_t>& leaves, std::uint64_t count,
                        const std::vector<std::uint8_t>& truth, std::uint64_t true_count) {
  const auto n = static_cast<std::size_t>(reference.language().leaves());
  SentenceScorer scorer(reference.language(), {Context::all()});
  struct Sample {
    std::vector<double> mean, variance_of_mean;
  };
  const auto sample = [&](const std::vector<std::uint8_t>& sentences, std::uint64_t of) {
    std::vector<double> nats(n), sum(n), squares(n);
    for (std::uint64_t s = 0; s < of; ++s) {
      scorer.read(std::span(sentences).subspan(s * n, n));
      scorer.score(0, nats);
      for (std::size_t i = 0; i < n; ++i) sum[i] += nats[i], squares[i] += nats[i] * nats[i];
    }
    const auto size = static_cast<double>(of);
    for (std::size_t i = 0; i < n; ++i) {
      sum[i] /= size;
      squares[i] = std::max(0.0, squares[i] / size - sum[i] * sum[i]) / size;
    }
    return Sample{sum, squares};
  };
  const Sample a = sample(leaves, count), b = sample(truth, true_count);
  for (std::size_t i = 0; i < n; ++i) {
    const double error = std::sqrt(a.variance_of_mean[i] + b.variance_of_mean[i]);
    if (error > 1e-9 &&
        student_two_sided((a.mean[i] - b.mean[i]) / error, kJackknifeBins - 1) * static_cast<double>(n) <=
            0.05)
      return true;
  }
  return false;
}

/// Whether some statistic differs by its jackknife error (Holm).
bool old_rule_of_statistics(const Score& score) {
  std::vector<double> p_values;
  for (const Estimate& e : score.estimates) {
    const double z = e.z();
    p_values.push_back(std::isnan(z)   ? kUnknown
                       : std::isinf(z) ? 0
                                       : student_two_sided(z, kJackknifeBins - 1));
  }
  return !holm(p_values, 0.05).empty();
}

struct Alarms {
  int statistics = 0, height = 0, leaf = 0, old_statistics = 0, old_leaf = 0;
};

Alarms alarms(const Setting& setting, int runs) {
  Alarms count;
  for (int run = 0; run < runs; ++run) {
    const Cell reference = cell_of(setting.language, 2 * run + 1);
    const std::vector<std::uint8_t> leaves =
        sentences_of(cell_of(setting.language, 2 * run + 2), setting.sentences);
    const Score score = score_of(reference, leaves, setting.sentences);
    count.statistics += !score.differing.empty();
    count.height += score.first_height.has_value();
    count.leaf += score.first_leaf.has_value();
    count.old_statistics += old_rule_of_statistics(score);
    count.old_leaf += old_rule_of_leaves(reference, leaves, setting.sentences,
                                         sentences_of(cell_of(setting.language, 2 * run + 1), 1000), 1000);
  }
  return count;
}

Parameters ising(const std::string& rho) {
  return {{"language.kind", "ising"}, {"language.d", "3"}, {"language.rho", rho}};
}
Parameters kernel(const std::string& matrix) {
  return {{"language.kind", "kernel"}, {"language.d", "3"}, {"language.matrix", matrix}};
}

/// 5%, and five standard errors of so many runs.
double most_of(int runs) { return runs * 0.05 + 5 * std::sqrt(runs * 0.05 * 0.95); }

}  // namespace

TEST_CASE("true sentences of languages with rare surprises raise no more alarms than is said") {
  constexpr int kRuns = 40;
  bool old_statistics_fail = false, old_leaves_fail = false;
  for (const Parameters& language : {ising("0.99"), ising("0.999"), kernel("0.99 0.01; 0.3 0.7")}) {
    const Alarms count = alarms({language, 200}, kRuns);
    CHECK(count.statistics <= most_of(kRuns));
    CHECK(count.height <= most_of(kRuns));
    CHECK(count.leaf <= most_of(kRuns));
    old_statistics_fail = old_statistics_fail || count.old_statistics > most_of(kRuns);
    old_leaves_fail = old_leaves_fail || count.old_leaf > most_of(kRuns);
  }
  CHECK(old_statistics_fail);  // the wrong twins
  CHECK(old_leaves_fail);
}

// Some minutes, so only by name: cmake --build build --target score_calibration
TEST_CASE("false alarms of score over a grid of languages and sizes", "[.score_calibration]") {
  constexpr int kRuns = 200;
  Alarms all;
  int runs = 0;
  std::printf("alarms of %d, in %%: statistics, by height, by leaf | old rules: statistics, by leaf\n",
              kRuns);
  for (const Parameters& language :
       {ising("0.3"), ising("0.9"), ising("0.99"), ising("0.999"), kernel("0.99 0.01; 0.3 0.7"),
        kernel("0.999 0.001; 0.5 0.5"),
        Parameters{{"language.kind", "coloring"}, {"language.d", "3"}, {"language.q", "3"}},
        Parameters{{"language.kind", "potts"},
                   {"language.d", "2"},
                   {"language.q", "4"},
                   {"language.lambda", "0.98"}}})
    for (const std::uint64_t sentences : {20, 200, 2000}) {
      const Alarms count = alarms({language, sentences}, kRuns);
      const auto percent = [](int alarms_raised) { return 100.0 * alarms_raised / kRuns; };
      std::printf("%-48s %5llu  %5.1f %5.1f %5.1f | %5.1f %5.1f\n", cell_of(language, 1).label().c_str(),
                  static_cast<unsigned long long>(sentences), percent(count.statistics),
                  percent(count.height), percent(count.leaf), percent(count.old_statistics),
                  percent(count.old_leaf));
      std::fflush(stdout);
      for (const int raised : {count.statistics, count.height, count.leaf}) CHECK(raised <= most_of(kRuns));
      all.statistics += count.statistics, all.height += count.height, all.leaf += count.leaf;
      all.old_statistics += count.old_statistics, all.old_leaf += count.old_leaf;
      runs += kRuns;
    }
  std::printf("all: %d of %d by statistics, %d by height, %d by leaf\n", all.statistics, runs, all.height,
              all.leaf);
  CHECK(all.statistics <= 0.06 * runs);
  CHECK(all.height <= 0.06 * runs);
  CHECK(all.leaf <= 0.06 * runs);
  CHECK(all.old_statistics > 0.06 * runs);  // the wrong twins
  CHECK(all.old_leaf > 0.06 * runs);
}

TEST_CASE("a writer that departs is found by few sentences, where it departs") {
  // Leaves 0 … 17 are those of the language, from then on the window is too short.
  const Parameters language = ising("0.9");
  const Cell reference = cell_of(language, 1);
  int heights = 0, leaves = 0, differing = 0;
  constexpr int kRuns = 10;
  for (int run = 0; run < kRuns; ++run) {
    const Cell writer = cell_of(language, run + 2, {{"generator.kind", "kgram"}, {"generator.context", "2"}});
    const Score score = score_of(reference, sentences_of(writer, 2000), 2000);
    differing += !score.differing.empty();
    heights += score.first_height.has_value();
    leaves += score.first_leaf.has_value() && *score.first_leaf > 2;
  }
  CHECK(differing == kRuns);
  CHECK(heights == kRuns);
  CHECK(leaves == kRuns);
}

}  // namespace score_calibration_test
