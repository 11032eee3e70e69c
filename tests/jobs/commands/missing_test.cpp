#include "jobs/commands/missing.h"

#include <catch2/catch.hpp>

#include "engine/plan/stages.h"

namespace missing_test {

using namespace leafcast;
using namespace leafcast::jobs;

namespace {

Cell cell(const std::string& height, const std::string& seed = "1", const std::string& samples = "1000") {
  return Cell::from_parameters({{"language.kind", "ising"},
                                {"language.d", "3"},
                                {"language.rho", "0.9"},
                                {"language.height", height},
                                {"seed", seed},
                                {"sampling.samples", samples}});
}

/// Two cells of 64 chunks.
Plan plan() { return Plan("", {cell("3"), cell("4")}, ""); }

/// What `run --slice` does: chunks are dealt out in turn, through all cells. All but the last `unfinished`.
Ledger slice(const Plan& plan, std::uint64_t index, std::uint64_t count, std::uint64_t unfinished = 0) {
  std::vector<Chunk> chunks;
  std::uint64_t running = 0;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t i = 0; i < plan.chunks(c); ++i)
      if (running++ % count == index - 1) chunks.push_back({c, i});
  Ledger ledger(plan.cells().size());
  for (std::size_t i = 0; i + unfinished < chunks.size(); ++i) ledger.insert(chunks[i]);
  return ledger;
}

std::string missing(const Plan& plan, const std::vector<Ledger>& inputs) {
  Ledger done(plan.cells().size());
  for (const Ledger& input : inputs) done += input;
  return describe_missing(plan, done, wanted_chunks(Record(plan), {}), inputs);
}

}  // namespace

TEST_CASE("nothing is missing from what is complete") {
  const Plan p = plan();
  CHECK(missing(p, {slice(p, 1, 1)}).empty());
  CHECK(missing(p, {slice(p, 1, 3), slice(p, 2, 3), slice(p, 3, 3)}).empty());
}

TEST_CASE("missing slices are named, whole or in part") {
  const Plan p = plan();  // slices 1/3 and 2/3 have 43 chunks, 3/3 has 42
  CHECK(missing(p, {slice(p, 1, 3), slice(p, 3, 3)}) == "missing slices: 2/3 (all 43 chunks)");
  CHECK(missing(p, {slice(p, 1, 3)}) == "missing slices: 2/3 (all 43 chunks), 3/3 (all 42 chunks)");
  CHECK(missing(p, {slice(p, 1, 3), slice(p, 2, 3), slice(p, 3, 3, 20)}) ==
        "missing slices: 3/3 (20 of 42 chunks)");
  CHECK(missing(p, {slice(p, 16, 16)}) ==
        "missing slices: 1/16 (all 8 chunks), 2/16 (all 8 chunks), 3/16 (all 8 chunks), 4/16 (all 8 chunks), "
        "5/16 "
        "(all 8 chunks), 6/16 (all 8 chunks), 7/16 (all 8 chunks), 8/16 (all 8 chunks), and 7 more slices");
}

TEST_CASE("where slices cannot be told, cells are named, that lack most first") {
  const Plan p = plan();
  Ledger done = slice(p, 1, 1, 5);  // the last five chunks of the last cell
  CHECK(missing(p, {done}) == "missing: 5 of 64 chunks of cell 1 (ising d=3 ρ=0.9 h=4 · true)");
  Ledger first(2);
  first.insert_range(0, 0, 61);
  CHECK(missing(p, {first}) ==
        "missing: all 64 chunks of cell 1 (ising d=3 ρ=0.9 h=4 · true), 2 of 64 chunks of cell 0 (ising d=3 "
        "ρ=0.9 "
        "h=3 · true)");
  // No slice is whole, and united slices no longer show what they were.
  CHECK(missing(p, {slice(p, 1, 2, 1), slice(p, 2, 2, 1)}).starts_with("missing: 2 of 64 chunks of cell 1"));
  Ledger two_thirds = slice(p, 1, 3);
  two_thirds += slice(p, 2, 3);
  CHECK(missing(p, {two_thirds}).starts_with("missing: 21 of 64 chunks of cell 0"));
}

TEST_CASE("of pooled cells, seeds are named") {
  const Plan p("", {cell("3", "1+2", "1000+40"), cell("4", "2", "30")}, "");
  Ledger done(2);
  done.insert_range(0, 0, 73);
  done.insert_range(1, 5, 9);
  CHECK(missing(p, {done}) == "missing: 55 of 70 chunks of seed 2");
}

}  // namespace missing_test
