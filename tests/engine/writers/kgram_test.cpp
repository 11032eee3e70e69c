#include "engine/writers/kgram.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/power_sums.h"
#include "tests/reference/reference.h"
#include "tests/support/cells.h"

namespace kgram_test {

using namespace leafcast;
using test::with;

namespace {

constexpr std::uint64_t kSamples = 100000;
constexpr double kAlarm = 1e-4;
const auto kGo = [] { return true; };

const Parameters kIsing = {
    {"language.kind", "ising"}, {"language.d", "2"}, {"language.height", "3"}, {"language.rho", "0.8"}};
const Parameters kColoring = {
    {"language.kind", "coloring"}, {"language.d", "3"}, {"language.height", "2"}, {"language.q", "3"}};
const Parameters kPotts = {{"language.kind", "potts"},
                           {"language.d", "2"},
                           {"language.height", "2"},
                           {"language.q", "5"},
                           {"language.lambda", "0.3"}};
const Parameters kGrammar = {{"language.kind", "rhm"},
                             {"language.v", "4"},
                             {"language.m", "3"},
                             {"language.s", "2"},
                             {"language.L", "2"},
                             {"language.rules", "zipf"},
                             {"language.zipf-exponent", "1"}};

Cell kgram(const Parameters& language, const std::string& context, const std::string& temperature = "1") {
  return Cell::make(with(
      language,
      {{"generator.kind", "kgram"}, {"generator.context", context}, {"generator.temperature", temperature}}));
}

/// Rows to the power 1/T, renormalised, in double precision.
Eigen::MatrixXd tempered(Eigen::MatrixXd laws, double temperature) {
  laws = laws.array().pow(1 / temperature);
  for (Eigen::Index i = 0; i < laws.rows(); ++i) laws.row(i) /= laws.row(i).sum();
  return laws;
}

/// Of all sentences, at the temperature, from the laws of leaves at temperature 1, which are tested against
/// enumeration elsewhere.
reference::Law enumerated(const Parameters& language, const std::string& context, double temperature) {
  const Cell plain = kgram(language, context);
  const ChunkRunner runner(plain);
  const int q = plain.language().symbols(), n = static_cast<int>(plain.language().leaves());
  reference::Law law(static_cast<std::size_t>(std::lround(std::pow(q, n))));
  for (std::size_t x = 0; x < law.size(); ++x) {
    const std::vector<int> symbols = reference::sentence_symbols(q, n, x);
    const Eigen::MatrixXd laws =
        runner.conditional_laws(std::vector<std::uint8_t>(symbols.begin(), symbols.end()));
    law[x] = 1;
    for (int i = 0; i < n && law[x] > 0; ++i) {  // what follows an impossible leaf has no law
      const double p = laws(i, symbols[static_cast<std::size_t>(i)]);
      law[x] *= p > 0 ? tempered(laws.row(i), temperature)(0, symbols[static_cast<std::size_t>(i)]) : 0;
    }
  }
  return law;
}

std::vector<std::uint64_t> counts(const Cell& cell) {
  const int q = cell.language().symbols(), n = static_cast<int>(cell.language().leaves());
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(std::lround(std::pow(q, n))));
  const std::vector<std::uint8_t> leaves = ChunkRunner(cell).sentences(0, kSamples);
  for (std::size_t at = 0; at < leaves.size(); at += static_cast<std::size_t>(n))
    ++counts[reference::sentence_index(q, {leaves.begin() + static_cast<std::ptrdiff_t>(at),
                                           leaves.begin() + static_cast<std::ptrdiff_t>(at) + n})];
  return counts;
}

}  // namespace

TEST_CASE("a tempered k-gram has the law of its enumeration, and not that of another temperature") {
  for (const Parameters& language : {kIsing, kPotts, kGrammar})
    for (const char* context : {"0", "1", "3"})
      for (const double temperature : {0.5, 1.7}) {
        const Cell cell = kgram(language, context, std::to_string(temperature));
        INFO(cell.label());
        const std::vector<std::uint64_t> seen = counts(cell);
        CHECK(reference::chi_square_p_value(enumerated(language, context, temperature), seen) > kAlarm);
        // A uniform law stays what it is at any temperature.
        if (context != std::string("0") || !cell.language().is_uniform())
          CHECK(reference::chi_square_p_value(enumerated(language, context, 2 * temperature), seen) <
                kAlarm);
      }
}

TEST_CASE("tempered laws are powers of the laws, on every instruction set alike") {
  const std::vector<std::uint8_t> colors = {0, 1, 0, 2, 1, 1, 2, 0, 2};
  for (const char* temperature : {"0.02", "0.3", "3", "100"}) {
    const double t = std::stod(temperature);
    const Eigen::MatrixXd plain = ChunkRunner(kgram(kColoring, "3")).conditional_laws(colors);
    const ChunkRunner runner(kgram(kColoring, "3", temperature));
    const Eigen::MatrixXd laws = runner.conditional_laws(colors);
    INFO("T = " << temperature);
    CHECK((laws - tempered(plain, t)).cwiseAbs().maxCoeff() < 1e-5);
    // What is impossible at one temperature is so at all.
    CHECK((plain.array() > 0).count() >= (laws.array() > 0).count());
    CHECK((plain.array() == 0).cast<int>().cwiseProduct((laws.array() > 0).cast<int>()).sum() == 0);
    for (const std::string& set : instruction_sets()) {
      use_instruction_set(set);
      CHECK(runner.conditional_laws(colors) == laws);
    }
    use_instruction_set("");
  }
}

TEST_CASE("temperature 1 is no key: cells and streams are those of earlier versions") {
  const Parameters plain = with(kIsing, {{"generator.kind", "kgram"}, {"generator.context", "3"}});
  const Cell cell = Cell::make(plain), one = kgram(kIsing, "3", "1.0");
  CHECK(one.parameters() == cell.parameters());
  CHECK(one.id() == cell.id());
  CHECK(kgram(kIsing, "3", "0.5").id() != cell.id());
  CHECK(kgram(kIsing, "3", "0.5").label() == "ising d=2 ρ=0.8 h=3 · kgram k=3 T=0.5");
  CHECK(ChunkRunner(one).run(0, 100, kGo).value() == ChunkRunner(cell).run(0, 100, kGo).value());
}

TEST_CASE("a tempered k-gram writes its own structure, and is in no theory") {
  const Cell cell = Cell::make(with(kIsing, {{"generator.kind", "kgram"},
                                             {"generator.context", "3"},
                                             {"generator.temperature", "0.5"},
                                             {"generator.context-unit", "tokens"},
                                             {"generator.structure", "sampled"}}));
  CHECK(ChunkRunner(cell).run(0, 100, kGo).value().samples == 100);
  CHECK_FALSE(cell.traits().is_exact);
  CHECK(kgram(kIsing, "3").traits().is_exact);
}

TEST_CASE("temperatures that are none are refused with what to do") {
  const auto refusal = [](const std::string& temperature, const Parameters& more = {}) {
    try {
      Cell::make(with(with(kColoring, {{"generator.kind", "kgram"},
                                       {"generator.context", "3"},
                                       {"generator.temperature", temperature}}),
                      more));
    } catch (const CellError& e) {
      return e.reason;
    }
    return std::string();
  };
  CHECK(refusal("0.01").empty());
  CHECK_THAT(refusal("0"), Catch::Contains("take a low one, such as 0.01"));
  CHECK_THAT(refusal("-1"), Catch::Contains("lies in"));
  CHECK_THAT(refusal("1e5"), Catch::Contains("lies in"));
  CHECK_THAT(refusal("0.5", {{"generator.method", "splitting"}}), Catch::Contains("temperature 1"));
  CHECK(refusal("1", {{"generator.method", "splitting"}}).empty());
  CHECK_THAT(refusal("0.5", {{"observe.entropy", "on"}}), Catch::Contains("leave generator.temperature out"));
  CHECK(refusal("1", {{"observe.entropy", "on"}}).empty());
  CHECK_FALSE(refusal("0.5", {{"generator.kind", "true"}, {"generator.context", "3"}}).empty());
}

}  // namespace kgram_test
