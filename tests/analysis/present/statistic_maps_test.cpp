#include "analysis/present/statistic_maps.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "analysis/fit/families.h"
#include "analysis/present/gnuplot.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::statistic_maps_test {
namespace {

using synthetic::make_cell;

double number(const Cell& cell, const char* key) { return std::stod(cell.parameters().at(key)); }

/// Cells of k-grams, over the product of values.
std::vector<Cell> product(const std::vector<std::pair<std::string, std::vector<std::string>>>& sweep) {
  std::vector<Parameters> list = {{{"language.kind", "ising"},
                                   {"language.d", "2"},
                                   {"language.height", "5"},
                                   {"language.rho", "0.9"},
                                   {"generator.kind", "kgram"},
                                   {"generator.context", "4"}}};
  for (const auto& [key, values] : sweep) {
    std::vector<Parameters> next;
    for (const Parameters& parameters : list)
      for (const std::string& value : values) {
        next.push_back(parameters);
        next.back()[key] = value;
      }
    list = std::move(next);
  }
  std::vector<Cell> cells;
  for (const Parameters& parameters : list) cells.push_back(make_cell(parameters));
  return cells;
}

/// Every cell has the statistic, by a function; a NaN leaves the cell out.
StatisticMaps maps_of(const std::vector<Cell>& cells, const char* statistic,
                      const std::function<double(const Cell&)>& value, std::size_t most = 12) {
  const Record record{Plan("", cells, "")};
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i)
    if (const double v = value(record.plan.cells()[i]); !std::isnan(v))
      estimates.push_back({i, statistic, v, 0.1});
  return statistic_maps(record, EstimateIndex(estimates), most);
}

const std::vector<std::string> kRhos = {"0.5", "0.6", "0.7"}, kContexts = {"1", "2", "4", "8", "16"};

TEST_CASE("a map has the two keys of most values as axes, and means over seeds as values") {
  const auto cells =
      product({{"seed", {"1", "2", "3", "6"}}, {"language.rho", kRhos}, {"generator.context", kContexts}});
  const StatisticMaps shown = maps_of(cells, "excess_kurtosis", [](const Cell& cell) {
    return 100 * number(cell, "language.rho") + number(cell, "generator.context") + number(cell, "seed");
  });
  REQUIRE(shown.maps.size() == 1);
  CHECK(shown.remarks.empty());
  const Map& map = shown.maps.front();
  CHECK(map.x.values == std::vector<double>{1, 2, 4, 8, 16});
  CHECK(map.x.label == "context k");
  CHECK(map.x.log);
  CHECK(map.y.values == std::vector<double>{0.5, 0.6, 0.7});
  CHECK(map.y.label == "correlation ρ");
  CHECK_FALSE(map.y.log);
  REQUIRE(map.panels.size() == 1);
  CHECK(map.panels[0].label.empty());
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t i = 0; i < 5; ++i)
      CHECK(map.at(0, j, i) == Approx(100 * map.y.values[j] + map.x.values[i] + 3));  // the mean seed
  CHECK(map.caption.find("Means over up to 4 seeds.") != std::string::npos);
  CHECK(map.caption.find("missing") == std::string::npos);
}

TEST_CASE("a third key makes panels, and cells that are not there are missing, not zero") {
  const auto cells =
      product({{"language.rho", kRhos}, {"generator.context", kContexts}, {"language.height", {"5", "6"}}});
  const StatisticMaps shown = maps_of(cells, "excess_kurtosis", [](const Cell& cell) {
    return number(cell, "generator.context") == 8 && number(cell, "language.rho") == 0.6
               ? kUnknown
               : number(cell, "language.height");
  });
  REQUIRE(shown.maps.size() == 1);
  const Map& map = shown.maps.front();
  REQUIRE(map.panels.size() == 2);
  CHECK(map.panels[0].label == "h=5");
  CHECK(map.panels[1].label == "h=6");
  for (std::size_t p = 0; p < 2; ++p)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t i = 0; i < 5; ++i)
        if (j == 1 && i == 3)
          CHECK(std::isnan(map.at(p, j, i)));
        else
          CHECK(map.at(p, j, i) == (p == 0 ? 5 : 6));
  CHECK(map.caption.find("A panel for each height h. Grey: missing, 2 of 30.") != std::string::npos);
  // Data: a line for each value, missing ones as comments.
  const std::string data = map_data(map);
  CHECK(std::count(data.begin(), data.end(), '\n') == 2 + 2 + 30 + 2);
  CHECK(data.find("\n# 8 0.6 ") != std::string::npos);
}

TEST_CASE("the variance is shown as a share of the language's own") {
  const auto cells = product({{"language.rho", kRhos}, {"generator.context", kContexts}});
  const Record record{Plan("", cells, "")};
  const std::vector<Estimate> none;
  const StatisticMaps shown = maps_of(cells, "variance", [&](const Cell& cell) {
    const Record one{Plan("", {cell}, "")};
    return number(cell, "generator.context") * *true_value(one, EstimateIndex(none), {0}, "variance");
  });
  REQUIRE(shown.maps.size() == 1);
  CHECK(shown.maps[0].value_label == "Var(S), writer / language");
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t i = 0; i < 5; ++i) CHECK(shown.maps[0].at(0, j, i) == Approx(shown.maps[0].x.values[i]));
}

TEST_CASE("a key alone, or seeds alone, make no map, other writers make maps of their own") {
  const auto value = [](const Cell&) { return 1.0; };
  CHECK(maps_of(product({{"seed", {"1", "2", "3"}}, {"generator.context", kContexts}}), "excess_kurtosis",
                value)
            .maps.empty());
  auto cells = product({{"language.rho", kRhos}, {"generator.context", kContexts}});
  for (const std::string& rho : kRhos)
    cells.push_back(make_cell({{"language.kind", "ising"},
                               {"language.d", "2"},
                               {"language.height", "5"},
                               {"language.rho", rho},
                               {"generator.kind", "block"},
                               {"generator.context-depth", "2"}}));
  CHECK(maps_of(cells, "excess_kurtosis", value).maps.size() == 1);  // blocks differ in one key
}

TEST_CASE("what is left out is said") {
  std::vector<std::string> heights, many;
  for (int i = 3; i <= 20; ++i) heights.push_back(std::to_string(i));
  for (int i = 1; i <= 60; ++i) many.push_back(std::to_string(i));
  const auto value = [](const Cell& cell) { return number(cell, "generator.context"); };
  SECTION("panels") {
    std::vector<std::string> rhos;
    for (int i = 50; i < 70; ++i) rhos.push_back("0." + std::to_string(i));
    const auto shown = maps_of(product({{"language.height", heights},
                                        {"language.rho", rhos},
                                        {"generator.context", {"1", "2", "4", "8"}}}),
                               "excess_kurtosis", value);
    REQUIRE(shown.maps.size() == 1);
    CHECK(shown.maps[0].panels.size() == 4);
    const auto more =
        maps_of(product({{"language.height", heights}, {"language.rho", rhos}, {"generator.context", many}}),
                "excess_kurtosis", value);
    REQUIRE(more.maps.size() == 1);
    CHECK(more.maps[0].x.values.size() == 40);
    CHECK(more.maps[0].panels.size() <= 12);
    CHECK(more.maps[0].caption.find("40 of 60 values of context k are shown.") != std::string::npos);
    CHECK(more.maps[0].caption.find(std::to_string(more.maps[0].panels.size()) +
                                    " of 18 values of height h are shown.") != std::string::npos);
  }
  SECTION("maps") {
    const auto shown = maps_of(product({{"language.d", {"2", "3"}},
                                        {"language.height", {"3", "4", "5"}},
                                        {"language.rho", kRhos},
                                        {"generator.context", kContexts}}),
                               "excess_kurtosis", value, 1);
    CHECK(shown.maps.size() == 1);
    REQUIRE(shown.remarks.size() == 1);
    CHECK(shown.remarks[0].starts_with("1 more maps"));
  }
}

TEST_CASE("gnuplot draws maps, whatever their text and values") {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) return;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("leafcast-maps-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  Map map;
  map.name = "map";
  map.title = map.value_label = map.x.label = "a'b\"c`touch pwned`$(x)<script>%@_{x} \\n\n & ρ";
  map.x.values = {1, 2, 4};
  map.x.log = true;
  map.y.values = {3};
  for (const bool log : {false, true})
    for (const double v : {0.0, 1.0, -2.0}) {
      map.log_values = log;
      map.panels = {{"one", {v, v, kUnknown}}, {map.title, {v, 5, 500}}, {"x", {v, v, v}}};
      for (std::size_t panels : {3, 1}) {
        map.panels.resize(panels);
        const std::string svg = draw({drawing(map)}, folder).front();
        CHECK(svg.find("<svg") != std::string::npos);
        CHECK(svg.find("<script") == std::string::npos);
      }
    }
  CHECK_FALSE(std::filesystem::exists(folder / "pwned"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace leafcast::analysis::statistic_maps_test
