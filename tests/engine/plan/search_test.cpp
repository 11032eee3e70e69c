#include "engine/plan/search.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "engine/error.h"
#include "engine/plan/stages.h"
#include "tests/support/cells.h"

namespace search_test {

using namespace leafcast;
using leafcast::test::with;

namespace {

Parameters coloring(const Parameters& more = {}) {
  return with({{"language.kind", "coloring"},
               {"language.d", "3"},
               {"language.q", "3"},
               {"language.height", "5"},
               {"generator.kind", "kgram"},
               {"sampling.samples", "64"},
               {"sampling.crossing", "valid_rate:0.9"}},
              more);
}

Plan plan_of(int contexts, const Parameters& more = {}) {
  std::vector<Cell> cells;
  for (int k = contexts; k >= 1; --k)  // in no order that would help
    cells.push_back(Cell::make(coloring(with({{"generator.context", std::to_string(k)}}, more))));
  return Plan("", std::move(cells), "");
}

CellError refused(const Parameters& more) {
  try {
    Cell::make(coloring(with({{"generator.context", "5"}}, more)));
  } catch (const CellError& e) {
    return e;
  }
  return {"accepted", "", ""};
}

/// All that is ever wanted, if the candidate at place i is on the side given: cells finish one by one, in an order of the
/// generator's.
std::set<std::uint32_t> all_wanted(const Search& search, const std::vector<std::vector<Side>>& side_of,
                                   std::mt19937& random) {
  SearchProgress progress(search);
  std::vector<std::uint32_t> waiting = progress.wanted();
  const auto finish = [&](std::uint32_t cell) {
    const auto place = std::ranges::find(search.cells, cell) - search.cells.begin();
    for (const std::uint32_t more : progress.finish(cell, side_of[static_cast<std::size_t>(place)]))
      waiting.push_back(more);
  };
  // Some that nobody has asked for are done as well, as after a file was lost.
  std::set<std::uint32_t> done;
  for (std::size_t i = 0; i < search.cells.size() / 10; ++i) {
    done.insert(search.cells[random() % search.cells.size()]);
    finish(*done.rbegin());
  }
  while (!waiting.empty()) {
    std::swap(waiting[random() % waiting.size()], waiting.back());
    const std::uint32_t next = waiting.back();
    waiting.pop_back();
    finish(next);
  }
  const auto wanted = progress.wanted();
  return {wanted.begin(), wanted.end()};
}

std::vector<std::vector<Side>> crossing_at(std::size_t count, std::size_t place) {
  std::vector<std::vector<Side>> sides;
  for (std::size_t i = 0; i < count; ++i) sides.push_back({i < place ? Side::below : Side::above});
  return sides;
}

}  // namespace

TEST_CASE("searches unite cells that differ in their axis alone, in its order") {
  std::vector<Cell> cells;
  for (const char* height : {"4", "5"})
    for (const char* k : {"27", "3", "9", "81"})
      cells.push_back(Cell::make(coloring({{"language.height", height}, {"generator.context", k}})));
  cells.push_back(Cell::make(with(coloring({{"generator.context", "3"}}), {{"seed", "2"}})));
  Parameters plain = coloring({{"generator.context", "243"}});
  plain.erase("sampling.crossing");
  cells.push_back(Cell::make(plain));
  const auto all = searches(Plan("", cells, ""));
  REQUIRE(all.size() == 3);
  CHECK(all[0].cells == std::vector<std::uint32_t>{1, 2, 0, 3});
  CHECK(all[1].cells == std::vector<std::uint32_t>{5, 6, 4, 7});
  CHECK(all[2].cells == std::vector<std::uint32_t>{8});
  CHECK(all[0].rule.axis == "generator.context");
  CHECK(all[0].rule.levels.front().statistic == "valid_rate");
}

TEST_CASE(
    "a bisection brackets every crossing with few candidates, whatever the order in which they finish") {
  std::mt19937 random(1);
  for (const int count : {1, 2, 3, 5, 6, 17, 100, 1000}) {
    const Search search = searches(plan_of(count)).front();
    const auto n = static_cast<std::size_t>(count);
    for (int trial = 0; trial < 30; ++trial) {
      const std::size_t place = random() % (n + 1);
      INFO(count << " candidates, crossing at " << place);
      const auto sides = crossing_at(n, place);
      const auto wanted = all_wanted(search, sides, random);
      for (int order = 0; order < 3; ++order) CHECK(all_wanted(search, sides, random) == wanted);
      CHECK(wanted.size() <= 5 + static_cast<std::size_t>(std::ceil(std::log2(n))));
      if (place > 0 && place < n) {
        CHECK(wanted.contains(search.cells[place - 1]));
        CHECK(wanted.contains(search.cells[place]));
      }
    }
  }
}

TEST_CASE("levels of several statistics are each bracketed, and what is unknown is across nothing") {
  std::mt19937 random(2);
  const Plan plan = plan_of(200, {{"sampling.crossing", "variance:2 + valid_rate:0.9"}});
  const Search search = searches(plan).front();
  REQUIRE(search.rule.levels.size() == 2);
  std::vector<std::vector<Side>> sides;
  for (std::size_t i = 0; i < 200; ++i)
    sides.push_back({i < 40 ? Side::above : Side::below, i < 20    ? Side::unknown
                                                         : i < 150 ? Side::below
                                                                   : Side::above});
  const auto wanted = all_wanted(search, sides, random);
  for (const std::size_t place : {39u, 40u, 149u, 150u}) CHECK(wanted.contains(search.cells[place]));
  CHECK_FALSE(wanted.contains(search.cells[19]));
  CHECK(wanted.size() < 25);
  for (int order = 0; order < 5; ++order) CHECK(all_wanted(search, sides, random) == wanted);
}

TEST_CASE("an ascent goes up to the crossing and no further") {
  std::mt19937 random(3);
  const Search search = searches(plan_of(50, {{"sampling.search", "ascend"}})).front();
  for (const std::size_t place : {1u, 7u, 49u}) {
    const auto wanted = all_wanted(search, crossing_at(50, place), random);
    CHECK(wanted.size() == place + 1);
    CHECK(wanted.contains(search.cells[place]));
  }
  CHECK(all_wanted(search, crossing_at(50, 50), random).size() == 50);
  CHECK(all_wanted(search, crossing_at(50, 0), random).size() == 50);
}

TEST_CASE("what is foreseen of a search ends at nothing, and is little") {
  std::mt19937 random(4);
  for (const char* how : {"bisect", "ascend"}) {
    const Search search = searches(plan_of(300, {{"sampling.search", how}})).front();
    const auto sides = crossing_at(300, 77);
    SearchProgress progress(search);
    CHECK(progress.foreseen() > 0);
    std::vector<std::uint32_t> waiting = progress.wanted();
    while (!waiting.empty()) {
      CHECK(progress.foreseen() <= 300 - progress.wanted().size());
      const std::uint32_t cell = waiting.back();
      waiting.pop_back();
      const auto place = std::ranges::find(search.cells, cell) - search.cells.begin();
      for (const std::uint32_t more : progress.finish(cell, sides[static_cast<std::size_t>(place)]))
        waiting.push_back(more);
    }
    CHECK(progress.foreseen() == 0);
    CHECK_THROWS_AS(progress.finish(1000, {Side::below}), std::logic_error);
    CHECK_THROWS_AS(progress.finish(search.cells[0], {}), std::logic_error);
  }
}

TEST_CASE("an ascent of many candidates costs little more than their number") {
  const Search search = searches(plan_of(20000, {{"sampling.search", "ascend"}})).front();
  SearchProgress progress(search);
  for (const std::uint32_t cell : search.cells)
    progress.finish(cell, {Side::below});  // the square would take minutes
  CHECK(progress.wanted().size() == 20000);
}

TEST_CASE("a candidate whose key goes without saying is in its place") {
  std::vector<Cell> cells;
  for (const char* temperature : {"1.5", "1", "0.5"})
    cells.push_back(Cell::make(coloring({{"generator.context", "9"},
                                         {"generator.temperature", temperature},
                                         {"sampling.search-along", "temperature"}})));
  const auto all = searches(Plan("", cells, ""));
  REQUIRE(all.size() == 1);
  CHECK(all[0].cells == std::vector<std::uint32_t>{2, 1, 0});
  CHECK(axis_value(cells[1], "generator.temperature") == "1");
}

TEST_CASE("levels and targets may have exponents") {
  const Cell cell = Cell::make(coloring({{"generator.context", "9"},
                                         {"sampling.crossing", "variance:1e5 + valid_rate:0.9"},
                                         {"sampling.target-absolute-error", "variance:1e+05"}}));
  REQUIRE(cell.search()->levels.size() == 2);
  CHECK(cell.search()->levels[1].value == 1e5);
  REQUIRE(cell.targets().size() == 1);
  CHECK(cell.targets()[0].absolute == 1e5);
  CHECK(Cell::from_parameters(cell.parameters()).parameters() == cell.parameters());
}

TEST_CASE("chunks of candidates are wanted once sums ask for them, those that are done stay wanted") {
  const Plan plan = plan_of(100);
  Record record(plan);
  const auto check = [&](const Cell& cell, const CellTally&) {
    GoalState state;
    state.met = true;
    state.sides = {std::stoi(cell.parameters().at("generator.context")) < 60 ? Side::below : Side::above};
    return state;
  };
  const auto finish = [&](std::uint32_t cell) {
    for (std::uint32_t i = 0; i < plan.chunks(cell); ++i)
      record.add({cell, i}, Tally(plan.cells()[cell], plan.samples({cell, i})));
  };
  CHECK(cells_wanted(wanted_chunks(record, check)) == 5);
  CHECK(cells_wanted(wanted_chunks(record, {})) == 5);  // nothing to judge yet
  for (int round = 0; !is_complete(record, check); ++round) {
    REQUIRE(round < 20);
    const auto wanted = wanted_chunks(record, check);
    for (std::uint32_t cell = 0; cell < wanted.size(); ++cell)
      if (record.ledger.count(cell) < wanted[cell]) finish(cell);
  }
  const auto wanted = wanted_chunks(record, check);
  CHECK(cells_wanted(wanted) < 13);
  CHECK(wanted[100 - 59] > 0);
  CHECK(wanted[100 - 60] > 0);
  CHECK_THROWS_AS(wanted_chunks(record, {}), std::logic_error);
  finish(3);  // nobody asked for it
  CHECK(wanted_chunks(record, check)[3] == plan.chunks(3));
}

TEST_CASE("crossings are read and kept in the cell's text, what has no such axis is sampled in any case") {
  const Cell cell = Cell::make(
      coloring({{"generator.context", "9"}, {"sampling.crossing", "valid_rate:.9 + variance : 2"}}));
  CHECK(cell.parameters().at("sampling.crossing") == "valid_rate:0.9+variance:2");
  CHECK(cell.is_adaptive());
  CHECK_FALSE(cell.has_goal());
  Parameters plain = coloring({{"generator.context", "9"}});
  plain.erase("sampling.crossing");
  CHECK(cell.id() == Cell::make(plain).id());
  CHECK(Cell::from_parameters(cell.parameters()).parameters() == cell.parameters());
  CHECK(Cell::make(coloring({{"generator.context", "9"}, {"sampling.crossing", "excess_kurtosis:-0.1"}}))
            .search()
            ->levels.front()
            .value == -0.1);
  const Cell true_language = Cell::make(coloring({{"generator.kind", "true"}}));
  CHECK_FALSE(true_language.search());
  CHECK_FALSE(true_language.parameters().contains("sampling.search"));
  CHECK(
      Cell::make(coloring({{"generator.kind", "block"}, {"generator.context-depth", "2"}})).search()->axis ==
      "generator.context-depth");
  CHECK(Cell::make(coloring({{"generator.context", "9"}, {"sampling.search-along", "height"}}))
            .search()
            ->axis == "language.height");
  CHECK(refused({{"sampling.crossing", "valid_rate"}}).key == "sampling.crossing");
  CHECK(refused({{"sampling.search", "halve"}}).key == "sampling.search");
  Parameters alone = coloring({{"generator.context", "9"}, {"sampling.search", "ascend"}});
  alone.erase("sampling.crossing");
  CHECK_THROWS_AS(Cell::make(alone), CellError);
  CHECK_THROWS_AS(cell.with_shares({{1, 64}, {2, 64}}), CellError);
}

}  // namespace search_test
