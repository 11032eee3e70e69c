#include "workers/run.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "tests/workers/counted_clock.h"

namespace run_test {

using namespace leafcast;
using namespace leafcast::workers;

namespace {

Plan plan_of(const std::string& samples) {
  const Parameters base = {{"language.kind", "ising"},
                           {"language.d", "3"},
                           {"language.height", "4"},
                           {"language.rho", "0.9"},
                           {"sampling.samples", samples}};
  Parameters kgram = base, truth = base;
  kgram["generator.kind"] = "kgram";
  kgram["generator.context"] = "9";
  truth["generator.kind"] = "true";
  return Plan("", {Cell::make(kgram), Cell::make(truth)}, "");
}

Record direct(const Plan& plan) {
  Record record(plan);
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
    const ChunkRunner runner(plan.cells()[cell]);
    for (std::uint32_t index = 0; index < plan.chunks(cell); ++index)
      record.add({cell, index}, *runner.run(index, plan.samples({cell, index}), [] { return true; }));
  }
  return record;
}

const RunSinks kNoSinks{[](const Record&) {}, [](const Progress&, bool) {}};

}  // namespace

TEST_CASE("one process does all chunks, and the parts add up to the whole") {
  const Plan plan = plan_of("3000");
  const Record expected = direct(plan);
  LocalCommunicator alone;
  Record record(plan), united(plan);
  std::vector<std::uint64_t> parts;
  RunSettings settings;
  settings.flush_chunks = 10;
  const RunSinks sinks{
      [&](const Record& delta) { united.merge(delta), parts.push_back(delta.ledger.count()); },
      [](const Progress&, bool) {}};
  CHECK(run_master(alone, record, settings, sinks) == Outcome::complete);
  CHECK(record.complete());
  CHECK(record.has_sums_of(expected));
  CHECK(united.has_sums_of(expected));
  CHECK(united.ledger == record.ledger);
  CHECK(parts.size() == (plan.total_chunks() + 9) / 10);
  parts.pop_back();
  CHECK(std::ranges::all_of(parts, [](std::uint64_t chunks) { return chunks == 10; }));
}

TEST_CASE("time up: what is done is kept, and the next run continues to the same sums") {
  const Plan plan = plan_of("200000");
  const Record expected = direct(plan);
  CountedCommunicator alone(1e-4);
  Record record(plan);
  RunSettings settings;
  settings.max_seconds = 0.03;
  int runs = 0;
  while (run_master(alone, record, settings, kNoSinks) == Outcome::interrupted) REQUIRE(++runs < 1000);
  CHECK(runs > 0);
  CHECK(record.has_sums_of(expected));
}

TEST_CASE("results do not depend on the cost model, and a wrong one does not stop a run") {
  const Plan plan = plan_of("20000");
  const Record expected = direct(plan);
  const std::string kgram = work_class(plan.cells()[0]), truth = work_class(plan.cells()[1]);
  for (const auto& [one, other] : {std::pair(1e12, 1e-12), std::pair(1e-12, 1e12), std::pair(1e12, 1e12)})
    for (const double seconds : {1e9, 0.05}) {
      CountedCommunicator alone(1e-4);
      Record record(plan);
      RunSettings settings;
      settings.costs = CostModel({}, {{kgram, {0, 0, one}}, {truth, {0, 0, other}}});
      settings.max_seconds = seconds;
      int runs = 0;
      while (run_master(alone, record, settings, kNoSinks) == Outcome::interrupted) REQUIRE(++runs < 1000);
      CHECK(record.has_sums_of(expected));
    }
}

TEST_CASE("what will not end in time is not begun, a shorter chunk is") {
  const Plan plan = plan_of("20000");
  CountedCommunicator alone(1e-4);
  Record record(plan);
  RunSettings settings;
  settings.max_seconds = 2;
  // A chunk of the first cell is taken to need an hour: one is tried, as nothing is known yet.
  const double hour = 3600 / CostModel().chunk_seconds(plan, {0, 0});
  settings.costs =
      CostModel({}, {{work_class(plan.cells()[0]), {0, 0, hour}}, {work_class(plan.cells()[1]), {}}});
  CHECK(run_master(alone, record, settings, kNoSinks) == Outcome::interrupted);
  CHECK(record.ledger.count(0) == 1);
  CHECK(record.ledger.count(1) == plan.chunks(1));
}

TEST_CASE("a run tells how long sampling took and what was predicted") {
  const Plan plan = plan_of("20000");
  LocalCommunicator alone;
  Record record(plan);
  double sampling = 0, predicted = 0, first_left = -1;
  const RunSinks sinks{[](const Record&) {},
                       [&](const Progress& progress, bool) {
                         if (first_left < 0) first_left = progress.seconds_left;
                         sampling = progress.sampling_seconds;
                         predicted = progress.predicted_seconds;
                       }};
  CHECK(run_master(alone, record, {}, sinks) == Outcome::complete);
  CHECK(sampling > 0);
  const CostModel nominal;
  CHECK(predicted == Approx(nominal.cell_seconds(plan, 0) + nominal.cell_seconds(plan, 1)));
  CHECK(first_left > 0);  // before a chunk is done
}

TEST_CASE("a part that cannot be written stops the run") {
  const Plan plan = plan_of("3000");
  LocalCommunicator alone;
  Record record(plan);
  const RunSinks broken{[](const Record&) { throw IoError("disk full"); }, [](const Progress&, bool) {}};
  CHECK_THROWS_AS(run_master(alone, record, {}, broken), IoError);
}

namespace {

/// A crowd of ranks that have done a chunk as soon as they have it: there is news whenever rank 0 looks.
class EagerCommunicator final : public Communicator {
 public:
  explicit EagerCommunicator(const Plan& plan) : plan_(plan) {}
  int rank() const override { return 0; }
  int size() const override { return 100; }
  std::optional<Letter> poll_news() override {
    if (mail_.empty()) return std::nullopt;
    Letter letter = std::move(mail_.front());
    mail_.pop_front();
    return letter;
  }
  void send_order(int worker, const Order& order) override {
    for (const Chunk chunk : order.chunks) {
      News news;
      news.action = News::Action::result;
      news.results.resize(1);
      news.results[0].chunk = chunk;
      news.results[0].tally =
          *ChunkRunner(plan_.cells()[chunk.cell]).run(chunk.index, plan_.samples(chunk), [] { return true; });
      mail_.push_back({worker, std::move(news)});
    }
    if (order.action == Order::Action::stop) mail_.push_back({worker, {}});
  }
  std::optional<Order> poll_order() override { return std::nullopt; }
  void send_news(const News&) override {}
  void broadcast(std::string&) override {}
  double seconds() const override { return clock_(); }
  void wait(double seconds) override { clock_.now += seconds; }

 private:
  const Plan& plan_;
  std::deque<Letter> mail_;
  mutable CountedClock clock_{1e-3};
};

}  // namespace

TEST_CASE("parts are written though news never ends") {
  const Plan plan = plan_of("30000");
  EagerCommunicator crowd(plan);
  Record record(plan);
  std::size_t parts = 0;
  RunSettings settings;
  settings.flush_chunks = 50;
  const RunSinks sinks{[&](const Record&) { ++parts; }, [](const Progress&, bool) {}};
  REQUIRE(plan.total_chunks() == 128);  // more than 100 ranks are given at first
  CHECK(run_master(crowd, record, settings, sinks) == Outcome::complete);
  CHECK(record.complete());
  CHECK(parts == 3);
}

}  // namespace run_test
