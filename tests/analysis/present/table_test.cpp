#include "analysis/present/table.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/fits.h"
#include "analysis/present/fit_tables.h"
#include "analysis/text/number_text.h"
#include "engine/error.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::table_test {
namespace {

using synthetic::make_cell;

constexpr const char* kHeader =
    "cell,language,d,q,lambda,height,n,generator,context,context_unit,structure,context_depth,lca,memory,"
    "encoding,memory_depth,"
    "method,samples,statistic,value,stderr,exact,z,"
    "seed,rho,flip_plus,flip_minus,v,m,s,L,classes,rules,zipf_exponent,zipf_level,grammar_seed,particles,temperature,training,test,cluster_by,"
    "smoothing,concentration,target_relative_error,target_absolute_error,max_samples,subtrees,correlation,"
    "validity,histogram,entropy,pairs,domain_walls,symbol";

Cell cell_with(Parameters parameters) {
  parameters.insert({{"language.d", "3"}, {"language.height", "5"}, {"sampling.samples", "128"}});
  if (!parameters.contains("language.kind"))
    parameters.insert({{"language.kind", "ising"}, {"language.rho", "0.9"}});
  return make_cell(parameters);
}

/// One of each generator, and a coloring.
const Record& sample_record() {
  static const Record record = synthetic::draw(Plan(
      "Every kind",
      {cell_with({{"generator.kind", "true"}}),
       cell_with({{"generator.kind", "block"},
                  {"generator.context-depth", "2"},
                  {"generator.lca", "sampled-reset"}}),
       cell_with({{"generator.kind", "block"},
                  {"generator.context-depth", "3"},
                  {"generator.lca", "sampled-reset"}}),
       cell_with(
           {{"generator.kind", "kgram"}, {"generator.context", "9"}, {"generator.context-unit", "tokens"}}),
       cell_with({{"generator.kind", "reasoning"}, {"generator.memory-depth", "5"}}),
       cell_with({{"language.kind", "coloring"},
                  {"language.q", "3"},
                  {"generator.kind", "block"},
                  {"generator.context-depth", "2"}})},
      ""));
  return record;
}

std::string table(Format format, const Record& record, const std::vector<Estimate>& list) {
  std::ostringstream out;
  write_table(out, format, record, list);
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields = {""};
  for (const char c : line) {
    if (c == ',')
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

TEST_CASE("CSV: the contract's columns, empty where unused, numbers that read back the same") {
  const auto list = estimates(sample_record());
  const auto lines = lines_of(table(Format::csv, sample_record(), list));
  REQUIRE(lines.size() == list.size() + 1);
  CHECK(lines[0] == kHeader);
  const auto columns = fields_of(kHeader);
  std::map<std::size_t, std::vector<std::string>> first;  // row of each cell
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto fields = fields_of(lines[i + 1]);
    REQUIRE(fields.size() == columns.size());
    first.try_emplace(list[i].cell, std::vector<std::string>(fields.begin(), fields.begin() + 19));
    const auto same = [](const std::string& text, double x) {
      return std::isnan(x) ? text.empty() : std::stod(text) == x;
    };
    CHECK(same(fields[19], list[i].value));
    CHECK(same(fields[20], list[i].error));
    CHECK(same(fields[21], list[i].exact));
    CHECK(same(fields[22], list[i].z()));
  }
  using Row = std::vector<std::string>;
  CHECK(first[0] == Row{"0", "ising", "3", "2", "0.9", "5", "243", "true", "", "", "", "", "", "", "", "",
                        "sequence", "128", "variance"});
  CHECK(first[1] == Row{"1", "ising", "3", "2", "0.9", "5", "243", "block", "", "", "", "2", "sampled-reset",
                        "leaves", "", "", "sequence", "128", "variance"});
  CHECK(first[3] == Row{"3", "ising", "3", "2", "0.9", "5", "243", "kgram", "9", "tokens", "fixed", "", "",
                        "", "", "", "sequence", "128", "variance"});
  CHECK(first[4] == Row{"4", "ising", "3", "2", "0.9", "5", "243", "reasoning", "", "", "", "", "", "",
                        "path", "5", "sequence", "128", "variance"});
  CHECK(first[5] == Row{"5", "coloring", "3", "3", "-0.5", "5", "243", "block", "", "", "", "2", "sampled",
                        "leaves", "", "", "sequence", "128", "variance"});
}

TEST_CASE("JSON: an object a row with the same keys, null where empty") {
  const auto list = estimates(sample_record());
  const auto rows = nlohmann::ordered_json::parse(table(Format::json, sample_record(), list));
  REQUIRE(rows.size() == list.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string keys;
    for (const auto& [key, value] : rows[i].items()) keys += (keys.empty() ? "" : ",") + key;
    REQUIRE(keys == kHeader);
    CHECK(rows[i]["statistic"] == list[i].statistic.text());
    if (std::isnan(list[i].exact))
      CHECK(rows[i]["exact"].is_null());
    else
      CHECK(rows[i]["exact"].get<double>() == list[i].exact);
  }
  CHECK(rows[0]["context"].is_null());
  CHECK(rows[0]["n"] == 243);
  CHECK(nlohmann::json::parse(table(Format::json, Record(), {})).empty());
}

TEST_CASE("text fits a terminal and says what the cells share once") {
  const auto list = estimates(sample_record());
  const std::string text = table(Format::text, sample_record(), list);
  for (const std::string& line : lines_of(text)) {
    INFO(line);
    CHECK(display_width(line) <= 80);
  }
  CHECK(text.find("Every kind") == 0);
  CHECK(text.find("128 samples per cell") != std::string::npos);
  CHECK(text.find("kgram k=9 tokens") != std::string::npos);
  CHECK(text.find("#5 coloring q=3 d=3 h=5 · block w=2 leaves sampled") != std::string::npos);

  // Many languages with a cell each make one table; parameters without end do not break the lines.
  std::vector<Cell> cells;
  for (int q = 2; q <= 6; ++q)
    cells.push_back(make_cell({{"language.kind", "potts"},
                               {"language.q", std::to_string(q)},
                               {"language.lambda", "-0.123456789012345"},
                               {"language.d", "2"},
                               {"language.height", std::to_string(q)},
                               {"generator.kind", "block"},
                               {"generator.context-depth", "2"},
                               {"generator.lca", "sampled-reset"},
                               {"sampling.samples", "128"}}));
  const Record many = synthetic::draw(Plan("", cells, ""));
  const std::string wide = table(Format::text, many, estimates(many));
  for (const std::string& line : lines_of(wide)) {
    INFO(line);
    CHECK(display_width(line) <= 80);
  }
  CHECK(wide.find("q=4 h=4 block") != std::string::npos);
}

TEST_CASE("text says what it left out, and where there is room leaves out nothing") {
  const auto list = estimates(sample_record());
  const auto print = [&](std::size_t width) {
    std::ostringstream out;
    write_table(out, Format::text, sample_record(), list, width);
    return out.str();
  };
  const std::string narrow = print(66), wide = print(240);
  for (const std::string& line : lines_of(narrow)) CHECK(display_width(line) <= 66);
  for (const char* words : {"left out for want of room:", "exact kurtoses", "--format csv"}) {
    INFO(words);
    CHECK(narrow.find(words) != std::string::npos);
    CHECK(wide.find(words) == std::string::npos);
  }
  const std::string header = lines_of(wide.substr(wide.find("#  cell")))[0];
  CHECK(header.find("exact") != header.rfind("exact"));  // of the variance, and of the kurtosis
}

TEST_CASE("an unfinished or empty record still makes a table") {
  Record record = sample_record();
  record.held_tallies(0) = {};
  CHECK(table(Format::text, record, estimates(record)).find("5 of 6 cells have samples so far") !=
        std::string::npos);
  const Record nothing(sample_record().plan);
  CHECK(lines_of(table(Format::csv, nothing, {})) == std::vector<std::string>{kHeader});
  CHECK(table(Format::text, nothing, {}).find("0 of 6 cells") != std::string::npos);
}

TEST_CASE("formats by name") {
  CHECK(parse_format("text") == Format::text);
  CHECK(parse_format("csv") == Format::csv);
  CHECK(parse_format("json") == Format::json);
  CHECK_THROWS_AS(parse_format("xml"), UsageError);
}

TEST_CASE("values carry their errors in the last digits") {
  CHECK(value_text(1377.169, 3.14) == "1377.2(31)");
  CHECK(value_text(1377.169, 0.0314) == "1377.169(31)");
  CHECK(value_text(-1.72381, 0.00212) == "-1.7238(21)");
  CHECK(value_text(13771.69, 314) == "13772(314)");
  CHECK(value_text(1.23456e9, 2.1e6) == "1.2346(21)e9");
  CHECK(value_text(1.23456e-9, 2.1e-11) == "1.235(21)e-9");
  CHECK(value_text(0, 0.00035) == "0.00000(35)");
  CHECK(value_text(0.5, 0.0999) == "0.50(10)");
  CHECK(value_text(0.999999999999, 4.2e-10) == "1.00000000000(42)");
  CHECK(value_text(9.9999999999e9, 4.2e2) == "1.000000000(42)e10");
  CHECK(value_text(18, 0) == "18");
  CHECK(value_text(2.5, kUnknown) == "2.5(?)");
  CHECK(value_text(kUnknown, 1).empty());
  CHECK(p_value_text(0.0301) == "p = 0.03");
  CHECK(p_value_text(1e-120) == "p < 1e-99");
  CHECK(p_value_text(kUnknown).empty());
  CHECK(z_text(0.31) == "+0.3");
  CHECK(z_text(-2) == "-2.0");
  CHECK(z_text(kUnknown).empty());
  CHECK(count_text(20000) == "20000");
  CHECK(count_text(2'500'000'000) == "2.5e9");
  CHECK(display_width("ρ=0.9 · h") == 9);
  CHECK(display_width("樹 e\u0301\xff") == 5);  // wide, combining, no UTF-8
  CHECK(duration_text(0.451) == "0.451 s");
  CHECK(duration_text(90) == "90 s");
  CHECK(duration_text(9000) == "2.5 h");
}

TEST_CASE("fits in three formats") {
  Fit fit;
  fit.law = "variance-context-depth";
  fit.group = "ising d=3 ρ=0.9 h=8 · block, \"root\" sampled";
  fit.formula = "log(Var S/n) = slope·w + intercept";
  fit.cells = {1, 2, 3};
  fit.x = {1, 2, 3};
  fit.y = {2.5, 3.4, 4.2};
  fit.y_error = {0.1, 0.1, 0.1};
  fit.coefficients = {{"slope", 0.9, 0.01, 0.88}, {"intercept", 1.5, 0.02, kUnknown}};
  fit.chi2 = 1.5;
  fit.degrees_of_freedom = 1;
  fit.p_value = 0.22;
  fit.source = "GKMSS Theorem 3.1";
  fit.covariance = "independent cells, each error from its jackknife bins";
  fit.coefficients[0].exact = 0.88;
  fit.coefficients[0].bootstrap_error = 0.011;
  fit.domain_x = fit.x;
  fit.domain_y = fit.y;
  fit.domain_y_error = fit.y_error;
  fit.windows = {{1, 3, 3, 0.9, 0.01, 1.5, 1, 0.22}};
  fit.averaged = 0.91;
  fit.averaged_error = 0.02;
  FormFit form{"law", "slope·w + intercept", "", fit.coefficients, fit.y, 1.5, 1, 0.22, 5.5, 3.7};
  FormFit rival{
      "constant", "intercept", "within the law", {{"intercept", 3.4, 0.1}}, {}, 90, 2, 1e-20, 92, 91,
      88.5,       5e-21};
  fit.forms = {form, rival};
  fit.note =
      "window w ≥ 1 and h−w ≥ 2, and a note that is so long that it does not fit a line of the terminal and "
      "must be broken";
  Fit refused;
  refused.law = "kurtosis-decay";
  refused.note = "no fit: 2 different h−w remain and 3 are needed";

  std::ostringstream text, csv, json;
  write_fits(text, Format::text, {fit, refused});
  for (const std::string& line : lines_of(text.str())) CHECK(display_width(line) <= 80);
  CHECK(text.str().find("0.900(10)") != std::string::npos);
  CHECK(text.str().find("+2.0") != std::string::npos);
  CHECK(text.str().find("Not fitted") != std::string::npos);

  CHECK(text.str().find("averaged over 1 windows: 0.910(20)") != std::string::npos);
  CHECK(text.str().find("86.5") != std::string::npos);  // dAIC of the rival

  write_fits(csv, Format::csv, {fit, refused});
  const auto lines = lines_of(csv.str());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] ==
        "law,group,formula,coefficient,value,stderr,predicted,z,points,chi2,dof,p_value,note,exact,"
        "bootstrap_stderr,source,excluded");
  CHECK(lines[1].find("\"ising d=3 ρ=0.9 h=8 · block, \"\"root\"\" sampled\"") != std::string::npos);
  CHECK(lines[3] == "kurtosis-decay,,,,,,,,0,,0,,no fit: 2 different h−w remain and 3 are needed,,,,0");

  write_fits(json, Format::json, {fit, refused});
  const auto parsed = nlohmann::json::parse(json.str());
  REQUIRE(parsed.size() == 2);
  CHECK(parsed[0]["coefficients"][0]["predicted"] == 0.88);
  CHECK(parsed[0]["coefficients"][1]["predicted"].is_null());
  CHECK(parsed[0]["points"][2]["y"] == 4.2);
  CHECK(parsed[0]["coefficients"][0]["exact"] == 0.88);
  CHECK(parsed[0]["forms"][1]["likelihood_ratio"] == 88.5);
  CHECK(parsed[0]["forms"][0]["ratio_p_value"].is_null());
  CHECK(parsed[0]["windows"][0]["last"] == 3);
  CHECK(parsed[0]["source"] == "GKMSS Theorem 3.1");
  CHECK(parsed[1]["coefficients"].empty());

  // Excluded: no average, no deviation from the prediction; a slope that is not determined has no number.
  Fit excluded = fit, open = fit;
  excluded.forms.front().p_value = 1e-6;
  for (Coefficient& c : open.coefficients) c.value = c.error = c.bootstrap_error = kUnknown;
  std::ostringstream excluded_text, excluded_csv, excluded_json, open_csv;
  write_fits(excluded_text, Format::text, {excluded});
  CHECK(excluded_text.str().find("EXCLUDED") != std::string::npos);
  CHECK(excluded_text.str().find("averaged") == std::string::npos);
  CHECK(excluded_text.str().find("+2.0") == std::string::npos);
  write_fits(excluded_csv, Format::csv, {excluded});
  CHECK(lines_of(excluded_csv.str())[1].find(",slope,0.9,0.01,0.88,,3,") != std::string::npos);
  write_fits(excluded_json, Format::json, {excluded});
  CHECK(nlohmann::json::parse(excluded_json.str())[0]["coefficients"][0]["z"].is_null());
  CHECK(parsed[0]["coefficients"][0]["z"].get<double>() == Approx(2));
  write_fits(open_csv, Format::csv, {open});
  CHECK(lines_of(open_csv.str())[1].find(",slope,,,0.88,,3,") != std::string::npos);

  std::ostringstream none;
  write_fits(none, Format::text, {});
  CHECK(none.str().find("No law applies") == 0);
}

}  // namespace
}  // namespace leafcast::analysis::table_test
