#include "analysis/estimate/goal_check.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "analysis/estimate/estimates.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/validity.h"
#include "engine/plan/stages.h"
#include "tests/analysis/synthetic.h"
#include "tests/support/cells.h"

namespace goal_check_test {

using namespace leafcast;
using analysis::check_goal;
using analysis::statistics_of;

namespace {

const Parameters kIsing = {{"language.kind", "ising"},
                           {"language.d", "2"},
                           {"language.height", "3"},
                           {"language.rho", "0.8"},
                           {"generator.kind", "true"}};
const Parameters kColoringLanguage = {
    {"language.kind", "coloring"}, {"language.d", "3"}, {"language.q", "3"}, {"language.height", "3"}};
const Parameters kColoring = {{"language.kind", "coloring"}, {"language.d", "3"},
                              {"language.q", "3"},           {"language.height", "3"},
                              {"generator.kind", "block"},   {"generator.context-depth", "1"},
                              {"generator.memory", "root"}};

Parameters with(Parameters parameters, const Parameters& more) {
  for (const auto& [key, value] : more) parameters[key] = value;
  return parameters;
}

/// When a cell stops.
enum class Rule {
  stages,    ///< as runs do
  luckiest,  ///< wrong: where the error, for as many samples, is least
  never      ///< at the maximum: how well the errors themselves cover
};

constexpr std::uint32_t kFewestChunks = 15, kLuckyChunks = 64;

struct Coverage {
  double one_sigma = 0, two_sigma = 0, bias = 0, samples = 0,
         met = 0;  // bias in errors; shares of repetitions
};

/// Repeats a cell with many seeds until it stops, and counts how often the exact value lies within the error
/// that is then given.
Coverage cover(const Parameters& parameters, const std::string& statistic, Rule rule, int repetitions) {
  Coverage coverage;
  for (int seed = 1; seed <= repetitions; ++seed) {
    Record record(Plan("", {Cell::make(with(parameters, {{"seed", std::to_string(seed)}}))}, ""));
    const Cell& cell = record.plan.cells()[0];
    const ChunkRunner runner(cell);
    GoalState state, lucky;
    double least = std::numeric_limits<double>::infinity();
    for (Chunk chunk{0, 0}; chunk.index < record.plan.chunks(0); ++chunk.index) {
      if (rule == Rule::stages && chunk.index > 0 &&
          record.plan.cut(chunk) > record.plan.cut({0, chunk.index - 1}) &&
          (state = check_goal(cell, record.tallies(0))).met)
        break;
      if (rule == Rule::luckiest && chunk.index == kLuckyChunks) break;
      record.add(chunk, *runner.run(chunk.index, record.plan.samples(chunk), [] { return true; }));
      if (rule == Rule::luckiest && chunk.index >= kFewestChunks)
        if (const GoalState now = check_goal(cell, record.tallies(0));
            now.error * std::sqrt(chunk.index) < least) {
          least = now.error * std::sqrt(chunk.index);
          lucky = now;
        }
    }
    state = rule == Rule::luckiest ? lucky : check_goal(cell, record.tallies(0));
    REQUIRE(state.statistic == statistic);
    const double exact = analysis::Exact(cell)(statistic)->value;
    const double deviation = (state.value - exact) / state.error;
    coverage.one_sigma += std::abs(deviation) <= 1 ? 1.0 / repetitions : 0;
    coverage.two_sigma += std::abs(deviation) <= 2 ? 1.0 / repetitions : 0;
    coverage.bias += deviation / repetitions;
    coverage.samples += static_cast<double>(total(record.tallies(0)).samples) / repetitions;
    coverage.met += state.met ? 1.0 / repetitions : 0;
  }
  WARN(statistic << (rule == Rule::stages     ? ", stopped at the end of a stage: "
                     : rule == Rule::luckiest ? ", stopped at the luckiest chunk: "
                                              : ", all samples: ")
                 << 100 * coverage.one_sigma << "% within 1 error, " << 100 * coverage.two_sigma
                 << "% within 2, bias " << coverage.bias << " errors, " << coverage.samples << " samples, "
                 << 100 * coverage.met << "% within the target");
  return coverage;
}

}  // namespace

TEST_CASE("the statistics of a cell are those that it gets estimates of") {
  for (const Cell& cell : test::cells_of_every_observable()) {
    INFO(cell.label());
    Record record(Plan("", {cell}, ""));
    const ChunkRunner runner(cell);
    for (Chunk chunk{0, 0}; chunk.index < record.plan.chunks(0); ++chunk.index)
      record.add(chunk, *runner.run(chunk.index, record.plan.samples(chunk), [] { return true; }));
    std::vector<std::string> names;
    for (const Estimate& estimate : analysis::estimates_alone(record))
      names.push_back(estimate.statistic.text());
    // What had nothing to be computed from has no estimate, though the cell could have had one.
    std::vector<std::string> possible = statistics_of(cell);
    std::erase_if(possible, [&](const std::string& name) {
      return std::ranges::find(names, name) == names.end() &&
             (name == "reverse_cross_entropy" || name == "first_inconsistency_depth" ||
              name == "effective_runs");
    });
    CHECK(possible == names);
  }
}

TEST_CASE("a goal is judged by the errors that the table shows") {
  const std::string targets = "variance:0.05+skewness:0.1+variance@2:0.01+valid_rate:0.1";
  Record record(Plan("", {Cell::make(with(kColoring, {{"sampling.target-relative-error", targets}}))}, ""));
  const Cell& cell = record.plan.cells()[0];
  const ChunkRunner runner(cell);
  for (Chunk chunk{0, 0}; chunk.index < stage_end(record.plan, {0, 0}); ++chunk.index)
    record.add(chunk, *runner.run(chunk.index, record.plan.samples(chunk), [] { return true; }));
  const GoalState state = check_goal(cell, record.tallies(0));
  const GoalState by_table = judge(cell.targets(), analysis::estimates(record));
  CHECK(state.excess == by_table.excess);
  CHECK(state.statistic == by_table.statistic);
  // The same without subtrees among the targets, where their sums are left out.
  const Cell whole =
      Cell::make(with(kColoring, {{"sampling.target-relative-error", "valid_rate:0.1+variance:0.05"}}));
  CHECK(check_goal(whole, record.tallies(0)).excess ==
        judge(whole.targets(), analysis::estimates(record)).excess);
  // Fewer than two bins have no error, and so meet nothing.
  CellTally one;
  one[0] = record.tallies(0)[0];
  CHECK_FALSE(check_goal(cell, one).met);
  CHECK_FALSE(check_goal(cell, {}).met);
}

TEST_CASE("rates of 0 and 1, and sums that never vary") {
  const Cell cell = Cell::make(with(kColoring, {{"sampling.target-relative-error", "valid_rate:0.01"}}));
  CellTally bins = empty_bins(cell);
  for (Tally& bin : bins) bin.samples = 100;
  CHECK(std::isinf(check_goal(cell, bins).excess));  // none valid so far
  const Cell absolute = Cell::make(with(kColoring, {{"sampling.target-absolute-error", "valid_rate:1e-3"}}));
  CHECK(check_goal(absolute, bins).met);
  for (Tally& bin : bins) bin.counts(fields::valid)[3] = 100;
  CHECK(check_goal(cell, bins).met);  // all valid: 1 ± 0.7/N
  CHECK(check_goal(cell, bins).error > 0);
  // Sums that did not vary though they may have met nothing; where they cannot, there is no error.
  CHECK_FALSE(
      check_goal(Cell::make(with(kIsing, {{"sampling.target-relative-error", "variance:0.01"}})), bins).met);
  CHECK(check_goal(Cell::make(with(
                       kIsing, {{"language.rho", "1"}, {"sampling.target-relative-error", "variance:0.01"}})),
                   bins)
            .met);
  CHECK_FALSE(
      check_goal(Cell::make(with(kIsing, {{"sampling.target-relative-error", "excess_kurtosis:0.01"}})), bins)
          .met);
}

// 600 repetitions, 1 error: ±1.9% (standard deviation), 2 errors: ±0.9%. An error from 64 bins is itself
// uncertain by 9%, so errors cover 68.0% and 95.0% without any stopping (Student's t, 63 degrees of freedom).
// Bounds are 4 standard deviations below. With 1000 repetitions, stages: 66.7% and 94.9% (variance), 67.8%
// and 94.3% (valid rate).
TEST_CASE("coverage after stopping: errors still cover, and those of lucky moments do not") {
  constexpr int kRepetitions = 600;
  const Parameters variance = with(kIsing, {{"generator.method", "collapsed"},
                                            {"sampling.samples", "64"},
                                            {"sampling.max-samples", "4000"},
                                            {"sampling.target-relative-error", "0.04"}});
  const Parameters rate = with(kColoring, {{"observe.subtrees", "off"},
                                           {"sampling.samples", "64"},
                                           {"sampling.max-samples", "4000"},
                                           {"sampling.target-relative-error", "valid_rate:0.04"}});
  for (const auto& [parameters, statistic] : {std::pair(variance, "variance"), {rate, "valid_rate"}}) {
    const Coverage right = cover(parameters, statistic, Rule::stages, kRepetitions);
    CHECK(right.one_sigma > 0.60);
    CHECK(right.two_sigma > 0.91);
    CHECK(std::abs(right.bias) < 0.25);
    CHECK(right.met > 0.99);
    const Coverage wrong = cover(parameters, statistic, Rule::luckiest, kRepetitions / 3);
    CHECK(wrong.one_sigma < 0.64);
    CHECK(wrong.two_sigma < 0.91);  // fails what the right one passes
  }
}

TEST_CASE("a goal is judged by the same errors as the table shows, whatever the method") {
  const Parameters splitting = with(kColoring, {{"generator.method", "splitting"},
                                                {"generator.particles", "16"},
                                                {"sampling.samples", "2048"},
                                                {"sampling.max-samples", "4096"}});
  const Parameters sums = with(kIsing, {{"generator.method", "collapsed"}, {"sampling.samples", "640"}});
  const Parameters sentences = with(kColoring, {{"sampling.samples", "640"}});
  for (const auto& [parameters, statistic] : {std::pair{splitting, "valid_rate"},
                                              {splitting, "free_rate"},
                                              {sums, "variance"},
                                              {sentences, "valid_rate"},
                                              {sentences, "variance@2"}}) {
    INFO(statistic);
    const Cell cell =
        Cell::make(with(parameters, {{"sampling.target-relative-error", std::string(statistic) + ":1e-9"}}));
    Record record(Plan("", {cell}, ""));
    const ChunkRunner runner(cell);
    const std::uint32_t first = stage_end(record.plan, {0, 0});
    for (Chunk chunk{0, 0}; chunk.index < first; ++chunk.index)
      record.add(chunk, *runner.run(chunk.index, record.plan.samples(chunk), [] { return true; }));
    const auto list = analysis::estimates_alone(record);
    const auto shown = std::ranges::find(list, StatisticName(statistic), &Estimate::statistic);
    REQUIRE(shown != list.end());
    const GoalState state = check_goal(cell, record.tallies(0));
    CHECK_FALSE(state.met);
    CHECK(state.excess == Approx(shown->error / (1e-9 * std::abs(shown->value))));
  }
}

}  // namespace goal_check_test
