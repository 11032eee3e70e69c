#include "analysis/score/score.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <sstream>

#include "analysis/score/score_report.h"
#include "engine/kernels/chunk_runner.h"

namespace score_test {

using namespace leafcast;
using namespace leafcast::analysis;

namespace {

Cell ising(int d, int height, const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"},
                           {"language.d", std::to_string(d)},
                           {"language.height", std::to_string(height)},
                           {"language.rho", "0.8"},
                           {"sampling.samples", "1000"}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::make(parameters);
}

/// Scores `count` sentences of a writer beside the language.
Score score_of(const Cell& writer, std::uint32_t chunk, std::uint64_t count,
               const std::vector<std::int64_t>& contexts, std::uint64_t reference_samples = 0) {
  ScoreSettings settings{
      ising(writer.language().d, writer.language().height, {{"seed", std::to_string(chunk + 1000)}})};
  settings.contexts = contexts;
  settings.reference_samples = reference_samples;
  ScoreBook book(settings, count);
  const auto n = static_cast<std::size_t>(writer.language().leaves());
  const std::vector<std::uint8_t> leaves = ChunkRunner(writer).sentences(chunk, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto sentence = std::span(leaves).subspan(i * n, n);
    book.add(std::vector<std::int32_t>(sentence.begin(), sentence.end()));
  }
  return book.finish();
}

std::map<int, std::uint64_t> counts(std::mt19937_64& random, int samples, double p) {
  std::map<int, std::uint64_t> bins;
  std::binomial_distribution<int> law(30, p);
  for (int i = 0; i < samples; ++i) ++bins[law(random)];
  return bins;
}

}  // namespace

TEST_CASE("two samples of one law have uniform p-values, and of two laws small ones") {
  std::mt19937_64 random(4);
  int below_5 = 0, below_50 = 0, detected = 0;
  constexpr int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    const double p = two_sample_p_value(counts(random, 400, 0.4), counts(random, 900, 0.4));
    below_5 += p < 0.05;
    below_50 += p < 0.5;
    detected += two_sample_p_value(counts(random, 400, 0.4), counts(random, 900, 0.43)) < 0.05;
  }
  CHECK(below_5 / double{kRuns} == Approx(0.05).margin(5 * std::sqrt(0.05 * 0.95 / kRuns)));
  CHECK(below_50 / double{kRuns} == Approx(0.5).margin(5 * std::sqrt(0.25 / kRuns)));
  CHECK(detected > kRuns / 2);
  CHECK(std::isnan(two_sample_p_value({}, {{1, 5}})));
  CHECK(std::isnan(two_sample_p_value({{1, 5}}, {{1, 5}})));
}

TEST_CASE("Holm's procedure") {
  CHECK(holm({0.01, 0.04, 0.03, 0.005}, 0.05) ==
        std::vector<std::size_t>{0, 3});  // 0.005·4, 0.01·3 pass; 0.03·2 does not
  CHECK(holm({kUnknown, 0.04}, 0.05) == std::vector<std::size_t>{1});
  CHECK(holm({}, 0.05).empty());
  CHECK(holm({1e-9, 1e-9, 0.9}, 0.05) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("true sentences are found different as seldom as is said, those of a k-gram always") {
  const Cell truth = ising(2, 4),
             kgram = ising(2, 4, {{"generator.kind", "kgram"}, {"generator.context", "2"}});
  constexpr int kRuns = 150;
  int differing = 0, departing = 0;
  for (std::uint32_t run = 0; run < kRuns; ++run) {
    const Score score = score_of(truth, run, 640, {1, 2}, 640);
    differing += !score.differing.empty();
    departing += score.first_height.has_value();
    CHECK(score.well_formed == 640);
  }
  // 5% each for the family; 5 standard errors.
  const double most = kRuns * 0.05 + 5 * std::sqrt(kRuns * 0.05 * 0.95);
  CHECK(differing <= most);
  CHECK(departing <= most);
  for (std::uint32_t run = 0; run < 5; ++run) {
    const Score score = score_of(kgram, run, 6400, {1, 2}, 6400);
    CHECK_FALSE(score.differing.empty());
    CHECK(score.first_height.has_value());
  }
}

TEST_CASE("a k-gram's context is found, by likelihood and within the interval by variance") {
  const std::vector<std::int64_t> contexts = {1, 2, 4, 8, 15};
  int likely = 0, within = 0, sure = 0;
  constexpr int kRuns = 30;
  for (std::uint32_t run = 0; run < kRuns; ++run) {
    const Cell writer = ising(2, 4, {{"generator.kind", "kgram"}, {"generator.context", "4"}});
    const Score score = score_of(writer, run, 3200, contexts);
    likely += score.by_likelihood.low <= 4 && score.by_likelihood.high >= 4;
    sure += score.by_likelihood.value == 4;
    within += score.by_variance.low <= 4 && score.by_variance.high >= 4;
  }
  CHECK(likely >= kRuns - 4);
  CHECK(sure >= kRuns - 6);
  CHECK(within >= kRuns - 6);  // 95%
}

TEST_CASE("a score is written for people and programs") {
  const Score score =
      score_of(ising(3, 3, {{"generator.kind", "kgram"}, {"generator.context", "3"}}), 0, 640, {1, 3, 9, 26});
  for (const Format format : {Format::text, Format::csv, Format::json}) {
    std::ostringstream out;
    write_score(out, format, score, 80);
    CHECK(out.str().find("variance") != std::string::npos);
    CHECK(out.str().find("nan") == std::string::npos);
  }
  CHECK(score_plots(score).size() == 3);
  for (std::size_t k = 0; k < score.kgrams.size(); ++k) {
    double sum = 0;
    for (const double nats : score.kgrams_by_leaf[k]) sum += nats;
    CHECK(sum == Approx(score.kgrams[k].value));
    CHECK(score.kgrams_by_leaf[k][0] == Approx(std::log(2.0)));
  }
}

}  // namespace score_test
