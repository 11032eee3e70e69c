#include "workers/dry_run.h"

#include <catch2/catch.hpp>

#include "tests/workers/counted_clock.h"

namespace dry_run_test {

using namespace leafcast;
using namespace leafcast::workers;

namespace {

/// So many chunks of a second each, by a model that says so.
Plan plan_of(const std::string& samples) {
  return Plan("",
              {Cell::make({{"language.kind", "ising"},
                           {"language.d", "3"},
                           {"language.height", "8"},
                           {"language.rho", "0.9"},
                           {"generator.kind", "kgram"},
                           {"generator.context", "81"},
                           {"observe.subtrees", "off"},
                           {"observe.histogram", "off"},
                           {"sampling.samples", samples}})},
              "");
}
CostModel one_second_a_chunk(const Plan& plan) {
  const double nominal = CostModel().chunk_seconds(plan, {0, 0});
  return CostModel({}, {{work_class(plan.cells()[0]), {0, 0, 1 / nominal}}});
}

}  // namespace

TEST_CASE("ranks that all take the same time are all busy") {
  const Plan plan = plan_of("1000000");
  const CostModel costs = one_second_a_chunk(plan);
  DryMachine machine;
  machine.clock = CountedClock{};
  machine.ranks = 8;
  machine.spread = 0;
  const DryRun run = run_dry(plan, costs, machine);
  CHECK(run.chunks == plan.total_chunks());
  CHECK(run.core_seconds == Approx(costs.cell_seconds(plan, 0)).epsilon(1e-9));
  CHECK(run.efficiency > 0.95);
  CHECK(run.efficiency <= 1);
  CHECK(run.tail_seconds < 2.5);
  CHECK(run.doubled == 0);
}

TEST_CASE("one chunk more than there are ranks takes a second round") {
  const Plan plan = plan_of("64");  // 64 chunks
  DryMachine machine;
  machine.clock = CountedClock{};
  machine.ranks = 64;  // 63 sample
  machine.spread = 0;
  const DryRun run = run_dry(plan, one_second_a_chunk(plan), machine);
  CHECK(run.seconds > 1.99);
  CHECK(run.seconds < 2.5);
  CHECK(run.efficiency == Approx(0.5).margin(0.02));
  CHECK(run.tail_seconds == Approx(1).margin(0.1));
}

TEST_CASE("ten thousand ranks with chunks of a second: efficient, with a light load on rank 0") {
  const Plan plan = plan_of("400000000");
  const CostModel costs = one_second_a_chunk(plan);
  REQUIRE(plan.total_chunks() > 60000);
  DryMachine machine;
  machine.clock = CountedClock{};
  machine.ranks = 10000;
  const DryRun run = run_dry(plan, costs, machine);
  CHECK(run.chunks == plan.total_chunks());
  CHECK(run.seconds >= run.core_seconds / 9999);
  CHECK(run.dispatch_seconds > 0);
  CHECK(run.dispatch_seconds < run.seconds);
  WARN("10,000 ranks, " << run.chunks << " chunks: efficiency " << run.efficiency << ", tail "
                        << run.tail_seconds << " s of " << run.seconds << " s, rank 0 busy for "
                        << run.dispatch_seconds << " s");
}

TEST_CASE("ranks that never answer do not hold up the rest") {
  const Plan plan = plan_of("100000");
  DryMachine machine;
  machine.clock = CountedClock{};
  machine.ranks = GENERATE(3, 16, 200);
  machine.stopped_ranks = machine.ranks / 3;
  const DryRun run = run_dry(plan, one_second_a_chunk(plan), machine);
  CHECK(run.chunks == plan.total_chunks());
  const int alive = machine.ranks - machine.stopped_ranks - (machine.ranks > 32 ? 1 : 0);
  CHECK(run.seconds < 1.3 * run.core_seconds / alive + 30);
}

}  // namespace dry_run_test
