#include "jobs/sweep/level_share.h"

#include <catch2/catch.hpp>

#include "analysis/theory/exact.h"
#include "engine/cell/cell.h"
#include "engine/plan/goal.h"
#include "jobs/sweep/sweep.h"

namespace leafcast::jobs::level_share_test {
namespace {

using Catch::Contains;

std::vector<Setting> settings(const std::string& crossing, std::vector<Setting> more = {}) {
  std::vector<Setting> all = {
      {"language.kind", "ising", "here"},     {"language.d", "3", "here"},
      {"language.rho", "0.9", "here"},        {"language.height", "2..4", "here"},
      {"generator.kind", "kgram", "here"},    {"generator.context", "1..3^height", "here"},
      {"sampling.crossing", crossing, "here"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST_CASE("a level is a share of what the language has, at each height its own") {
  const Plan plan = read_sweeps({}, settings("variance : 90 % + excess_kurtosis:-0.5"));
  int cells = 0;
  for (const Cell& cell : plan.cells()) {
    REQUIRE(cell.search());
    const std::vector<Level> levels = cell.search()->levels;
    REQUIRE(levels.size() == 2);
    Parameters language = cell.parameters();
    for (const char* key : {"sampling.crossing", "sampling.search", "sampling.search-along",
                            "generator.context", "generator.context-unit", "generator.structure"})
      language.erase(key);
    language["generator.kind"] = "true";
    const double exact = analysis::Exact(Cell::make(language))("variance").value().value;
    // By name.
    CHECK(levels[0].statistic == "excess_kurtosis");
    CHECK(levels[0].value == -0.5);
    CHECK(levels[1].value == Approx(0.9 * exact).epsilon(1e-5));
    cells += levels[1].value > 0;
  }
  CHECK(cells == 9 + 27 + 81);
  // The plan holds numbers, and gives them back.
  CHECK(plan.text().find('%') == std::string::npos);
  CHECK(Plan::from_text(plan.text(), "").hash() == plan.hash());
  CHECK(read_sweeps({}, settings("90%")).cells()[0].search()->levels[0].statistic == "variance");
}

TEST_CASE("shares of what is not known, or not one number, are refused") {
  CHECK_THROWS_WITH(read_sweeps({}, settings("valid_rate:90%")),
                    Contains("the exact valid_rate of ising") && Contains("give the level itself"));
  for (const char* wrong : {"variance:0%", "variance:-5%", ":90%"})
    CHECK_THROWS_WITH(read_sweeps({}, settings(wrong)), Contains("is no share"));
  CHECK_THROWS_WITH(read_sweeps({}, settings("variance:much%")),
                    Contains("is no share") && Contains("variance:90%"));
  CHECK_THROWS_WITH(read_sweeps({}, settings("variance:90%", {{"sampling.search-along", "height", "here"}})),
                    Contains("different languages"));
}

}  // namespace
}  // namespace leafcast::jobs::level_share_test
