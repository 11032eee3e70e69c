#include "workers/dispatcher.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "engine/plan/cost.h"

namespace dispatcher_test {

using namespace leafcast;
using workers::Dispatcher;

namespace {

Cell cell(int height, const std::string& samples) {
  return Cell::make({{"language.kind", "ising"},
                     {"language.d", "3"},
                     {"language.height", std::to_string(height)},
                     {"language.rho", "0.9"},
                     {"generator.kind", "true"},
                     {"sampling.samples", samples}});
}
Plan small_plan() { return Plan("", {cell(3, "6400"), cell(6, "6400"), cell(4, "10")}, ""); }

}  // namespace

TEST_CASE("every chunk goes out once, longest first") {
  const Plan plan = small_plan();
  Dispatcher dispatcher(plan, Ledger(3), {}, 2);
  std::map<Chunk, int> seen;
  double last = 1e300;
  while (true) {
    const auto chunks = dispatcher.grant(1, 3);
    if (chunks.empty()) break;
    for (const Chunk chunk : chunks) {
      const double cost = CostModel().chunk_seconds(plan, {chunk.cell, 0});
      CHECK(cost <= last);
      last = cost;
      ++seen[chunk];
      dispatcher.finish(1, chunk);
    }
  }
  CHECK(seen.size() == plan.total_chunks());
  for (const auto& [chunk, count] : seen) CHECK(count == 1);
  CHECK(dispatcher.finished());
  CHECK(dispatcher.seconds_left() == Approx(0).margin(1e-9));
}

TEST_CASE("done chunks are not granted, released ones are granted again") {
  const Plan plan = small_plan();
  Ledger done(3);
  done.insert_range(1, 0, 9);
  Dispatcher dispatcher(plan, done, {}, 4);
  CHECK(dispatcher.waiting() == plan.total_chunks() - 10);
  std::mt19937 engine(5);
  Ledger finished = done;
  // Workers finish or lose what they hold, in any order.
  while (!dispatcher.finished()) {
    const int worker = static_cast<int>(engine() % 4);
    const auto chunks = dispatcher.grant(worker, 1 + engine() % 3);
    if (engine() % 4 == 0) {
      dispatcher.release(worker);
      continue;
    }
    for (const Chunk chunk : chunks) {
      dispatcher.finish(worker, chunk);
      REQUIRE(finished.insert(chunk));
    }
  }
  CHECK(finished.count() == plan.total_chunks());
}

TEST_CASE("the cost model decides the order, and the longest chunk that may go out") {
  const Plan plan("",
                  {cell(3, "6400"), Cell::make({{"language.kind", "ising"},
                                                {"language.d", "3"},
                                                {"language.height", "3"},
                                                {"language.rho", "0.9"},
                                                {"generator.kind", "kgram"},
                                                {"generator.context", "9"},
                                                {"sampling.samples", "6400"}})},
                  "");
  const auto model = [&](double first, double second) {
    return CostModel({}, {{work_class(plan.cells()[0]), {first, 0, 1e-12}},
                          {work_class(plan.cells()[1]), {second, 0, 1e-12}}});
  };
  CHECK(Dispatcher(plan, Ledger(2), {}, 1, model(3, 2)).grant(0, 1).front().cell == 0);
  CHECK(Dispatcher(plan, Ledger(2), {}, 1, model(2, 3)).grant(0, 1).front().cell == 1);

  Dispatcher dispatcher(plan, Ledger(2), {}, 1, model(20, 3));
  CHECK(dispatcher.grant(0, 1, 2).empty());
  const auto short_ones = dispatcher.grant(0, 2, 10);
  REQUIRE(short_ones.size() == 2);
  CHECK(short_ones[0].cell == 1);
  CHECK(dispatcher.grant(0, 1).front().cell == 0);
  CHECK(dispatcher.seconds_held_by(0) == Approx(26));
  CHECK(dispatcher.seconds_left() == Approx(64 * 23));
  dispatcher.release(0);
  CHECK(dispatcher.seconds_held_by(0) == 0);
  CHECK(dispatcher.waiting() == plan.total_chunks());
  CHECK(dispatcher.grant(0, 1000).size() == plan.total_chunks());
}

TEST_CASE("slices are disjoint and together the whole") {
  const Plan plan = small_plan();
  Ledger all(3);
  for (std::uint64_t i = 0; i < 5; ++i) {
    Dispatcher dispatcher(plan, Ledger(3), {i, 5}, 1);
    for (const Chunk chunk : dispatcher.grant(0, 100000)) REQUIRE(all.insert(chunk));
  }
  CHECK(all.count() == plan.total_chunks());
}

TEST_CASE("a result that was not granted is refused") {
  const Plan plan = small_plan();
  Dispatcher dispatcher(plan, Ledger(3), {}, 3);
  const Chunk chunk = dispatcher.grant(1, 1).front();
  CHECK_THROWS_AS(dispatcher.finish(2, chunk), std::logic_error);
  dispatcher.finish(1, chunk);
  CHECK_THROWS_AS(dispatcher.finish(1, chunk), std::logic_error);
}

TEST_CASE("a copy: the first result counts, the other is dropped") {
  const Plan plan = small_plan();
  const std::uint64_t all = plan.total_chunks();
  Dispatcher dispatcher(plan, Ledger(3), {}, 4);
  const std::vector<Chunk> held = dispatcher.grant(1, all);
  const auto only = [](std::set<int> late) { return [late](int worker) { return late.contains(worker); }; };
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(dispatcher.copy(2, 1, 1, infinity, only({})).empty());
  CHECK(dispatcher.copy(2, 1, 1, 0, only({1})).empty());
  CHECK(dispatcher.copy(1, 1, 1, infinity, only({1})).empty());
  const Chunk chunk = dispatcher.copy(2, 1, 1, infinity, only({1})).front();
  CHECK(dispatcher.held() == all);
  CHECK(dispatcher.held_by(2) == 1);
  CHECK(dispatcher.copy(3, 1, all, infinity, only({1})).size() == all - 1);  // not what 2 is doing
  CHECK(dispatcher.copy(3, 2, all, infinity, only({1, 2})).front() == chunk);

  SECTION("the copy is first") {
    CHECK(dispatcher.finish(2, chunk));
    CHECK(dispatcher.held() == all - 1);
    CHECK(dispatcher.held_by(1) == all - 1);
    CHECK(dispatcher.idle(2));
    CHECK(!dispatcher.finish(1, chunk));
    CHECK(!dispatcher.finish(3, chunk));
    CHECK_THROWS_AS(dispatcher.finish(1, chunk), std::logic_error);
  }
  SECTION("the first holder is first") {
    CHECK(dispatcher.finish(1, chunk));
    CHECK(dispatcher.held_by(2) == 0);
    CHECK(!dispatcher.idle(2));
    CHECK(!dispatcher.finish(2, chunk));
    CHECK(dispatcher.idle(2));
  }
  SECTION("what two hold waits again when both have released it") {
    dispatcher.release(1);
    CHECK(dispatcher.waiting() == 0);
    dispatcher.release(2);
    CHECK(dispatcher.waiting() == 0);  // 3 has them all
    dispatcher.release(3);
    CHECK(dispatcher.waiting() == all);
    CHECK(dispatcher.held() == 0);
  }
  SECTION("time left counts each chunk once") {
    for (const Chunk done : held) dispatcher.finish(1, done);
    CHECK(dispatcher.finished());
    CHECK(dispatcher.seconds_left() == Approx(0).margin(1e-9));
  }
}

TEST_CASE("whether a chunk may be given once more is asked of its holders, however many workers there are") {
  const Plan plan = small_plan();
  constexpr int kWorkers = 1000;
  Dispatcher dispatcher(plan, Ledger(3), {}, kWorkers);
  dispatcher.grant(1, 1);
  int asked = 0;
  const auto late = [&](int) { return ++asked > 0; };
  for (int worker = 2; worker < 5; ++worker) {
    asked = 0;
    CHECK(dispatcher.copy(worker, 1, 1, std::numeric_limits<double>::infinity(), late).size() == 1);
    CHECK(asked <= worker);
  }
  dispatcher.release(2);
  asked = 0;
  CHECK(dispatcher.copy(5, 1, 1, std::numeric_limits<double>::infinity(), late).size() == 1);
  CHECK(asked == 4);  // of 1 at first, and 1, 3, 4
  CHECK(dispatcher.held() == 1);
}

}  // namespace dispatcher_test
