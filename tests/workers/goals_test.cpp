#include "workers/goals.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <set>

#include "engine/kernels/chunk_runner.h"
#include "engine/observe/estimate.h"
#include "engine/observe/power_sums.h"
#include "tests/workers/counted_clock.h"
#include "workers/dry_run.h"
#include "workers/run.h"

namespace goals_test {

using namespace leafcast;
using namespace leafcast::workers;

namespace {

Cell cell(const std::string& samples, const std::string& most = "", const std::string& height = "3") {
  Parameters parameters = {{"language.kind", "ising"},  {"language.d", "3"},
                           {"language.height", height}, {"language.rho", "0.9"},
                           {"generator.kind", "true"},  {"sampling.samples", samples}};
  if (!most.empty()) {
    parameters["sampling.max-samples"] = most;
    parameters["sampling.target-relative-error"] = "0.02";
  }
  return Cell::make(parameters);
}

/// Relative error of E S² from its fluctuations over the bins: enough of an estimator here.
GoalState spread_of_bins(const Cell& cell, const CellTally& bins) {
  double sum = 0, squares = 0;
  for (const Tally& bin : bins) {
    if (bin.samples == 0) return {};
    const double mean = wide(bin, fields::sum_s[1], cell.language().height).convert_to<double>() /
                        static_cast<double>(bin.samples);
    sum += mean / kJackknifeBins;
    squares += mean * mean / kJackknifeBins;
  }
  const double error = std::sqrt((squares - sum * sum) / (kJackknifeBins - 1));
  return judge(cell.targets(), std::vector<Estimate>{{0, "variance", sum, error}});
}

Plan goal_plan() {
  return Plan("", {cell("128", "100000"), cell("3000"), cell("64", "200", "4"), cell("500", "200000", "4")},
              "");
}

Record finished(const Plan& plan, double max_seconds = std::numeric_limits<double>::infinity(),
                int* runs = nullptr) {
  CountedCommunicator alone(1e-6);
  Record record(plan);
  RunSettings settings;
  settings.goal_check = spread_of_bins;
  settings.max_seconds = max_seconds;
  const RunSinks sinks{[](const Record&) {}, [](const Progress&, bool) {}};
  while (run_master(alone, record, settings, sinks) == Outcome::interrupted) {
    REQUIRE(runs != nullptr);
    REQUIRE(++*runs < 10000);
  }
  return record;
}

}  // namespace

TEST_CASE("a run goes on in stages until goals are met or maxima reached, and not beyond") {
  const Plan plan = goal_plan();
  const Record record = finished(plan);
  CHECK(is_complete(record, spread_of_bins));
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    const auto done = static_cast<std::uint32_t>(record.ledger.count(c));
    CHECK(done == stage_end(plan, {c, done - 1}));
    CHECK(boost::icl::last(record.ledger.intervals(c)) == done - 1);  // no gaps
    if (!plan.cells()[c].has_goal()) continue;
    const GoalState state = spread_of_bins(plan.cells()[c], record.tallies(c));
    CHECK((state.met || done == plan.chunks(c)));
    // The stage before did not suffice.
    Record before(plan);
    const Plan::Cut& last = plan.cuts(c)[plan.cut({c, done - 1})];
    if (last.first == 0) continue;
    const ChunkRunner runner(plan.cells()[c]);
    for (Chunk chunk{c, 0}; chunk.index < last.first; ++chunk.index)
      before.add(chunk, *runner.run(chunk.index, plan.samples(chunk), [] { return true; }));
    CHECK_FALSE(spread_of_bins(plan.cells()[c], before.tallies(c)).met);
  }
  CHECK(total(record.tallies(2)).samples == 200);  // a maximum too low for its target
  CHECK(total(record.tallies(0)).samples < 100000);
  CHECK(total(record.tallies(0)).samples > 128);
}

TEST_CASE("however often it is interrupted, the same chunks are done") {
  const Record whole = finished(goal_plan());
  int runs = 0;
  const Record pieces = finished(goal_plan(), 0.002, &runs);
  CHECK(runs > 3);
  CHECK(pieces.ledger == whole.ledger);
  CHECK(pieces.has_sums_of(whole));
}

TEST_CASE("many workers in any order do the same chunks, none of a stage that is not decided") {
  const Plan plan = goal_plan();
  const Record whole = finished(plan);
  const CostModel costs;
  const GoalCheck check = spread_of_bins;
  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    Record record(plan);
    Goals goals(record, check, costs);
    const int workers = 1 + static_cast<int>(random() % 50);
    Dispatcher dispatcher(plan, record.ledger, {}, workers, costs, goals.wants());
    std::vector<std::vector<Chunk>> held(static_cast<std::size_t>(workers));
    std::vector<ChunkRunner> runners;
    for (const Cell& c : plan.cells()) runners.emplace_back(c);
    while (!dispatcher.finished()) {
      const int w = static_cast<int>(random()) % workers, worker = w < 0 ? w + workers : w;
      auto& mine = held[static_cast<std::size_t>(worker)];
      for (const Chunk chunk : dispatcher.grant(worker, 1 + random() % 40)) {
        REQUIRE(chunk.index < goals.wanted()[chunk.cell]);
        mine.push_back(chunk);
      }
      if (random() % 20 == 0) {
        dispatcher.release(worker);
        mine.clear();
      }
      std::shuffle(mine.begin(), mine.end(), random);
      for (std::size_t some = mine.empty() ? 0 : random() % mine.size() + 1; some > 0; --some) {
        const Chunk chunk = mine.back();
        mine.pop_back();
        REQUIRE(dispatcher.finish(worker, chunk));
        record.add(chunk, *runners[chunk.cell].run(chunk.index, plan.samples(chunk), [] { return true; }));
        if (dispatcher.left(chunk.cell) == 0)
          for (const auto& [cell, more] : goals.next(chunk.cell)) dispatcher.extend(cell, more);
      }
    }
    CHECK(record.ledger == whole.ledger);
    CHECK(record.has_sums_of(whole));
    CHECK(goals.foreseen_chunks() == 0);
    CHECK(goals.foreseen_seconds() == Approx(0).margin(1e-9));
    CHECK(dispatcher.seconds_left() == Approx(0).margin(1e-9));
  }
}

TEST_CASE("what is unknown goes out first, then the largest error, cells without a goal last") {
  const Plan plan("", {cell("64"), cell("64", "1000"), cell("64", "1000", "2"), cell("64", "1000", "1")}, "");
  const std::vector<Dispatcher::Want> wants = {
      {64, 0}, {64, std::numeric_limits<double>::infinity()}, {128, 1.5}, {128, 2.5}};
  Ledger done(4);
  done.insert_range(2, 0, 63);
  done.insert_range(3, 0, 63);
  Dispatcher dispatcher(plan, done, {}, 1, {}, wants);
  std::vector<std::uint32_t> order;
  while (dispatcher.waiting() > 0)
    for (const Chunk chunk : dispatcher.grant(0, 1)) {
      if (order.empty() || order.back() != chunk.cell) order.push_back(chunk.cell);
    }
  CHECK(order == std::vector<std::uint32_t>{1, 3, 2, 0});
  CHECK_THROWS_AS(dispatcher.extend(3, {192, 2}), std::logic_error);
  for (std::uint32_t i = 64; i < 128; ++i) dispatcher.finish(0, {3, i});
  CHECK(dispatcher.left(3) == 0);
  dispatcher.extend(3, {192, 1.1});
  CHECK(dispatcher.left(3) == 64);
  CHECK(dispatcher.grant(0, 1).front() == Chunk{3, 128});
}

TEST_CASE("the end of a stage costs little: ranks are busy while one cell goes through its stages") {
  const Plan plan("",
                  {Cell::make({{"language.kind", "ising"},
                               {"language.d", "3"},
                               {"language.height", "8"},
                               {"language.rho", "0.9"},
                               {"generator.kind", "kgram"},
                               {"generator.context", "81"},
                               {"sampling.samples", "100000"},
                               {"sampling.max-samples", "10000000"},
                               {"sampling.target-relative-error", "1e-9"}})},
                  "");
  DryMachine machine;
  machine.clock = CountedClock{};
  machine.ranks = GENERATE(2, 16, 64);
  const DryRun run = run_dry(plan, {}, machine);
  CHECK(run.chunks == plan.total_chunks());
  WARN(machine.ranks << " ranks, " << plan.cuts(0).size() << " stages, " << run.chunks
                     << " chunks of one cell: efficiency " << run.efficiency);
  CHECK(run.efficiency > (machine.ranks > 32 ? 0.8 : 0.93));
}

}  // namespace goals_test
