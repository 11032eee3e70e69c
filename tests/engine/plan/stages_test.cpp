#include "engine/plan/stages.h"

#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>

#include "engine/error.h"
#include "engine/kernels/sampler_family.h"
#include "engine/observe/estimate.h"
#include "engine/plan/pool.h"

namespace stages_test {

using namespace leafcast;

namespace {

Parameters ising(const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"},
                           {"language.d", "3"},
                           {"language.height", "4"},
                           {"language.rho", "0.9"},
                           {"generator.kind", "true"}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return parameters;
}

Cell goal(const std::string& samples, const std::string& most, const std::string& target = "0.01") {
  return Cell::make(ising({{"sampling.samples", samples},
                           {"sampling.max-samples", most},
                           {"sampling.target-relative-error", target}}));
}

CellError refused(const Parameters& more) {
  try {
    Cell::make(ising(more));
  } catch (const CellError& e) {
    return e;
  }
  return {"accepted", "", ""};
}

Tally blank(const Plan& plan, Chunk chunk) { return Tally(plan.cells()[chunk.cell], plan.samples(chunk)); }

/// Met from so many samples on.
GoalCheck met_from(std::uint64_t samples) {
  return [samples](const Cell&, const CellTally& bins) {
    const double drawn = static_cast<double>(total(bins).samples);
    return GoalState{drawn >= static_cast<double>(samples), std::sqrt(static_cast<double>(samples) / drawn),
                     "variance", 1, 1};
  };
}

Estimate estimate(const std::string& statistic, double value, double error) {
  return {0, statistic, value, error};
}

}  // namespace

TEST_CASE("targets are read, put in order, and kept in the cell's text") {
  const Cell cell =
      Cell::make(ising({{"sampling.target-relative-error", "variance: 0.01 + excess_kurtosis:5e-2"},
                        {"sampling.target-absolute-error", "excess_kurtosis:1e-3"}}));
  CHECK(cell.parameters().at("sampling.target-relative-error") == "excess_kurtosis:0.05+variance:0.01");
  CHECK(cell.targets() == std::vector<Target>{{"excess_kurtosis", 0.05, 0.001}, {"variance", 0.01, 0}});
  CHECK(cell.has_goal());
  CHECK(cell.first_samples() == 10000);
  CHECK(cell.samples() == 10000000);
  CHECK(Cell::from_parameters(cell.parameters()).parameters() == cell.parameters());
  CHECK(Cell::make(ising({{"sampling.target-relative-error", "0.02"}})).targets() ==
        std::vector<Target>{{"variance", 0.02, 0}});
  // A goal does not change the law that is sampled, nor its random numbers.
  CHECK(cell.id() == Cell::make(ising()).id());
  CHECK_FALSE(Cell::make(ising()).has_goal());
  // The default of the first stage gives way to a lower maximum.
  CHECK(Cell::make(ising({{"sampling.target-relative-error", "0.1"}, {"sampling.max-samples", "500"}}))
            .first_samples() == 500);
}

TEST_CASE("a goal that cannot be is refused") {
  const std::string relative = "sampling.target-relative-error", most = "sampling.max-samples";
  for (const char* text : {"", "x", "0.1+0.2", "variance", "variance:", ":0.1", "Var:0.1", "variance:0.1+",
                           "a:0.1+a:0.2", "0.1,0.2", "nan", "inf"}) {
    const CellError error = refused({{relative, text}});
    INFO(text);
    CHECK(error.key == relative);
    CHECK(error.reason.find("variance:0.01 + valid_rate:0.05") != std::string::npos);
  }
  CHECK(refused({{relative, "0"}}).reason == "a target for an error is above 0");
  CHECK(refused({{relative, "-0.1"}}).reason == "a target for an error is above 0");
  CHECK(refused({{relative, "1"}}).reason.starts_with("a relative error is a fraction below 1"));
  CHECK(refused({{"sampling.target-absolute-error", "0"}}).key == "sampling.target-absolute-error");
  CHECK(refused({{most, "1000"}}).reason.find("there is none") != std::string::npos);
  const CellError contradiction = refused({{relative, "0.1"}, {"sampling.samples", "2000"}, {most, "1000"}});
  CHECK(contradiction.key == most);
  CHECK(contradiction.impossible_combination);
  CHECK(refused({{relative, "0.1"}, {"sampling.samples", "63"}}).key == "sampling.samples");
  CHECK(refused({{relative, "0.1"}, {most, "63"}}).key == most);
}

TEST_CASE("stages grow by a half, in whole batches where they are large, and end at the maximum") {
  CHECK(stage_totals(64, 64, 32) == std::vector<std::uint64_t>{64});
  CHECK(stage_totals(64, 400, 32) == std::vector<std::uint64_t>{64, 128, 192, 288, 400});
  CHECK(stage_totals(10000, 10001, 32) == std::vector<std::uint64_t>{10000, 10001});
  for (const std::uint64_t batch : {1u, 32u, 512u})
    for (const std::uint64_t first : {64u, 100u, 5000u, 1000000u})
      for (const std::uint64_t most :
           {std::uint64_t{1000000}, std::uint64_t{1234567}, std::uint64_t{1} << 53}) {
        const auto totals = stage_totals(first, most, batch);
        CHECK(totals.front() == first);
        CHECK(totals.back() == most);
        CHECK(totals.size() < 90);
        for (std::size_t s = 1; s + 1 < totals.size(); ++s) {
          const std::uint64_t step = totals[s] - totals[s - 1], round = 64 * batch;
          CHECK(step >= 64);
          CHECK(step >= totals[s - 1] / 2);
          CHECK(step <= std::max<std::uint64_t>(64, totals[s - 1] / 2) + round - 1);
          if (step > round) CHECK(step % round == 0);
        }
      }
}

TEST_CASE("every stage has a multiple of 64 chunks, and even bins") {
  for (const auto& [first, most] :
       {std::pair{"64", "1000"}, {"100", "99999"}, {"10000", "1e6"}, {"5e6", "1e8"}, {"64", "9e15"}}) {
    const Plan plan("", {goal(first, most)}, "");
    const auto totals = stage_totals(plan.cells()[0].first_samples(), plan.cells()[0].samples(),
                                     static_cast<std::uint64_t>(batch_samples(plan.cells()[0])));
    const auto& stages = plan.cuts(0);
    REQUIRE(stages.size() == totals.size());
    std::uint64_t drawn = 0;
    for (std::size_t s = 0; s < stages.size(); ++s) {
      CHECK(stages[s].chunks % kJackknifeBins == 0);
      CHECK(stages[s].chunks > 0);
      CHECK(stage_end(plan, {0, stages[s].first}) == stages[s].first + stages[s].chunks);
      CHECK(plan.bin({0, stages[s].first + 5}) == 5);
      drawn += samples(stages[s]);
      CHECK(drawn == totals[s]);
      if (stages[s].chunks > 100000) continue;
      std::uint64_t sum = 0;
      for (std::uint32_t i = 0; i < stages[s].chunks; ++i) {
        CHECK(plan.samples({0, stages[s].first + i}) > 0);
        sum += plan.samples({0, stages[s].first + i});
      }
      CHECK(sum == samples(stages[s]));
    }
    CHECK(plan.chunks(0) == stages.back().first + stages.back().chunks);
    // Counted by intervals and one by one.
    Ledger ledger(1);
    const std::uint32_t some = std::min<std::uint32_t>(stage_end(plan, {0, 64}) + 17, plan.chunks(0));
    ledger.insert_range(0, 3, some - 1);
    std::array<std::uint64_t, kJackknifeBins> expected{};
    for (std::uint32_t i = 3; i < some; ++i)
      expected[static_cast<std::size_t>(plan.bin({0, i}))] += plan.samples({0, i});
    CHECK(samples_by_bin(plan, ledger, 0) == expected);
  }
}

TEST_CASE("a plan with goals is read back, and its hash is of goal and maximum") {
  const Plan plan("t", {goal("1000", "1e6"), Cell::make(ising())}, "");
  const Plan again = Plan::from_text(plan.text(), "");
  CHECK(again.hash() == plan.hash());
  CHECK(again.text() == plan.text());
  CHECK(has_goals(plan));
  CHECK_FALSE(has_goals(Plan("", {Cell::make(ising())}, "")));
  std::set<std::uint64_t> hashes;
  for (const Cell& cell : {goal("1000", "1e6"), goal("1000", "2e6"), goal("2000", "1e6"),
                           goal("1000", "1e6", "0.02"), goal("1000", "1e6", "binder:0.01")})
    hashes.insert(Plan("", {cell}, "").hash());
  CHECK(hashes.size() == 5);
}

TEST_CASE(
    "what is wanted: the stage of the last chunk done, and the next if all up to there do not suffice") {
  Record record(Plan("", {goal("1000", "10000"), Cell::make(ising())}, ""));
  const Plan& plan = record.plan;
  const GoalCheck check = met_from(1600);
  const auto& stages = plan.cuts(0);
  REQUIRE(stages.size() > 3);
  CHECK(wanted_chunks(record, check) == std::vector<std::uint32_t>{stages[0].chunks, plan.chunks(1)});
  const auto add = [&](std::uint32_t first, std::uint32_t end) {
    for (Chunk chunk{0, first}; chunk.index < end; ++chunk.index) record.add(chunk, blank(plan, chunk));
  };
  add(1, stages[1].first);
  CHECK(wanted_chunks(record, {})[0] == stages[1].first);  // nothing to judge yet
  add(0, 1);
  CHECK_THROWS_AS(wanted_chunks(record, {}), std::logic_error);
  CHECK(wanted_chunks(record, met_from(1000))[0] == stages[1].first);
  CHECK(wanted_chunks(record, check)[0] == stages[2].first);
  CHECK_FALSE(is_complete(record, check));
  add(stages[1].first, stages[2].first - 1);
  CHECK(wanted_chunks(record, {})[0] == stages[2].first);
  add(stages[2].first - 1, stages[2].first);
  CHECK(wanted_chunks(record, check)[0] == stages[3].first);
  add(stages[2].first, stages[3].first);
  CHECK(total(record.tallies(0)).samples >= 1600);
  CHECK(wanted_chunks(record, check)[0] == stages[3].first);
  for (Chunk chunk{1, 0}; chunk.index < plan.chunks(1); ++chunk.index) record.add(chunk, blank(plan, chunk));
  CHECK(is_complete(record, check));
  CHECK_FALSE(record.complete());

  // Chunks that were lost from the first stage are wanted again; that a later one has begun stands.
  Record damaged(plan);
  for (Chunk chunk{0, 10}; chunk.index < stages[2].first; ++chunk.index)
    damaged.add(chunk, blank(plan, chunk));
  CHECK(wanted_chunks(damaged, met_from(1))[0] == stages[2].first);

  // The maximum is the end, met or not.
  Record whole(plan);
  for (Chunk chunk{0, 0}; chunk.index < plan.chunks(0); ++chunk.index) whole.add(chunk, blank(plan, chunk));
  CHECK(wanted_chunks(whole, met_from(1000000))[0] == plan.chunks(0));
  CHECK(total(whole.tallies(0)).samples == 10000);
}

TEST_CASE("the worst of the targets decides, what has no relative error is not met by one") {
  const double nan = kUnknown, infinity = std::numeric_limits<double>::infinity();
  const std::vector<Target> relative = {{"variance", 0.01, 0}};
  const auto one = [&](double value, double error, const std::vector<Target>& targets) {
    const std::vector<Estimate> estimates = {estimate("variance", value, error)};
    return judge(targets, estimates);
  };
  CHECK(one(2, 0.02, relative).met);
  CHECK(one(2, 0.02, relative).excess == Approx(1));
  CHECK(one(-2, 0.02, relative).met);
  CHECK_FALSE(one(2, 0.021, relative).met);
  CHECK(one(0, 0, relative).met);  // nothing varies
  CHECK(one(3, 0, relative).met);
  CHECK(one(0, 1e-9, relative).excess == infinity);  // a rate of 0 so far
  CHECK_FALSE(one(0, 1e-9, relative).met);
  CHECK(one(0, 1e-9, {{"variance", 0.01, 1e-8}}).met);
  CHECK_FALSE(one(1e-3, 1e-2, relative).met);  // 0 within its error
  CHECK(one(1e-3, 1e-2, {{"variance", 0.01, 0.1}}).met);
  CHECK(one(100, 0.9, {{"variance", 0.01, 0.1}}).met);  // the looser of the two
  CHECK_FALSE(one(2, nan, relative).met);               // fewer than two bins
  CHECK_FALSE(one(nan, nan, relative).met);             // a shape that is 0/0
  CHECK_FALSE(one(nan, 0, relative).met);
  CHECK_FALSE(one(2, 0.001, {{"skewness", 0.5, 0.5}}).met);  // not there
  const std::vector<Estimate> both = {estimate("variance", 1, 0.02), estimate("valid_rate", 0.5, 0.001)};
  const GoalState worst = judge(std::vector<Target>{{"valid_rate", 0.01, 0}, {"variance", 0.01, 0}}, both);
  CHECK(worst.statistic == "variance");
  CHECK(worst.excess == Approx(2));
  CHECK(foreseen_samples(worst, 1000) == Approx(4000));
  CHECK(foreseen_samples(one(0, 1, relative), 1000) == infinity);
  CHECK(foreseen_samples(one(2, 0.001, relative), 1000) == 1000);
}

TEST_CASE("the stage that is foreseen to suffice") {
  const Plan plan("", {goal("1000", "100000")}, "");
  GoalState state;
  state.excess = 2;
  const std::uint32_t end = foreseen_chunks(plan, 0, state, 1000);
  std::uint64_t drawn = 0;
  for (const Plan::Cut& stage : plan.cuts(0)) {
    if (stage.first == end) break;
    CHECK((stage.first + stage.chunks == end || drawn + samples(stage) < 4000));
    drawn += samples(stage);
  }
  CHECK(drawn >= 4000);
  state.excess = 1e9;
  CHECK(foreseen_chunks(plan, 0, state, 1000) == plan.chunks(0));
}

TEST_CASE("cells with goals are not pooled") {
  const Plan plans[] = {Plan("", {goal("1000", "1e6")}, "")};
  CHECK_THROWS_AS(pool(plans), PoolError);
  CHECK_THROWS_AS(plans[0].cells()[0].with_shares({{1, 10}, {2, 10}}), CellError);
}

}  // namespace stages_test
