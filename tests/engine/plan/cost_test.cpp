#include "engine/plan/cost.h"

#include <catch2/catch.hpp>

#include "engine/error.h"

namespace cost_test {

using namespace leafcast;

namespace {

Cell cell(const Parameters& more = {}) {
  Parameters parameters = {{"language.kind", "ising"}, {"language.d", "3"},
                           {"language.height", "6"},   {"language.rho", "0.9"},
                           {"generator.kind", "true"}, {"sampling.samples", "6400"}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::make(parameters);
}
Cell kgram(const std::string& context, const std::string& height = "6") {
  return cell({{"generator.kind", "kgram"}, {"generator.context", context}, {"language.height", height}});
}
Cell block(const std::string& depth, const std::string& memory, const std::string& height = "6") {
  return cell({{"generator.kind", "block"},
               {"generator.context-depth", depth},
               {"generator.memory", memory},
               {"language.height", height}});
}

CostModel example() {
  return CostModel({"node7", "AVX2", "leafcast 0.1.0 (git 12)", "2026-01-02T03:04:05Z", 1.25},
                   {{work_class(cell()), {1e-5, 2e-7, 1.5}}, {work_class(kgram("9")), {0, 0, 0.1 + 0.2}}});
}

}  // namespace

TEST_CASE("a cost model comes back from its JSON") {
  const CostModel model = example();
  CHECK(CostModel::from_json(model.json()) == model);
  CHECK(CostModel::from_json(CostModel().json()) == CostModel());
  CHECK(model.measured());
  CHECK_FALSE(CostModel().measured());
}

TEST_CASE("what is no cost model is refused") {
  const std::string text = example().json();
  std::string negative = text, version = text, infinite = text;
  negative.replace(negative.find("1.5"), 3, "-15");
  version.replace(version.find("\"version\": 1"), 12, "\"version\": 2");
  infinite.replace(infinite.find("1.5"), 3, "1e999");
  for (const std::string& wrong : {std::string(), std::string("{}"), std::string("[1, 2]"),
                                   text.substr(0, text.size() / 2), negative, version, infinite})
    CHECK_THROWS_AS(CostModel::from_json(wrong), DataError);
}

TEST_CASE("a chunk costs its own time, and whole batches") {
  const CellCost cost = example().of(cell());
  const double batch = 2e-7 + 1.5 * static_cast<double>(cost.batch_size) * sentence_seconds(cell());
  CHECK(cost.of(0) == Approx(1e-5));
  CHECK(cost.of(1) == Approx(1e-5 + batch));
  CHECK(cost.of(cost.batch_size) == cost.of(1));
  CHECK(cost.of(cost.batch_size + 1) == Approx(1e-5 + 2 * batch));

  const Plan plan("", {cell(), kgram("9")}, "");
  double sum = 0;
  for (std::uint32_t index = 0; index < plan.chunks(1); ++index)
    sum += example().chunk_seconds(plan, {1, index});
  CHECK(example().cell_seconds(plan, 1) == Approx(sum));
}

TEST_CASE("cost grows with the tree and the samples, for any model") {
  for (const CostModel& model : {CostModel(), example()})
    for (const char* generator : {"true", "block", "reasoning"}) {
      double last = 0;
      // At height 1 the block fills its tree: another class of work.
      for (int height = 2; height <= 12; ++height) {
        const Cell at = cell({{"generator.kind", generator},
                              {"language.height", std::to_string(height)},
                              {generator == std::string("block") ? "generator.context-depth" : "seed", "1"}});
        const CellCost cost = model.of(at);
        const double now = cost.of(1000) - cost.chunk;
        CHECK(now > last);
        CHECK(cost.of(100000) - cost.chunk > 50 * now);
        last = now;
      }
    }
}

TEST_CASE("a class of work is what changes the inner loop") {
  // The same loop for any seed, law, depth of the tree, and for writers that come to the same.
  CHECK(work_class(cell()) ==
        work_class(cell({{"language.height", "9"}, {"language.rho", "0.1"}, {"seed", "5"}})));
  CHECK(work_class(cell()) == work_class(block("6", "leaves")));
  CHECK(work_class(block("2", "root")) == work_class(cell({{"generator.kind", "reasoning"},
                                                           {"generator.encoding", "path"},
                                                           {"generator.memory-depth", "2"}})));
  CHECK(work_class(kgram("9")) == work_class(kgram("81")));
  CHECK(work_class(block("6", "root", "10")) == work_class(block("8", "root", "10")));
  // Others are others.
  const std::vector<Cell> different = {
      cell(),
      block("0", "root"),
      block("1", "root"),
      block("1", "leaves"),
      kgram("0"),
      kgram("2"),
      kgram("9"),
      kgram("729"),
      kgram("200000", "12"),
      cell({{"language.d", "4"}}),
      cell({{"observe.histogram", "off"}}),
      cell({{"generator.kind", "reasoning"}, {"generator.encoding", "segment"}})};
  for (std::size_t i = 0; i < different.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(work_class(different[i]) != work_class(different[j]));
}

TEST_CASE("a class that was not measured is scaled like its likes") {
  const CostModel model = example();
  const auto scale = [&](const Cell& c) { return model.of(c).batch / CostModel().of(c).batch; };
  CHECK(scale(cell({{"language.d", "4"}})) == Approx(1.5));  // as d = 3
  CHECK(scale(kgram("9", "8")) == Approx(0.3));              // measured
  CHECK(scale(block("0", "leaves")) == Approx(1.5));         // the upper median of all
}

TEST_CASE("times that cannot be are refused") {
  std::string text = example().json();
  const auto at = text.find("\"pilot_seconds\": ");
  REQUIRE(at != std::string::npos);
  for (const char* number : {"-1", "1e300", "1e999", "\"1\"", "null"}) {
    std::string other = text;
    const auto begin = at + std::string("\"pilot_seconds\": ").size();
    other.replace(begin, other.find_first_of(",\n", begin) - begin, number);
    CHECK_THROWS_AS(CostModel::from_json(other), DataError);
  }
}

TEST_CASE("a class of work has a sampler, a channel and a degree") {
  std::string text = example().json();
  const std::string work = work_class(cell());
  REQUIRE(text.find(work) != std::string::npos);
  text.replace(text.find(work), work.size(), "kgram");
  CHECK_THROWS_AS(CostModel::from_json(text), DataError);
}

}  // namespace cost_test
