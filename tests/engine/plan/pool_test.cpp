#include "engine/plan/pool.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/observable.h"

namespace pool_test {

using namespace leafcast;

namespace {

Cell cell(const std::string& seed, const std::string& samples, const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"},
                           {"language.d", "3"},
                           {"language.height", "4"},
                           {"language.rho", "0.9"},
                           {"generator.kind", "true"},
                           {"sampling.samples", samples},
                           {"seed", seed}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::from_parameters(parameters);
}

Cell block(const std::string& seed, const std::string& samples, const std::string& depth = "2") {
  return cell(
      seed, samples,
      {{"generator.kind", "block"}, {"generator.memory", "root"}, {"generator.context-depth", depth}});
}

CellError refusal(const Parameters& parameters) {
  try {
    Cell::from_parameters(parameters);
  } catch (const CellError& e) {
    return e;
  }
  FAIL("the cell was accepted");
  return CellError("", "", "");
}

PoolError conflict(const std::vector<Plan>& plans) {
  try {
    pool(plans);
  } catch (const PoolError& e) {
    return e;
  }
  FAIL("the plans were pooled");
  return PoolError(0, 0, "");
}

std::vector<Plan> of(std::initializer_list<Cell> cells) {
  std::vector<Plan> plans;
  for (const Cell& one : cells) plans.emplace_back("", std::vector{one}, "");
  return plans;
}

/// A tally that tells its chunk apart from all others, in every sum and count.
Tally marked(const Cell& cell, std::uint64_t samples, std::uint64_t mark) {
  std::mt19937_64 random(mark);
  return simulated_tally(cell, samples, random);
}

/// The chunks of a plan that choose(seed, index within the seed) wants. What a chunk holds is a function of
/// its cell's law, seed and index.
template <class Choose>
Record record_of(const Plan& plan, Choose choose) {
  Record record(plan);
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t i = 0; i < plan.chunks(c); ++i) {
      const std::size_t share = plan.cut({c, i});
      const std::uint64_t seed = plan.cells()[c].shares()[share].seed;
      const std::uint32_t index = i - plan.cuts(c)[share].first;
      if (choose(seed, index))
        record.add({c, i}, marked(plan.cells()[c], plan.samples({c, i}),
                                  plan.cells()[c].id() ^ (seed * 1000003 + index)));
    }
  return record;
}
Record record_of(const Plan& plan) {
  return record_of(plan, [](std::uint64_t, std::uint32_t) { return true; });
}

Record pooled(const std::vector<Record>& records) {
  std::vector<Plan> plans;
  for (const Record& record : records) plans.push_back(record.plan);
  Record sum(pool(plans));
  for (const Record& record : records) PooledPlaces(record.plan, sum.plan).add(record, sum);
  return sum;
}

bool same(const Record& a, const Record& b) {
  return a.plan.text() == b.plan.text() && a.plan.sweep_text() == b.plan.sweep_text() &&
         a.ledger == b.ledger && a.has_sums_of(b);
}

/// Cells of all kinds of samplers, some of fewer samples than there are bins, as one seed of a sweep.
Plan sweep(const std::string& seed, const std::string& samples) {
  return Plan(
      "sweep",
      {cell(seed, samples), cell(seed, "20000", {{"language.rho", "0.7"}}),
       cell(seed, "37", {{"language.rho", "0.8"}}), cell(seed, "300", {{"generator.method", "collapsed"}}),
       block(seed, samples),
       cell(seed, samples,
            {{"generator.kind", "reasoning"}, {"generator.memory-depth", "2"}, {"observe.symbol", "1"}})},
      "seed = " + seed + "\n");
}

Plan plan_a() {
  return Plan("sweep", {cell("1", "1000"), block("1", "50"), block("1", "700", "1")}, "seed = 1\n");
}
Plan plan_b() { return Plan("sweep", {block("7", "20"), cell("7", "4000")}, "seed = 7\n"); }
Plan plan_c() {
  return Plan("more", {cell("3", "33"), block("3", "60"), block("3", "700", "3")}, "seed = 3\n");
}

}  // namespace

TEST_CASE("a pooled cell says its seeds and shares, and comes back from its parameters") {
  const Cell one = cell("2", "100000"), both = one.with_shares({{1, 5000}, {2, 100000}});
  CHECK(both.is_pooled());
  CHECK(!one.is_pooled());
  CHECK(both.parameters().at("seed") == "1+2");
  CHECK(both.parameters().at("sampling.samples") == "5000+100000");
  CHECK(both.seed() == 1);
  CHECK(both.samples() == 105000);
  CHECK(both.id() == one.id());
  CHECK(both.label() == "ising d=3 ρ=0.9 h=4 · true · seeds 1+2");
  const Cell read = Cell::from_parameters(both.parameters());
  CHECK(read.parameters() == both.parameters());
  CHECK(read.shares() == both.shares());
  CHECK(read.samples() == both.samples());
  CHECK(Cell::from_parameters(one.parameters()).parameters() == one.parameters());
  CHECK(both.with_shares({{2, 100000}}).parameters() == one.parameters());

  std::vector<SeedShare> many;
  for (std::uint64_t seed = 0; seed < 30; ++seed) many.push_back({seed, 1});
  CHECK(one.with_shares(many).seed_text() == "30 seeds");
}

TEST_CASE("a sweep's cell has one seed") {
  Parameters parameters = cell("1", "100").parameters();
  parameters["seed"] = "1+2";
  parameters["sampling.samples"] = "100+50";
  CHECK_NOTHROW(Cell::from_parameters(parameters));
  try {
    Cell::make(parameters);
    FAIL("the cell was accepted");
  } catch (const CellError& e) {
    CHECK(e.key == "seed");
    CHECK_THAT(e.reason, Catch::Contains("--combine-seeds"));
  }
}

TEST_CASE("pooled parameters that cannot be are refused") {
  const auto reason = [](const std::string& seeds, const std::string& samples) {
    Parameters parameters = cell("1", "100").parameters();
    parameters["seed"] = seeds;
    parameters["sampling.samples"] = samples;
    return refusal(parameters).reason;
  };
  for (const auto& [seeds, samples] : std::vector<std::pair<std::string, std::string>>{{"1+2", "100"},
                                                                                       {"1+2", "1+2+3"},
                                                                                       {"1+", "5"},
                                                                                       {"+1", "5+5"},
                                                                                       {"1+x", "5+5"},
                                                                                       {"1+2", "5+x"},
                                                                                       {"+", "+"},
                                                                                       {"1++2", "5+5+5"}})
    CHECK_THAT(reason(seeds, samples), Catch::Contains("as many numbers of samples"));
  CHECK_THAT(reason("2+1", "5+5"), Catch::Contains("ascend"));
  CHECK_THAT(reason("1+1", "5+5"), Catch::Contains("differ"));
  CHECK_THAT(reason("1+2", "5+0"), Catch::Contains("at least 1"));
  CHECK_THAT(reason("1+2", "9007199254740992+1"), Catch::Contains("at most 9007199254740992 in all"));
  std::vector<SeedShare> shares;
  for (std::uint64_t seed = 0; seed < 4096; ++seed) shares.push_back({seed, 1});
  CHECK_THROWS_AS(cell("1", "1").with_shares(shares), CellError);
  CHECK_THROWS_AS(cell("1", "1").with_shares({}), CellError);
  shares.pop_back();
  CHECK(Plan("", {cell("1", "1").with_shares(shares)}, "").chunks(0) == 4095);
}

TEST_CASE("a pooled cell cannot be sampled") {
  CHECK_THROWS_AS(ChunkRunner(cell("1+2", "10+10")), std::logic_error);
}

TEST_CASE("a pooled cell has the chunks of its seeds, one seed after the other") {
  const Plan pooled("", {cell("1+5+70", "1000+30+20000")}, "");
  const std::vector<Plan> seeds = {Plan("", {cell("1", "1000")}, ""), Plan("", {cell("5", "30")}, ""),
                                   Plan("", {cell("70", "20000")}, "")};
  std::uint32_t index = 0;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    CHECK(pooled.cuts(0)[s].first == index);
    for (std::uint32_t i = 0; i < seeds[s].chunks(0); ++i, ++index) {
      CHECK(pooled.cut({0, index}) == s);
      CHECK(pooled.samples({0, index}) == seeds[s].samples({0, i}));
      const std::uint32_t rotation = s == 1 ? 5 : 0;  // only seeds that do not fill the bins
      CHECK(pooled.bin({0, index}) == static_cast<int>((rotation + i) % 64));
      CHECK(seeds[s].bin({0, i}) == static_cast<int>(i % 64));
    }
  }
  CHECK(pooled.chunks(0) == index);
  CHECK(pooled.is_pooled());
  CHECK(!seeds[0].is_pooled());
  CHECK(pooled.hash() != seeds[0].hash());
  const Plan read = Plan::from_text(pooled.text(), "");
  CHECK(read.text() == pooled.text());
  CHECK(read.is_pooled());
}

TEST_CASE("samples by bin are those of the chunks done") {
  std::mt19937 random(1);
  for (const int streams : {1, 2}) {
    const Plan plan("",
                    {cell("1", "1000"), cell("1", "100000"), cell("1", "63"), cell("1", "65"),
                     cell("1", "12345", {{"generator.method", "collapsed"}}),
                     cell("3", "33333", {{"generator.kind", "kgram"}, {"generator.context", "9"}}),
                     cell("1+2+3+900", "17+100001+40+640")},
                    "", streams);
    for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
      for (int repeat = 0; repeat < 20; ++repeat) {
        Ledger ledger(plan.cells().size());
        std::array<std::uint64_t, kJackknifeBins> expected{};
        const unsigned density = random() % 4 + 1;
        for (std::uint32_t i = 0; i < plan.chunks(c); ++i)
          if (repeat == 0 || random() % 5 < density) {
            ledger.insert({c, i});
            expected[static_cast<std::size_t>(plan.bin({c, i}))] += plan.samples({c, i});
          }
        REQUIRE(samples_by_bin(plan, ledger, c) == expected);
        std::uint64_t sum = 0;
        for (const std::uint64_t samples : expected) sum += samples;
        if (repeat == 0) REQUIRE(sum == plan.cells()[c].samples());
      }
  }
}

TEST_CASE("cells that differ in seed and samples alone pool, others stay as they are") {
  const std::vector<Plan> plans = {plan_a(), plan_b(), plan_c()};
  const Plan pooled = pool(plans);
  const auto column = [&](const std::string& key) {
    std::vector<std::string> values;
    for (const Cell& one : pooled.cells()) values.push_back(one.parameters().at(key));
    return values;
  };
  // As lists multiply in the sweep language.
  CHECK(column("generator.kind") == std::vector<std::string>{"true", "block", "block", "block"});
  CHECK(column("seed") == std::vector<std::string>{"1+3+7", "1", "1+3+7", "3"});
  CHECK(column("sampling.samples") == std::vector<std::string>{"1000+33+4000", "700", "50+60+20", "700"});
  CHECK(pooled.title() == "more + sweep");
  CHECK(pooled.sweep_text() ==
        "seed = 1\n# ---- pooled with ----\nseed = 3\n# ---- pooled with ----\nseed = 7\n");
}

TEST_CASE("seeds within one plan pool too") {
  const Plan plan("t", {cell("1", "100"), cell("2", "200"), block("1", "100"), cell("3", "100")},
                  "seed = 1, 2, 3\n");
  const Plan pooled_plan = pool(std::span(&plan, 1));
  REQUIRE(pooled_plan.cells().size() == 2);
  CHECK(pooled_plan.cells()[0].parameters().at("seed") == "1+2+3");
  CHECK(pooled_plan.cells()[1].parameters().at("seed") == "1");
  CHECK(pooled_plan.title() == "t");
  CHECK(pooled_plan.sweep_text() == plan.sweep_text());
  const Record together = pooled({record_of(plan)});
  const Record apart =
      pooled({record_of(Plan("t", {cell("1", "100"), block("1", "100")}, "")),
              record_of(Plan("t", {cell("2", "200")}, "")), record_of(Plan("t", {cell("3", "100")}, ""))});
  CHECK(together.ledger == apart.ledger);
  CHECK(together.has_sums_of(apart));
  CHECK(together.complete());
}

TEST_CASE("one plan in which nothing pools stays as it is") {
  const Plan plan = plan_b();  // not sorted
  const std::vector<Plan> twice = {plan, plan};
  CHECK(pool(twice).text() == plan.text());
  CHECK(same(pooled({record_of(plan)}), record_of(plan)));
}

TEST_CASE("what is pooled does not depend on order, grouping or repetition") {
  const auto some = [](std::uint64_t seed, std::uint32_t index) { return (index * 7 + seed) % 3 != 0; };
  for (const bool complete : {true, false}) {
    const auto draw = [&](const Plan& plan) { return complete ? record_of(plan) : record_of(plan, some); };
    const Record a = draw(plan_a()), b = draw(plan_b()), c = draw(plan_c());
    const Record all = pooled({a, b, c});
    CHECK(all.complete() == complete);
    CHECK(same(all, pooled({c, a, b})));
    CHECK(same(all, pooled({b, c, a})));
    CHECK(same(all, pooled({pooled({a, b}), c})));
    CHECK(same(all, pooled({pooled({c, b}), a})));
    CHECK(same(all, pooled({b, pooled({c, a})})));
    CHECK(same(all, pooled({pooled({pooled({a}), pooled({b})}), pooled({c})})));
    CHECK(same(all, pooled({all})));
    // The pooled sums are those that the pooled plan's own chunks would have.
    CHECK(same(all, complete ? record_of(all.plan) : record_of(all.plan, some)));
    // Plans alone may come any number of times.
    const std::vector<Plan> often = {plan_c(), plan_a(), plan_a(), all.plan, plan_b(), plan_c()};
    CHECK(pool(often).text() == all.plan.text());
  }
}

TEST_CASE("parts of one seed unite through pooled records") {
  const auto even = [](std::uint64_t, std::uint32_t index) { return index % 2 == 0; };
  const auto odd = [](std::uint64_t, std::uint32_t index) { return index % 2 == 1; };
  const Plan one = sweep("1", "1000"), two = sweep("66", "500");
  const Record whole = pooled({record_of(one), record_of(two)});
  CHECK(whole.complete());
  const Record half = pooled({record_of(one, even), record_of(two, odd)});
  const Record other_half = pooled({record_of(two, even), record_of(one, odd)});
  CHECK(half.ledger.count() + other_half.ledger.count() == whole.ledger.count());
  CHECK(same(pooled({half, other_half}), whole));
  CHECK(same(pooled({pooled({half, record_of(one, odd)}), record_of(two, even)}), whole));
}

TEST_CASE("a chunk that is in both is refused") {
  const Record a = record_of(plan_a()), b = record_of(plan_b());
  Record sum = pooled({a, b});
  CHECK_THROWS_AS(PooledPlaces(a.plan, sum.plan).add(a, sum), DataError);
  CHECK_THROWS_AS(PooledPlaces(sum.plan, sum.plan).add(sum, sum), DataError);
  CHECK(same(sum, pooled({a, b})));
}

TEST_CASE("what must not be pooled is refused, with the reason") {
  SECTION("a seed with two numbers of samples, whose random numbers are the same") {
    const PoolError e = conflict(of({cell("1", "100"), cell("2", "100"), cell("2", "150")}));
    CHECK(e.first == 1);
    CHECK(e.second == 2);
    CHECK_THAT(e.reason, Catch::Contains("seed 2 with 100 samples and with 150") &&
                             Catch::Contains("another seed") &&
                             Catch::Contains("(ising d=3 ρ=0.9 h=4 · true)"));
    CHECK(conflict(of({cell("1+2", "100+150"), cell("2+3", "100+150")})).second == 1);
    const Plan itself("", {cell("1", "100"), cell("1", "150")}, "");
    const PoolError own = conflict({itself});
    CHECK((own.first == 0 && own.second == 0));
  }
  SECTION("plans of other streams") {
    CHECK_THAT(conflict({Plan("", {cell("1", "100")}, "", 1), Plan("", {cell("2", "100")}, "", 2)}).reason,
               Catch::Contains("version 1 of the random streams in one and 2 in the other"));
  }
  SECTION("plans of other streams, which changed nothing for one of them") {
    const Parameters own = {{"generator.kind", "kgram"},
                            {"generator.context", "2"},
                            {"generator.context-unit", "tokens"},
                            {"generator.structure", "sampled"}};
    const Plan both("", {cell("1", "100"), cell("1", "100", own)}, ""), one("", {cell("2", "100")}, "");
    REQUIRE((both.streams() == 3 && one.streams() == 2));
    CHECK(pool(std::vector{both, one}).streams() == 3);
    CHECK(pool(std::vector{one, both}).streams() == 3);
    CHECK(Plan::from_text(both.text(), "").hash() == both.hash());
    CHECK_THAT(conflict({Plan("", {cell("2", "100", own)}, "", 2), both}).reason,
               Catch::Contains("version 2 of the random streams in one and 3 in the other"));
  }
  SECTION("plans with nothing in common, though others tie them together") {
    const auto foreign = conflict(of({cell("1", "100"), cell("2", "100"), block("1", "100")}));
    CHECK(foreign.first == 0);
    CHECK(foreign.second == 2);
    CHECK_THAT(foreign.reason, Catch::Contains("no cell of one agrees"));
    std::vector<Plan> tied = of({cell("1", "100"), block("1", "100")});
    CHECK_THROWS_AS(pool(tied), PoolError);
    tied.emplace_back("", std::vector{block("2", "100"), cell("2", "100")}, "");
    CHECK_NOTHROW(pool(tied));
  }
  SECTION("another observation is another cell") {
    CHECK_THROWS_AS(pool(of({cell("1", "100"), cell("2", "100", {{"observe.histogram", "off"}})})),
                    PoolError);
  }
  SECTION("more seeds or samples than a cell can have") {
    CHECK_THAT(conflict(of({cell("1", "9007199254740992"), cell("2", "1")})).reason,
               Catch::Contains("at most 9007199254740992 in all"));
  }
}

TEST_CASE("whether two plans would pool") {
  CHECK(would_pool(plan_a(), plan_b()));
  CHECK(would_pool(Plan("", {cell("1+2", "5+5")}, ""), Plan("", {cell("2+3", "5+5")}, "")));
  CHECK(!would_pool(plan_a(), plan_a()));
  CHECK(!would_pool(Plan("", {cell("1", "100")}, ""), Plan("", {cell("1", "100"), block("1", "100")}, "")));
  CHECK(!would_pool(Plan("", {cell("1", "100")}, ""), Plan("", {cell("1", "200")}, "")));
  CHECK(!would_pool(Plan("", {cell("1", "100")}, ""), Plan("", {block("2", "100")}, "")));
}

TEST_CASE("pooled cells are sorted by value, not by the letters of numbers") {
  std::vector<Plan> plans;
  for (const char* seed : {"1", "2"}) {
    std::vector<Cell> cells;
    for (const char* context : {"100", "9", "81", "1000000000000000001", "1000000000000000000"})
      cells.push_back(cell(seed, "10", {{"generator.kind", "kgram"}, {"generator.context", context}}));
    for (const char* rho : {"0.9", "0.85", "0.1"}) cells.push_back(cell(seed, "10", {{"language.rho", rho}}));
    for (const char* height : {"10", "4", "2"})
      cells.push_back(cell(seed, "10", {{"language.height", height}}));
    if (seed[0] == '2') std::ranges::reverse(cells);
    plans.emplace_back("", cells, "");
  }
  const Plan sorted = pool(plans);
  std::vector<std::string> labels;
  for (const Cell& one : sorted.cells()) labels.push_back(one.label());
  CHECK(labels == std::vector<std::string>{
                      "ising d=3 ρ=0.9 h=2 · true · seeds 1+2", "ising d=3 ρ=0.1 h=4 · true · seeds 1+2",
                      "ising d=3 ρ=0.85 h=4 · true · seeds 1+2", "ising d=3 ρ=0.9 h=4 · true · seeds 1+2",
                      "ising d=3 ρ=0.9 h=4 · kgram k=9 · seeds 1+2",
                      "ising d=3 ρ=0.9 h=4 · kgram k=81 · seeds 1+2",
                      "ising d=3 ρ=0.9 h=4 · kgram k=100 · seeds 1+2",
                      "ising d=3 ρ=0.9 h=4 · kgram k=1000000000000000000 · seeds 1+2",
                      "ising d=3 ρ=0.9 h=4 · kgram k=1000000000000000001 · seeds 1+2",
                      "ising d=3 ρ=0.9 h=10 · true · seeds 1+2"});
}

}  // namespace pool_test
