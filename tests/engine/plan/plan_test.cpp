#include <catch2/catch.hpp>

#include "engine/error.h"
#include "engine/kernels/sampler_family.h"
#include "engine/plan/record.h"

namespace plan_test {

using namespace leafcast;

namespace {

Cell cell(const std::string& samples, const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"}, {"language.d", "3"},
                           {"language.height", "6"},   {"language.rho", "0.9"},
                           {"generator.kind", "true"}, {"sampling.samples", samples}};
  for (const auto& [key, value] : more) parameters[key] = value;
  if (parameters["language.kind"] != "ising") parameters.erase("language.rho");
  return Cell::make(parameters);
}

}  // namespace

TEST_CASE("chunks share out all samples, in whole batches, over full bins") {
  for (const std::string samples : {"1", "5", "63", "64", "65", "1000", "2047", "2048", "4095", "4096",
                                    "32767", "32768", "100000", "10000000"}) {
    const Plan plan("", {cell(samples)}, "");
    const auto batch = static_cast<std::uint64_t>(batch_samples(plan.cells()[0]));
    std::uint64_t sum = 0, partial = 0;
    for (std::uint32_t i = 0; i < plan.chunks(0); ++i) {
      const std::uint64_t here = plan.samples({0, i});
      CHECK(here > 0);
      sum += here;
      partial += here % batch != 0;
    }
    CHECK(sum == std::stoull(samples));
    if (sum >= 64) CHECK(plan.chunks(0) % kJackknifeBins == 0);
    if (sum >= 64 * batch) CHECK(partial <= 1);
  }
}

TEST_CASE("chunks of slow cells hold fewer samples") {
  // A collapsed sentence of 40 levels above the blocks, by number of states.
  const auto chunks = [](int q) {
    std::string matrix;
    for (int row = 0; row < q; ++row) {
      matrix += row > 0 ? "; " : "";
      for (int column = 0; column < q; ++column)
        matrix += row == column ? "0.5 " : std::to_string(0.5 / (q - 1)) + " ";
    }
    return Plan("",
                {cell("64000", {{"language.kind", "kernel"},
                                {"language.matrix", matrix},
                                {"language.d", "2"},
                                {"language.height", "40"},
                                {"generator.kind", "block"},
                                {"generator.memory", "root"},
                                {"generator.context-depth", "0"},
                                {"generator.method", "collapsed"}})},
                "")
        .chunks(0);
  };
  CHECK(chunks(2) < 128);
  CHECK(chunks(17) > 10000);
}

TEST_CASE("a cell's chunks do not depend on the other cells") {
  const Plan alone("", {cell("5000")}, ""), beside("", {cell("100"), cell("5000")}, "");
  CHECK(alone.chunks(0) == beside.chunks(1));
  CHECK(alone.cells()[0].id() == beside.cells()[1].id());
}

TEST_CASE("the hash is of what results depend on") {
  const Plan plan("title", {cell("5000")}, "text");
  CHECK(plan.hash() == Plan("other", {cell("5000")}, "other").hash());
  CHECK(plan.hash() != Plan("title", {cell("5001")}, "text").hash());
  CHECK(plan.hash() != Plan("title", {cell("5000", {{"seed", "2"}})}, "text").hash());
  CHECK(plan.hash() != Plan("title", {cell("5000", {{"language.rho", "0.8"}})}, "text").hash());
  CHECK(Plan("", {cell("5000"), cell("5000")}, "").cells().size() == 1);
}

TEST_CASE("a plan survives its text") {
  const Plan plan("Ising, d = 3",
                  {cell("5000"), cell("70", {{"generator.kind", "kgram"}, {"generator.context", "7"}})},
                  "sweep");
  const Plan read = Plan::from_text(plan.text(), "sweep");
  CHECK(read.text() == plan.text());
  CHECK(read.hash() == plan.hash());
  CHECK(read.title() == plan.title());

  CHECK_THROWS_AS(Plan::from_text("", ""), DataError);
  CHECK_THROWS_AS(Plan::from_text("leafcast plan 1\ntitle=\n", ""), DataError);
  std::string damaged = plan.text();
  damaged.replace(damaged.find("5000"), 4, "6000");
  CHECK_THROWS_AS(Plan::from_text(damaged, ""), DataError);
  damaged = plan.text();
  damaged.replace(damaged.find("0.9"), 3, "1.9");
  CHECK_THROWS_AS(Plan::from_text(damaged, ""), DataError);
}

TEST_CASE("ledgers join intervals and refuse what they have") {
  Ledger ledger(2);
  CHECK(ledger.insert({1, 4}));
  CHECK(ledger.insert({1, 5}));
  CHECK(!ledger.insert({1, 4}));
  CHECK(ledger.count() == 2);
  Ledger ranged(2);
  ranged.insert_range(1, 4, 5);
  CHECK(ledger == ranged);
  CHECK(!ledger.disjoint(ranged));
  Ledger other(2);
  other.insert_range(0, 0, 9);
  CHECK(ledger.disjoint(other));
  ledger += other;
  CHECK(ledger.count(0) == 10);
  CHECK(ledger.contains({0, 9}));
  CHECK(!ledger.contains({0, 10}));
}

TEST_CASE("records unite once and only with their own plan") {
  const Plan plan("", {cell("640")}, "");
  Tally tally;
  tally.samples = 10;
  Record a(plan), b(plan);
  a.add({0, 3}, tally);
  b.add({0, 4}, tally);
  CHECK_THROWS_AS(a.add({0, 3}, tally), std::logic_error);
  a.merge(b);
  CHECK(a.ledger.count() == 2);
  CHECK(total(a.tallies(0)).samples == 20);
  CHECK_THROWS_AS(a.merge(b), DataError);
  CHECK_THROWS_AS(a.merge(Record(Plan("", {cell("641")}, ""))), DataError);
}

TEST_CASE("a plan that is read has a title of one printable line") {
  const Plan plan("title", {cell("5000")}, "");
  std::string text = plan.text();
  text.replace(text.find("title=title") + 6, 5, "\x1b[2Jx");
  CHECK_THROWS_WITH(Plan::from_text(text, ""), Catch::Contains("not a line of text"));
}

}  // namespace plan_test
