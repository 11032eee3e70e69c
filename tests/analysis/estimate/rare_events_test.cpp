#include "analysis/estimate/rare_events.h"

#include <catch2/catch.hpp>

#include "tests/coverage/coverage.h"

namespace leafcast::analysis::rare_events_test {
namespace {

using coverage::Coverage;

Parameters rigid(const char* rho, const char* height) {
  return {{"language.kind", "ising"},    {"language.d", "3"},        {"language.height", height},
          {"language.rho", rho},         {"generator.kind", "true"}, {"observe.entropy", "on"},
          {"observe.domain-walls", "on"}};
}

const Estimate& find(const std::vector<Estimate>& list, const std::string& statistic) {
  const auto found = std::ranges::find(list, statistic, [](const Estimate& e) { return e.statistic.text(); });
  REQUIRE(found != list.end());
  return *found;
}

TEST_CASE("what has hardly been seen has no error") {
  const Cell cell = coverage::with_samples(rigid("0.999", "1"), 256, 3);
  const auto list = cell_estimates(cell, coverage::sample(cell));
  for (const char* statistic : {"variance", "excess_kurtosis", "cross_entropy", "entropy_rate",
                                "sentence_cross_entropy", "correlation@1", "domain_walls_mean"}) {
    INFO(statistic);
    CHECK(std::isnan(find(list, statistic).error));
  }
  // With more samples it has been seen; and where nothing can happen, nothing is unknown.
  const Cell more = coverage::with_samples(rigid("0.999", "1"), 32768, 3);
  for (const char* statistic : {"variance", "cross_entropy", "domain_walls_mean"})
    CHECK(find(cell_estimates(more, coverage::sample(more)), statistic).error > 0);
  const Cell copies = coverage::with_samples(rigid("1", "2"), 64, 3);
  const auto certain = cell_estimates(copies, coverage::sample(copies));
  CHECK(find(certain, "variance").error == 0);
  CHECK(find(certain, "variance").value == 9);
}

/// The errors that were made of the samples alone.
std::vector<Estimate> of_samples_alone(const Cell& cell, const CellTally& bins) {
  const Tally sums = total(bins);
  std::vector<Estimate> list = cell_estimates(cell, bins, Scope::subtrees, Writers::others);
  for (Estimate& e : list)
    if (e.error == 0) e.error = 1e-9;
  return list;
}

TEST_CASE("errors cover languages that hardly ever depart from a copy, or say nothing") {
  const Parameters skewed = {{"language.kind", "kernel"}, {"language.matrix", "0.99 0.01; 0.3 0.7"},
                             {"language.d", "2"},         {"language.height", "3"},
                             {"generator.kind", "true"},  {"observe.entropy", "on"}};
  const auto covered = [](const Parameters& parameters, std::uint64_t samples, auto* estimates_of) {
    const auto truth = coverage::truths(parameters, 1u << 20);
    return coverage::cover(
        parameters, samples, 300, truth, [](const Estimate& e) { return e.z(); }, estimates_of);
  };
  std::size_t known = 0;
  for (const Parameters& parameters : {rigid("0.999", "3"), rigid("0.99", "2"), skewed})
    for (const std::uint64_t samples : {64, 256, 1024})
      for (const auto& [statistic, c] : covered(parameters, samples, &coverage::estimates_of)) {
        if (statistic.find("_rate") != std::string::npos || c.known < 200) continue;
        ++known;
        INFO(statistic << " of " << samples << ": " << 100 * c.two() << "% within two errors");
        CHECK(c.two() > 0.954 - 0.03 - 0.05);
      }
  CHECK(known > 10);
  auto wrong = covered(rigid("0.999", "1"), 256, &of_samples_alone);
  for (const char* statistic : {"excess_kurtosis", "cross_entropy"}) CHECK(wrong[statistic].two() < 0.8);
}

}  // namespace
}  // namespace leafcast::analysis::rare_events_test
