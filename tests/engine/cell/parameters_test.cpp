#include <catch2/catch.hpp>
#include <set>

#include "engine/cell/cell.h"
#include "engine/parameters/parameter_table.h"
#include "engine/values.h"

namespace leafcast::parameters_test {
namespace {

bool is_choice(const std::string& word, const std::string& words) {
  return ("|" + words + "|").find("|" + word + "|") != std::string::npos;
}

std::set<std::string> keys_of_kinds() {
  std::set<std::string> keys;
  for (const auto* kinds : {&language_kinds(), &generator_kinds()})
    for (const KindKeys& kind : *kinds) keys.insert(kind.keys.begin(), kind.keys.end());
  return keys;
}

TEST_CASE(
    "every key that a kind reads has a row, and every language's and generator's row a kind that reads it") {
  const std::set<std::string> keys = keys_of_kinds();
  for (const std::string& key : keys) {
    CAPTURE(key);
    CHECK(find_parameter(key));
  }
  for (const Parameter& row : parameter_table()) {
    CAPTURE(row.key);
    if (row.key.starts_with("generator.") || (row.key.starts_with("language.") && row.key != "language.file"))
      CHECK(keys.contains(row.key));
  }
}

TEST_CASE("rows of parameters: each key once, with help, what they name exists") {
  std::set<std::string> keys, columns;
  for (const Parameter& row : parameter_table()) {
    CAPTURE(row.key);
    CHECK(keys.insert(row.key).second);
    CHECK_FALSE(row.help.empty());
    if (row.tabled) CHECK(columns.insert(row.column()).second);
    const std::string section = row.key.substr(0, row.key.find('.'));
    if (row.stored != ColumnType::none)  // sections that io/record/cell_columns.cpp writes
      CHECK((section == "language" || section == "generator" || section == "sampling"));
    if (!row.unsaid.empty())
      CHECK((row.form == ValueForm::words ? is_choice(row.unsaid, row.placeholder)
                                          : parse_real(row.unsaid).has_value()));
    if (!row.only_with.key.empty()) {
      const Parameter* decider = find_parameter(row.only_with.key);
      REQUIRE(decider);
      CHECK(is_choice(row.only_with.choice, decider->placeholder));
    }
  }
}

TEST_CASE(
    "what a cell's description leaves out, and what the help promises, is the value of a cell that was not asked") {
  const Parameters learner = {{"language.kind", "rhm"},   {"language.v", "4"},
                              {"language.m", "2"},        {"language.s", "2"},
                              {"language.L", "3"},        {"generator.kind", "clustering"},
                              {"generator.training", "8"}};
  const Parameters splitting = {
      {"language.kind", "coloring"},    {"language.q", "3"},         {"language.d", "5"},
      {"language.height", "3"},         {"generator.kind", "kgram"}, {"generator.context", "4"},
      {"generator.method", "splitting"}};
  const Parameters kgram = {{"language.kind", "ising"},  {"language.rho", "0.5"},
                            {"language.d", "2"},         {"language.height", "3"},
                            {"generator.kind", "kgram"}, {"generator.context", "4"}};
  const Parameters block = {{"language.kind", "ising"},  {"language.rho", "0.5"},
                            {"language.d", "2"},         {"language.height", "3"},
                            {"generator.kind", "block"}, {"generator.context-depth", "1"}};
  const Parameters reasoning = {{"language.kind", "ising"},
                                {"language.rho", "0.5"},
                                {"language.d", "2"},
                                {"language.height", "3"},
                                {"generator.kind", "reasoning"}};
  std::set<std::string> told;  // keys whose default the help says, and a cell has filled in
  for (const Parameters& given : {learner, splitting, kgram, block, reasoning}) {
    const Cell cell = Cell::make(given);
    for (const auto& [key, value] : cell.parameters()) {
      const Parameter* row = find_parameter(key);
      CAPTURE(key, value);
      REQUIRE(row);
      if (!given.contains(key) && !row->reading.silent.empty()) CHECK(value == row->reading.silent);
      CHECK(row->unsaid != value);
      const std::size_t open = row->help.find('('), close = row->help.find(')', open);
      if (given.contains(key) || open == std::string::npos || key.starts_with("observe.")) continue;
      const std::string promised = row->help.substr(open + 1, close - open - 1);
      if (!parse_real(promised) && !is_choice(promised, row->placeholder)) continue;  // "V", "height"
      CHECK(value == promised);
      told.insert(key);
    }
  }
  CHECK(told.size() >= 10);
}

}  // namespace
}  // namespace leafcast::parameters_test
