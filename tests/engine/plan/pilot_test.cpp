#include "engine/plan/pilot.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace pilot_test {

using namespace leafcast;

namespace {

Cell cell(const std::string& generator, int height, const Parameters& more = {}) {
  Parameters parameters = {
      {"language.kind", "ising"}, {"language.d", "3"},           {"language.height", std::to_string(height)},
      {"language.rho", "0.9"},    {"generator.kind", generator}, {"sampling.samples", "6400"}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::make(parameters);
}

/// A machine on which a chunk takes chunk + B (batch + scale·N) seconds; its clock is what all that has
/// taken.
struct FakeMachine {
  CostModel::Rate truth;
  double noise = 0;  // relative, ± at random
  double burst = 0;  // one measurement in seven takes so many times as long
  double clock = 0;
  double longest = 0;  // chunk that was asked for
  int given_up = 0, measured = 0;
  std::mt19937 engine{7};

  PilotTimers timers() {
    return {[this](const Cell& c) -> PilotTimers::ChunkTimer {
              const CellCost nominal = CostModel().of(c);
              return [this, nominal](std::uint64_t samples, double limit) -> std::optional<double> {
                const double batches =
                    std::ceil(static_cast<double>(samples) / static_cast<double>(nominal.batch_size));
                double time = truth.chunk + batches * (truth.batch + truth.scale * nominal.batch);
                time *= 1 + noise * std::uniform_real_distribution(-1.0, 1.0)(engine);
                if (++measured % 7 == 0) time *= 1 + burst;
                clock += std::min(time, limit);
                longest = std::max(longest, time);
                if (time <= limit) return time;
                ++given_up;
                return std::nullopt;
              };
            },
            [this] { return clock; }};
  }
};

}  // namespace

TEST_CASE("a pilot finds what a chunk, a batch and a leaf take") {
  const CostModel::Rate truth{3e-5, 4e-6, 2.5};
  const std::vector<Cell> cells = {cell("true", 2), cell("true", 5), cell("true", 9), cell("true", 20)};
  FakeMachine machine{truth};
  const auto rates = run_pilot(cells, 1, machine.timers());
  REQUIRE(rates.size() == 1);
  const CostModel::Rate rate = rates.at(work_class(cells[0]));
  CHECK(rate.chunk == Approx(truth.chunk).epsilon(1e-6));
  CHECK(rate.batch == Approx(truth.batch).epsilon(1e-6));
  CHECK(rate.scale == Approx(truth.scale).epsilon(1e-6));
  CHECK(machine.clock < 1.5);
}

TEST_CASE("a pilot survives noise and bursts") {
  const CostModel::Rate truth{2e-5, 2e-6, 1.3};
  FakeMachine machine{truth};
  machine.noise = 0.05;
  machine.burst = 10;
  const std::vector<Cell> cells = {cell("true", 2), cell("true", 9)};
  const CostModel model({}, run_pilot(cells, 2, machine.timers()));
  for (const Cell& c : cells) {
    const CellCost nominal = CostModel().of(c);
    const double exact = truth.chunk + 100 * (truth.batch + truth.scale * nominal.batch);
    CHECK(model.of(c).of(100 * nominal.batch_size) == Approx(exact).epsilon(0.1));
  }
}

TEST_CASE("great trees are measured on lower twins, and a slow machine on lower ones still") {
  for (const double scale : {1.0, 30.0}) {
    FakeMachine machine{{0, 0, scale}};
    const std::vector<Cell> cells = {cell("true", 30), cell("block", 30, {{"generator.context-depth", "20"}}),
                                     cell("block", 30, {{"generator.context-depth", "2"}}),
                                     cell("kgram", 30, {{"generator.context", "100"}}),
                                     cell("reasoning", 30)};
    const auto rates = run_pilot(cells, 0.5, machine.timers());
    for (const Cell& c : cells) {
      INFO(c.label());
      REQUIRE(rates.contains(work_class(c)));
      CHECK(rates.at(work_class(c)).scale == Approx(scale));
    }
    CHECK(machine.clock < 1);
    CHECK((machine.given_up > 0) == (scale > 1));
  }
}

TEST_CASE("a pilot with too many classes for its time measures the costliest") {
  std::vector<Cell> cells;
  for (int d = 2; d < 200; ++d) cells.push_back(cell("true", 2, {{"language.d", std::to_string(d)}}));
  FakeMachine machine{{1e-3, 0, 1}};
  const auto rates = run_pilot(cells, 0.2, machine.timers());
  CHECK(rates.size() > 5);
  CHECK(rates.size() < 150);
  CHECK(rates.contains(work_class(cells.back())));
  CHECK_FALSE(rates.contains(work_class(cells.front())));
}

TEST_CASE("a pilot on this machine measures every generator") {
  std::vector<Cell> cells;
  for (const int height : {2, 6}) {
    cells.push_back(cell("true", height));
    cells.push_back(cell("reasoning", height));
    for (const char* memory : {"leaves", "root"})
      cells.push_back(
          cell("block", height, {{"generator.context-depth", "1"}, {"generator.memory", memory}}));
    for (const char* context : {"0", "2", "4", "1000"})
      cells.push_back(cell("kgram", height, {{"generator.context", context}}));
  }
  // On a busy machine, or under a sanitizer, a short pilot may come to none.
  std::map<std::string, CostModel::Rate> rates;
  const auto lacks = [&](const Cell& c) { return !rates.contains(work_class(c)); };
  for (double seconds = 0.05; seconds < 20 && std::ranges::any_of(cells, lacks); seconds *= 4)
    rates = run_pilot(cells, seconds);
  CHECK(std::ranges::none_of(cells, lacks));
}

}  // namespace pilot_test
