#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/fits.h"
#include "analysis/fit/laws/registry.h"
#include "analysis/theory/grammar_correlation.h"
#include "analysis/theory/grammar_entropy.h"
#include "engine/observe/entropy.h"
#include "engine/observe/learning.h"

namespace leafcast::analysis::grammar_laws_test {
namespace {

constexpr int kGrammars = 4, kLeastSize = 6, kGreatestSize = 26;  // powers of two

Cell grammar_cell(int v, int m, int levels, int seed, Parameters more) {
  Parameters parameters = {{"language.kind", "rhm"},
                           {"language.v", std::to_string(v)},
                           {"language.m", std::to_string(m)},
                           {"language.s", "2"},
                           {"language.L", std::to_string(levels)},
                           {"language.grammar-seed", std::to_string(seed)},
                           {"sampling.samples", "4"}};
  parameters.merge(more);
  return Cell::make(parameters);
}

std::vector<NextLeaf> by_level(const Cell& cell) {
  const Grammar& grammar = cell.language().grammar();
  return last_leaf_by_level(grammar, GrammarLaws(grammar));
}

const Law& law(const std::string& name) { return *std::ranges::find(laws(), name, &Law::name); }

/// Learning curves that fall from level to level, each half way at threshold(P_ℓ), a little earlier or later
/// from grammar to grammar.
struct Curves {
  Record record;
  std::vector<Estimate> list;

  template <class Threshold>
  explicit Curves(Threshold threshold, const char* by = "target") {
    std::vector<Cell> cells;
    for (const auto& [v, m, levels] : {std::tuple{32, 8, 3}, std::tuple{16, 4, 4}})
      for (int g = 1; g <= kGrammars; ++g)
        for (int e = kLeastSize; e <= kGreatestSize; ++e) {
          const std::int64_t size = std::int64_t{1} << e;
          cells.push_back(grammar_cell(v, m, levels, g,
                                       {{"generator.kind", "clustering"},
                                        {"generator.cluster-by", by},
                                        {"generator.training", std::to_string(size)}}));
          const std::vector<NextLeaf> next = by_level(cells.back());
          double loss = next[0].entropy;
          for (std::size_t j = 1; j < next.size(); ++j) {
            const double middle =
                std::log(threshold(sample_threshold(v, m, 2, static_cast<int>(j)))) + 0.02 * (g - 2.5);
            // Linear in log P over one doubling either way, so that interpolation is exact on a wide step.
            const double share = std::clamp(
                0.5 + (std::log(static_cast<double>(size)) - middle) / (4 * std::log(2)), 0.0, 1.0);
            loss -= share * (next[j - 1].entropy - next[j].entropy);
          }
          list.push_back({cells.size() - 1, "test_cross_entropy", loss, 1e-4});
        }
    record = Record(Plan("", cells, ""));
  }
};

TEST_CASE("thresholds of learning are found where curves pass them", "[laws]") {
  const auto slope = [](const Curves& curves) {
    const Law& of_thresholds = law("learning-threshold");
    const EstimateIndex index(curves.list);
    const auto series = of_thresholds.series({curves.record, index, {}});
    REQUIRE(series.size() == 1);
    REQUIRE(series[0].points.size() == 7);  // three levels and four
    return fit_law(of_thresholds, series[0]);
  };
  const Curves right([](double p) { return 3 * p; });
  {
    const EstimateIndex index(right.list);
    const auto series = law("learning-threshold").series({right.record, index, {}});
    for (const LawPoint& point : series[0].points) {
      CHECK(point.value == Approx(point.x + std::log(3)).margin(0.02));
      // Half grammars 0.01, 0.03 early, half late.
      CHECK(point.error == Approx(0.02 * std::sqrt(5.0 / 3 / 4)).epsilon(0.15));
    }
  }
  const Fit fit = slope(right), wrong = slope(Curves([](double p) { return 20 * std::sqrt(p); }));
  CHECK(std::abs(fit.coefficients[0].z()) < 5);
  CHECK(fit.coefficients[0].value == Approx(1).margin(0.02));
  CHECK(wrong.coefficients[0].z() < -20);
  // Nothing is predicted of who is told by siblings.
  CHECK(std::isnan(slope(Curves([](double p) { return 3 * p; }, "siblings")).coefficients[0].predicted));
}

TEST_CASE("entropies of contexts against the annealed formula", "[laws]") {
  std::vector<Cell> cells;
  for (int g = 1; g <= kGrammars; ++g) cells.push_back(grammar_cell(32, 8, 3, g, {}));
  const Record record(Plan("", cells, ""));
  const std::vector<Estimate> none;
  const EstimateIndex index(none);
  const auto series = law("context-entropy").series({record, index, {}});
  REQUIRE(series.size() == 1);
  REQUIRE(series[0].points.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    const int level = 3 - static_cast<int>(i);
    double mean = 0;
    for (const Cell& cell : cells)
      mean += by_level(cell)[static_cast<std::size_t>(level)].entropy / kGrammars;
    CHECK(series[0].points[i].value == Approx(mean));
    CHECK(series[0].points[i].x == Approx(std::log(annealed_compatible(32, 8, 2, level))));
    CHECK(series[0].points[i].error > 0);
    CHECK(series[0].covariance.blocks[i].matrix(0, 0) == Approx(std::pow(series[0].points[i].error, 2)));
  }
  const Fit fit = fit_law(law("context-entropy"), series[0]);
  CHECK(fit.coefficients[0].value == Approx(1).margin(0.1));
}

TEST_CASE("the effective context of a learner is the one whose entropy it has", "[estimates]") {
  const Cell cell =
      grammar_cell(16, 4, 4, 1, {{"generator.kind", "clustering"}, {"generator.training", "1000"}});
  const std::vector<NextLeaf> next = by_level(cell);
  const auto effective = [&](double loss) {
    Tally tally(cell, 1);
    tally.counts(fields::tested)[0] = 1000;
    add(tally, fields::loss, 0, std::llround(std::ldexp(loss * 1000, kEntropyBits)));
    Record record(Plan("", {cell}, ""));
    record.held_tallies(0)[0] = tally;
    const auto list = estimates_alone(record);
    return EstimateIndex(list).find(0, "effective_context")->value;
  };
  for (int j = 0; j <= 4; ++j)
    CHECK(effective(next[static_cast<std::size_t>(j)].entropy) == Approx(std::pow(2, j) - 1).margin(1e-3));
  CHECK(effective(next[0].entropy + 1) == 0);
  CHECK(effective(next[4].entropy / 2) == 15);
  CHECK(effective((next[1].entropy + next[2].entropy) / 2) == Approx(std::pow(2, 1.5) - 1).epsilon(1e-3));
}

}  // namespace
}  // namespace leafcast::analysis::grammar_laws_test
