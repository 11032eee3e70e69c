#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>

#include "engine/language/grammar.h"
#include "engine/plan/plan.h"
#include "engine/values.h"
#include "tests/support/cells.h"

/// Whatever a plan holds is the same to the bit when it is written, read and written again.
namespace round_trip_test {

using namespace leafcast;
using leafcast::test::with;

namespace {

/// Numbers that people write for probabilities: they sum to 1 in decimals, not always in doubles.
std::vector<std::string> decimals(std::size_t count, std::mt19937_64& random) {
  const int digits = 1 + static_cast<int>(random() % 12);
  std::int64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  if (unit < static_cast<std::int64_t>(4 * count)) unit *= 100;
  std::vector<std::int64_t> parts(count, 1);
  std::int64_t left = unit - static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const auto part = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(left / 2 + 1));
    parts[i] += part;
    left -= part;
  }
  parts.back() += left;
  std::vector<std::string> texts;
  for (const std::int64_t part : parts)
    texts.push_back(format_real(static_cast<double>(part) / static_cast<double>(unit)));
  return texts;
}

/// Two symbols with so many rules each that share the tuples.
std::string grammar_file(std::mt19937_64& random) {
  const int symbols = 3, height = 1 + static_cast<int>(random() % 3);
  std::string text = fmt::format("symbols {}; children 2; height {}", symbols, height);
  if (random() % 2) {
    text += "; root";
    for (const std::string& p : decimals(symbols, random)) text += " " + p;
  }
  for (int level = height; level >= 1; --level) {
    text += fmt::format("; level {}", level);
    int tuple = 0;
    for (int a = 0; a < symbols; ++a) {
      const std::size_t rules = 1 + random() % 3;
      const auto p = decimals(rules, random);
      const bool plain = random() % 4 == 0;
      for (std::size_t r = 0; r < rules; ++r, ++tuple)
        text += fmt::format("; {} -> {} {}{}", a, tuple / 3, tuple % 3, plain ? "" : " : " + p[r]);
    }
  }
  return text;
}

Parameters random_cell(std::mt19937_64& random) {
  Parameters parameters = {{"seed", std::to_string(random() % 100)},
                           {"sampling.samples", std::to_string(1000 + random() % 1000)}};
  const auto real = [&](double most) {
    return fmt::format("{:.3g}", most * std::uniform_real_distribution<>(0.01, 1)(random));
  };
  switch (random() % 4) {
    case 0:
      parameters["language.kind"] = "rhm";
      parameters["language.grammar"] = Grammar::from_text(grammar_file(random)).line();
      return parameters;
    case 1: {
      const std::size_t q = 2 + random() % 4;
      std::string rows;
      for (std::size_t a = 0; a < q; ++a) {
        for (const std::string& p : decimals(q, random)) rows += p + " ";
        rows.back() = ';';
      }
      rows.pop_back();
      parameters = with(parameters, {{"language.kind", "kernel"}, {"language.matrix", rows}});
      break;
    }
    case 2:
      parameters = with(
          parameters,
          {{"language.kind", "binary"}, {"language.flip-plus", real(1)}, {"language.flip-minus", real(1)}});
      break;
    default:
      parameters = with(parameters, {{"language.kind", "ising"}, {"language.rho", real(1)}});
  }
  parameters = with(parameters, {{"language.d", "2"},
                                 {"language.height", "4"},
                                 {"generator.kind", "kgram"},
                                 {"generator.context", "3"}});
  if (random() % 2) parameters["generator.temperature"] = real(3);
  if (random() % 2)
    parameters["sampling.target-relative-error"] = "variance:" + real(0.5) + "+mean:" + real(0.5);
  if (random() % 3 == 0)
    parameters["sampling.crossing"] =
        fmt::format("variance:{:g}", std::pow(10, static_cast<double>(random() % 20) - 8));
  return parameters;
}

}  // namespace

TEST_CASE("plans of random cells of every kind are read as they were written") {
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<Cell> cells;
    for (int i = 0; i < 5; ++i) cells.push_back(Cell::make(random_cell(random)));
    if (!cells[0].is_adaptive()) cells.push_back(cells[0].with_shares({{101, 500}, {102, 700}}));
    const Plan plan("a title", std::move(cells), "");
    INFO(plan.text());
    const Plan again = Plan::from_text(plan.text(), "");
    REQUIRE(again.text() == plan.text());
    REQUIRE(again.hash() == plan.hash());
  }
}

TEST_CASE("grammars of people and of leafcast are the same when they are read again") {
  std::mt19937_64 random(12);
  for (int trial = 0; trial < 2000; ++trial) {
    const Grammar once = Grammar::from_text(grammar_file(random));
    REQUIRE(Grammar::from_text(once.text()).text() == once.text());
    REQUIRE(Grammar::from_line(once.line()).text() == once.text());
  }
  // Those that division never mends stay as people wrote them.
  const std::string file =
      "symbols 2; children 2; height 1; classes 2; level 1; 0 -> 0 0 : 0.7; 0 -> 0 1 : 0.2; 0 -> 1 0 : 0.1; 1 -> 1 1";
  CHECK(Grammar::from_line(Grammar::from_text(file).line()).line() == Grammar::from_text(file).line());
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Grammar zipf = Grammar::random({6, 5, 2, 3, 6, seed, 0.1 * static_cast<double>(seed), 1});
    CHECK(Grammar::from_line(zipf.line()).text() == zipf.text());
  }
}

TEST_CASE("what an earlier program wrote of a grammar is taken as it stands") {
  // Each of these was divided by its sum once more whenever it was read.
  const std::string line =
      "symbols 2;children 2;height 1;level 1;0 -> 0 0 : 0.7000000000000001;0 -> 0 1 : 0.2;0 -> 1 0 : 0.1;1 -> 1 1";
  CHECK(Grammar::from_line(line).line() == line);
}

}  // namespace round_trip_test
