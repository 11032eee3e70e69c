#include "analysis/present/comparisons.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <variant>

#include "analysis/estimate/estimates.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::comparisons_test {
namespace {

using synthetic::make_cell;

Record record_of(const std::vector<std::string>& children) {
  std::vector<Cell> cells;
  for (const std::string& d : children) {
    const auto with = [&](Parameters more) {
      more.insert({{"language.kind", "ising"},
                   {"language.rho", "0.9"},
                   {"language.height", "2"},
                   {"language.d", d},
                   {"sampling.samples", "192"}});
      cells.push_back(make_cell(more));
    };
    with({{"generator.kind", "true"}});
    for (const char* w : {"0", "1", "2"})
      with({{"generator.kind", "block"}, {"generator.context-depth", w}, {"generator.memory", "root"}});
  }
  return synthetic::draw(Plan("compared", cells, ""));
}

/// Of a writer that needs this share of the sentence, a block of depth 1 for the sake of a cell.
Required need(const Record& record, std::size_t cell, double share, double error) {
  const double n = static_cast<double>(record.plan.cells()[cell].language().leaves());
  RequiredPoint p{n, share * n, error * share * n, {cell, cell}, 2};
  p.low = 0.9 * p.required;
  p.high = 1.1 * p.required;
  return {"variance", "context", "", record.plan.cells()[cell].language().d, 0.1, {p}, {}};
}

std::vector<Plot> plots_of(const Document& document) {
  for (const Document::Block& block : document.shown_blocks())
    if (const auto* figures = std::get_if<Figures>(&block)) return figures->plots;
  return {};
}

const Plot* find_plot(const std::vector<Plot>& plots, const std::string& part) {
  for (const Plot& plot : plots)
    if (plot.name.find(part) != std::string::npos) return &plot;
  return nullptr;
}

const Table* table_of(const Document& document) {
  for (const Document::Block& block : document.shown_blocks())
    if (const auto* table = std::get_if<Table>(&block)) return table;
  return nullptr;
}

std::size_t count_series(const Plot& plot) {
  std::size_t count = 0;
  for (const Curve& curve : plot.curves) count += curve.style == Curve::Style::points && !curve.label.empty();
  return count;
}

TEST_CASE("a key is compared against context, and against itself") {
  const Record record = record_of({"3", "2", "4"});
  const auto list = estimates(record);
  const EstimateIndex index(list);
  CHECK(comparable_keys(record.plan) == std::vector<std::string>{"generator.context-depth", "generator.kind", "language.d"});
  const std::vector<Plot> plots = plots_of(comparison(record, index, {}, "language.d"));
  const Plot* context = find_plot(plots, "compare-d-variance-ising");
  REQUIRE(context);
  CHECK(count_series(*context) == 3);
  std::vector<std::string> labels;
  for (const Curve& curve : context->curves)
    if (!curve.label.empty()) labels.push_back(curve.label);
  std::ranges::sort(labels);
  CHECK(labels == std::vector<std::string>{"d=2", "d=3", "d=4"});

  const Plot* itself = find_plot(plots, "compare-d-variance-by-d-ising-rho0.9-h2--true");
  REQUIRE(itself);
  REQUIRE(count_series(*itself) == 1);
  for (const Curve& curve : itself->curves)
    if (curve.style == Curve::Style::points) {
      REQUIRE(curve.points.size() == 3);
      CHECK((curve.points[0].x == 2 && curve.points[1].x == 3 && curve.points[2].x == 4));  // by number
    }
}

TEST_CASE("k*/n over a key: a power law is fitted where it may be, and excluded where it is") {
  const Record record = record_of({"2", "3", "4", "5"});
  const std::vector<Estimate> none;
  const EstimateIndex index(none);
  const auto needs = [&](auto share, double error) {
    std::vector<Required> list;
    for (std::size_t i = 0; i < 4; ++i)
      list.push_back(need(record, 4 * i + 2, share(2.0 + static_cast<double>(i)), error));
    return list;
  };
  const auto verdict = [&](const std::vector<Required>& list) {
    const Document document = comparison(record, index, list, "language.d");
    const Table* table = table_of(document);
    REQUIRE(table);
    REQUIRE(table->rows.size() == 1);
    return std::pair(table->rows[0][5].text(), table->rows[0].back().text());
  };
  const auto power = [](double d) { return 0.3 * std::pow(d, -0.5); };
  const auto [exponent, remark] = verdict(needs(power, 0.01));
  CHECK(exponent.starts_with("-0.500("));
  CHECK(remark.empty());
  // Of no power: no exponent is claimed.
  const auto [none_claimed, excluded] = verdict(needs([](double d) { return d == 3 ? 0.9 : 0.3; }, 0.01));
  CHECK(none_claimed.empty());
  CHECK(excluded == "a power law is excluded");
  // Two values lie on a line whatever they are.
  std::vector<Required> two = needs(power, 0.01);
  two.resize(2);
  CHECK(verdict(two).second == "two values are no fit");
  const auto plots = plots_of(comparison(record, index, needs(power, 0.01), "language.d"));
  const Plot* plot = find_plot(plots, "compare-d-required-share-variance");
  REQUIRE(plot);
  CHECK(std::ranges::any_of(plot->curves, [](const Curve& c) { return c.style == Curve::Style::line; }));
}

TEST_CASE("nothing is compared where nothing differs in the key alone") {
  const Record record = record_of({"3"});
  const auto list = estimates(record);
  CHECK(plots_of(comparison(record, EstimateIndex(list), {}, "language.d")).empty());
}

}  // namespace
}  // namespace leafcast::analysis::comparisons_test
