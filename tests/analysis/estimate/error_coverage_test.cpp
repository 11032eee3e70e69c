#include <catch2/catch.hpp>

#include "analysis/estimate/jackknife.h"
#include "tests/coverage/coverage.h"

namespace leafcast::analysis::error_coverage_test {
namespace {

using coverage::Coverage;

/// 1000 repetitions: 1σ ± 1.5%, 2σ ± 0.7%. Within 3 points of a Gaussian's and three of these; what counts few things
/// or has seen few of them may cover more. Never less: a share that is due falls so low once in 700.
constexpr int kRepetitions = 1000;
bool covers(const Coverage& c) { return c.one() > 0.683 - 0.03 - 0.045 && c.two() > 0.954 - 0.03 - 0.02; }

/// The errors that were: the jackknife's alone, and those of p̃ where it sees nothing vary.
std::vector<Estimate> with_plain_errors(const Cell& cell, const CellTally& bins) {
  const Tally sums = total(bins);
  std::vector<Estimate> list = cell_estimates(cell, bins);
  std::vector<std::vector<double>> without(list.size());
  for (const Tally& bin : bins) {
    CellTally rest = empty_bins(cell);
    rest[0] = sums;
    rest[0] -= bin;
    const std::vector<Estimate> of_rest = cell_estimates(cell, rest);
    for (std::size_t i = 0; i < list.size(); ++i) without[i].push_back(of_rest.at(i).value);
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].scale = Scale::linear;
    list[i].error = jackknife_error(without[i]);
    if (list[i].error == 0) list[i].error = std::sqrt(0.5) / static_cast<double>(sums.samples);
  }
  return list;
}

TEST_CASE("one and two errors cover what is true as often as they say") {
  const Parameters weak = {{"language.kind", "ising"}, {"language.d", "2"},
                           {"language.height", "4"},   {"language.rho", "0.5"},
                           {"generator.kind", "true"}, {"observe.pairs", "levels"}};
  const Parameters own = {{"language.kind", "ising"},
                          {"language.d", "3"},
                          {"language.height", "3"},
                          {"language.rho", "0.9"},
                          {"generator.kind", "kgram"},
                          {"generator.context", "4"},
                          {"generator.context-unit", "tokens"},
                          {"generator.structure", "sampled"}};
  const Parameters coloring = {{"language.kind", "coloring"}, {"language.d", "4"},
                               {"language.q", "3"},           {"language.height", "2"},
                               {"generator.kind", "block"},   {"generator.context-depth", "1"}};
  // Shapes have no error before 1024 values, or 256 of two peaks: seldom or never here.
  for (const auto& [parameters, samples] :
       {std::pair{weak, std::uint64_t{1024}}, {own, std::uint64_t{256}}, {coloring, std::uint64_t{256}}}) {
    const auto truth = coverage::truths(parameters, 1u << 20);
    const auto list =
        coverage::cover(parameters, samples, kRepetitions, truth, [](const Estimate& e) { return e.z(); });
    REQUIRE(list.size() >= 5);
    for (const auto& [statistic, c] : list) {
      INFO(statistic << ": " << 100 * c.one() << "% within one error, " << 100 * c.two() << "% within two");
      const bool is_shape = statistic.starts_with("skewness") || statistic.starts_with("excess_kurtosis") ||
                            statistic == "binder";
      if (is_shape && samples < 1024 && c.known < 0.9 * kRepetitions) continue;
      REQUIRE(c.known > 0.9 * kRepetitions);
      CHECK(covers(c));
    }
  }
  // The wrong twin: the same sentences with the errors that were.
  struct Wrong {
    Parameters parameters;
    const char* statistic;
    std::uint64_t samples;
  };
  for (const auto& [parameters, statistic, samples] : {Wrong{weak, "token_correlation_square@4", 256},
                                                       {weak, "excess_kurtosis", 64},  // now unknown
                                                       {own, "well_formed_rate", 256}}) {
    INFO(statistic);
    const auto truth = coverage::truths(parameters, 1u << 20);
    auto list = coverage::cover(
        parameters, samples, kRepetitions, truth, [](const Estimate& e) { return e.z(); }, with_plain_errors);
    CHECK_FALSE(covers(list[statistic]));
  }
}

/// Roots with half the difference of the roots one error of the square up and down.
std::vector<Estimate> with_halved_roots(const Cell& cell, const CellTally& bins) {
  std::vector<Estimate> list = cell_estimates(cell, bins);
  const auto root = [](double square) { return std::copysign(std::sqrt(std::abs(square)), square); };
  for (Estimate& e : list) {
    if (!e.statistic.starts_with("token_correlation@")) continue;
    const std::string square =
        "token_correlation_square" + e.statistic.text().substr(e.statistic.text().find('@'));
    for (const Estimate& s : list)
      if (s.statistic == square) e.error = (root(s.value + s.error) - root(s.value - s.error)) / 2;
  }
  return list;
}

TEST_CASE("bars of roots cover no signal too") {
  const Parameters weak = {{"language.kind", "potts"}, {"language.d", "2"},        {"language.height", "4"},
                           {"language.q", "4"},        {"language.lambda", "0.1"}, {"generator.kind", "true"},
                           {"observe.pairs", "levels"}};
  const auto truth = coverage::truths(weak, 1u << 22);
  const auto bars = [](const Estimate& e) { return (e.value - e.exact) / e.error; };
  auto now = coverage::cover(weak, 1024, kRepetitions, truth, bars);
  auto wrong = coverage::cover(weak, 1024, kRepetitions, truth, bars, with_halved_roots);
  const char* faint = "token_correlation@4";
  REQUIRE(now[faint].known == kRepetitions);
  CHECK(now[faint].two() > 0.954 - 0.03);
  CHECK(wrong[faint].two() < 0.92);
}

}  // namespace
}  // namespace leafcast::analysis::error_coverage_test
