#include "jobs/sweep/sweep.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "engine/error.h"
#include "jobs/sweep/ini.h"
#include "jobs/sweep/nearest.h"

namespace sweep_test {

using namespace leafcast;
using namespace leafcast::jobs;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// A directory of sweep files that vanishes with the test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("leafcast-sweep-" + std::to_string(std::random_device{}()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

Plan read(const std::string& text, const std::vector<Setting>& overrides = {}) {
  const Folder folder;
  return read_sweeps({folder.write("s.ini", text)}, overrides);
}

Setting option(const std::string& key, const std::string& value) { return {key, value, "--" + key}; }

/// The message of the refusal, with the folder's path taken out: "rho = 1.2 (s.ini:3): …".
std::string refusal(const std::string& text, const std::vector<Setting>& overrides = {}) {
  const Folder folder;
  try {
    read_sweeps({folder.write("s.ini", text)}, overrides);
  } catch (const UsageError& e) {
    std::string message = e.what();
    const std::string prefix = folder.path("");
    for (std::size_t at; (at = message.find(prefix)) != message.npos;) message.erase(at, prefix.size());
    CHECK(e.code() == ExitCode::usage);
    return message;
  }
  return "accepted";
}

/// The values of one key over the cells, in order.
std::vector<std::string> column(const Plan& plan, const std::string& key) {
  std::vector<std::string> values;
  for (const Cell& cell : plan.cells()) {
    const auto found = cell.parameters().find(key);
    values.push_back(found == cell.parameters().end() ? "" : found->second);
  }
  return values;
}

using Strings = std::vector<std::string>;

const std::string kIsing = "[language]\nkind = ising\nd = 3\nrho = 0.9\nheight = 8\n";  // 5 lines
const std::string kBlock = kIsing + "[generator]\nkind = block\n";                      // 7 lines

std::vector<std::string> expand(const std::string& line, const std::string& key,
                                const std::string& before = kIsing) {
  return column(read(before + line), key);
}

}  // namespace

TEST_CASE("a sweep file gives its cells") {
  const Plan plan =
      read("title = A title, with = and a#b  # but this is one\n" + kIsing +
           "\n[generator]\nkind = kgram\ncontext = 81 ; how far it sees\n  [sampling]\nsamples = 1e5\n");
  REQUIRE(plan.cells().size() == 1);
  CHECK(plan.title() == "A title, with = and a#b");
  CHECK(plan.cells()[0].label() == "ising d=3 ρ=0.9 h=8 · kgram k=81");
  CHECK(plan.cells()[0].samples() == 100000);
  CHECK(plan.cells()[0].seed() == 1);
}

TEST_CASE("dotted keys, sections out of order, Windows line ends and a byte order mark are all fine") {
  const Plan plan = read(
      "\xEF\xBB\xBFlanguage.d=3\r\nlanguage.height = 8\r\nseed\t=\t7\r\n[generator]\r\nkind = "
      "reasoning\r\n[language]\r\n"
      "; a comment\r\n# another\r\nkind = ising\r\nrho = 0.9");
  REQUIRE(plan.cells().size() == 1);
  CHECK(plan.cells()[0].label() == "ising d=3 ρ=0.9 h=8 · reasoning path m=8 · seed 7");
}

TEST_CASE("lists and ranges") {
  const auto contexts = [](const std::string& value) {
    return expand("[generator]\nkind = kgram\ncontext = " + value, "generator.context");
  };
  CHECK(contexts("5") == Strings{"5"});
  CHECK(contexts("9, 1 ,5") == Strings{"9", "1", "5"});
  CHECK(contexts("4..7") == Strings{"4", "5", "6", "7"});
  CHECK(contexts("4 .. 12 : 3") == Strings{"4", "7", "10"});
  CHECK(contexts("4..4") == Strings{"4"});
  CHECK(contexts("2^4..2^7") == Strings{"16", "32", "64", "128"});
  CHECK(contexts("2^4..2^9:2") == Strings{"16", "64", "256"});
  CHECK(contexts("0, 3^0..3^2, 1e5") == Strings{"0", "1", "3", "9", "100000"});
  CHECK(contexts("14..2^4") == Strings{"14", "15", "16"});
  CHECK(contexts("height") == Strings{"8"});
  CHECK(contexts("height-1, height + 2") == Strings{"7", "10"});
  CHECK(contexts("6..height") == Strings{"6", "7", "8"});
  CHECK(contexts("0..height:4") == Strings{"0", "4", "8"});
  CHECK(contexts("height-1..height") == Strings{"7", "8"});
  CHECK(contexts("3^6..3^height") == Strings{"729", "2187", "6561"});
  CHECK(contexts("3^height") == Strings{"6561"});
  CHECK(expand("seed = 18446744073709551614..18446744073709551615", "seed",
               "language.rho = 0\nlanguage.d = 2\nlanguage.height=2\n") ==
        Strings{"18446744073709551614", "18446744073709551615"});
}

TEST_CASE("ranges of real numbers have a step and stay clean decimals") {
  const auto rhos = [](const std::string& value) {
    return expand("rho = " + value, "language.rho", "[language]\nd = 3\nheight = 8\n");
  };
  CHECK(rhos("0.5..0.9:0.1") == Strings{"0.5", "0.6", "0.7", "0.8", "0.9"});
  CHECK(rhos("0..0.3:0.1") == Strings{"0", "0.1", "0.2", "0.3"});
  CHECK(rhos("0..1:0.3") == Strings{"0", "0.3", "0.6", "0.9"});
  CHECK(rhos("1e-3..3e-3:1e-3, 0.5") == Strings{"0.001", "0.002", "0.003", "0.5"});
  CHECK(rhos("0.123456789..0.123456791:1e-9") == Strings{"0.123456789", "0.12345679", "0.123456791"});
  CHECK(rhos("0..1:1") == Strings{"0", "1"});
  CHECK(rhos("1e-15..3e-15:1e-15") == Strings{"1e-15", "2e-15", "3e-15"});
  CHECK(expand("lambda = -0.5..0.5:0.25", "language.lambda",
               "[language]\nkind = potts\nq = 3\nd = 3\nheight = 8\n") ==
        Strings{"-0.5", "-0.25", "0", "0.25", "0.5"});
}

TEST_CASE("lists multiply, the first key slowest, whatever the order in the file") {
  const Plan plan = read(
      "[generator]\nkind = kgram\ncontext = 4, 2\n[language]\nheight = 3, 2\nd = 3\nrho = "
      "0.9\n[sampling]\nsamples = 10\n");
  CHECK(column(plan, "language.height") == Strings{"3", "3", "2", "2"});
  CHECK(column(plan, "generator.context") == Strings{"4", "2", "4", "2"});

  const Plan seeds = read("[language]\nheight = 3, 2\nd = 3\nrho = 0.9\n", {option("seed", "5, 6")});
  CHECK(column(seeds, "seed") == Strings{"5", "5", "6", "6"});
  CHECK(column(seeds, "language.height") == Strings{"3", "2", "3", "2"});
}

TEST_CASE("a key that a kind does not use does not multiply its cells") {
  const Plan plan =
      read(kIsing +
           "[generator]\nkind = true, kgram, block, reasoning\ncontext = 1, 2, 3\ncontext-depth = 0, 1\n"
           "memory-depth = 4\nencoding = path, segment\n");
  CHECK(column(plan, "generator.kind") ==
        Strings{"true", "kgram", "kgram", "kgram", "block", "block", "reasoning", "reasoning"});
  CHECK(column(plan, "generator.context") == Strings{"", "1", "2", "3", "", "", "", ""});

  const Plan languages = read(
      "[language]\nkind = ising, coloring, potts\nd = 3\nheight = 4\nrho = 0.1, 0.2\nq = 3, 4\nlambda = "
      "0.5\n");
  CHECK(column(languages, "language.kind") ==
        Strings{"ising", "ising", "coloring", "coloring", "potts", "potts"});
  CHECK(column(languages, "language.q") == Strings{"", "", "3", "4", "3", "4"});

  // Only colorings have a validity; the others do not make a contradiction of it.
  const Plan valid = read(
      "[language]\nkind = ising, coloring\nd = 3\nheight = 4\nrho = 0.1\nq = 3\n[observe]\nvalidity = on, "
      "off\n");
  CHECK(column(valid, "observe.validity") == Strings{"off", "on", "off"});
  CHECK(column(read(kIsing + "[observe]\nvalidity = off\n"), "observe.validity") == Strings{"off"});
}

TEST_CASE("equal cells are kept once") {
  CHECK(expand("[generator]\nkind = kgram\ncontext = 4, 2..5, 2^2, 0.4e1", "generator.context") ==
        Strings{"4", "2", "3", "5"});
}

TEST_CASE("generators that cannot collapse are left out of a list") {
  const std::string collapsed = kIsing + "[generator]\nmethod = collapsed\n";
  const Plan kinds =
      read(collapsed + "kind = true, kgram, reasoning\ncontext = 4\nencoding = path, segment\n");
  REQUIRE(kinds.cells().size() == 2);
  CHECK(kinds.cells()[1].label() == "ising d=3 ρ=0.9 h=8 · reasoning path m=8 · collapsed");
  CHECK(read(collapsed + "kind = block\ncontext-depth = 1\nmemory = leaves, root\n").cells().size() == 1);
  CHECK(read(kIsing + "[generator]\nmethod = sequence, collapsed\nkind = true, kgram\ncontext = 4\n")
            .cells()
            .size() == 3);
  // Nobody chose among generators: the cell is refused, though heights are swept.
  CHECK_THAT(refusal(collapsed + "kind = kgram\ncontext = 4\n", {option("language.height", "4..8")}),
             Contains("this generator looks back at leaves"));
}

TEST_CASE("a cell that cannot exist is left out of a range") {
  CHECK(expand("context-depth = 6..12\n", "generator.context-depth", kBlock) == Strings{"6", "7", "8"});
  CHECK(expand("context-depth = 6, 9\n", "generator.context-depth", kBlock) == Strings{"6"});
  const Plan trees =
      read("[language]\nd = 2\nrho = 0.5\nheight = 2..4\n[generator]\nkind = block\ncontext-depth = 3\n");
  CHECK(column(trees, "language.height") == Strings{"3", "4"});
  const Plan triangle = read(
      "[language]\nd = 2\nrho = 0.5\nheight = 1..3\n[generator]\nkind = reasoning\nmemory-depth = "
      "0..height\n");
  CHECK(column(triangle, "generator.memory-depth") == Strings{"0", "1", "0", "1", "2", "0", "1", "2", "3"});
  // Ranges that are empty in the smaller trees.
  const Plan upper = read(
      "[language]\nd = 2\nrho = 0.5\nheight = 1..4\n[generator]\nkind = block\ncontext-depth = 3..height, "
      "height-2\n");
  CHECK(column(upper, "language.height") == Strings{"2", "3", "3", "4", "4", "4"});
  CHECK(column(upper, "generator.context-depth") == Strings{"0", "3", "1", "3", "4", "2"});

  const Plan symbols =
      read("[language]\nkind = coloring\nd = 2\nq = 3, 4\nheight = 3\n[observe]\nsymbol = 3\n");
  CHECK(column(symbols, "language.q") == Strings{"4"});
  const Plan potts = read("[language]\nkind = potts\nd = 2\nq = 2..4\nlambda = -0.5\nheight = 3\n");
  CHECK(column(potts, "language.q") == Strings{"2", "3"});
}

TEST_CASE("… and is an error when asked for alone") {
  CHECK(refusal(kBlock + "context-depth = 9\n") ==
        "context-depth = 9 (s.ini:8): a block's context depth is at most the tree's height, 8");
  // A list elsewhere does not make it one of several.
  CHECK_THAT(
      refusal(kBlock + "context-depth = 9\nmemory = leaves, root\n", {option("language.rho", "0.5, 0.6")}),
      Contains("context-depth = 9 (s.ini:8)"));
  CHECK_THAT(refusal(kBlock + "context-depth = 9\n", {option("generator.kind", "true, block")}),
             Contains("context-depth = 9"));
  CHECK_THAT(refusal(kBlock, {option("generator.context-depth", "9")}),
             Contains("context-depth = 9 (--generator.context-depth): a block's"));
  CHECK_THAT(refusal(kBlock + "context-depth = height+1\n"), Contains("context-depth = 9 (s.ini:8)"));
  CHECK_THAT(refusal(kIsing + "[observe]\nsymbol = 2\n"),
             Contains("symbol = 2 (s.ini:7): this language's 2 symbols"));
}

TEST_CASE("a sweep of nothing is an error") {
  CHECK_THAT(refusal(kBlock + "context-depth = 9..12\n"),
             Contains("s.ini: the sweep is empty: no cell of it can exist, as context-depth = 9 (s.ini:8)"));
  CHECK_THAT(refusal("[language]\nd = 2\nrho = 0.5\nheight = 1, 2\n[generator]\nkind = block\ncontext-depth "
                     "= 3..height\n"),
             Contains("s.ini: the sweep is empty: no range of it fits its trees"));
  CHECK_THROWS_WITH(read_sweeps({}, {}), Contains("there is no sweep: give a sweep file"));
}

TEST_CASE("a bad value is named with file, line, reason and remedy") {
  CHECK(refusal("[language]\nkind = ising\nd = 3\nrho = 1.2\nheight = 8\n") ==
        "rho = 1.2 (s.ini:4): a correlation lies in [0, 1]");
  CHECK(refusal(kIsing, {option("language.rho", "1.2")}) ==
        "rho = 1.2 (--language.rho): a correlation lies in [0, 1]");
  // Of a list, the value that is wrong.
  CHECK_THAT(refusal("[language]\nd = 3\nheight = 8\nrho = 0.1, 1.5\n"), Contains("rho = 1.5 (s.ini:4)"));
  CHECK_THAT(refusal(kIsing + "d = x\n"), Contains("language.d already stands in line 3"));
  CHECK_THAT(refusal(kIsing, {option("language.d", "x")}),
             Contains("the number of children is a whole number from 2"));
  CHECK_THAT(refusal(kIsing, {option("language.height", "40")}), Contains("the largest height is 39"));
  CHECK_THAT(refusal(kBlock + "context-depth = 0..height\n", {option("language.height", "tall")}),
             Contains("height = tall (--language.height): a tree's height is a whole number"));
  CHECK_THAT(refusal(kBlock + "context-depth = 0..height\n", {option("language.height", "1e12")}),
             Contains("height = 1e12 (--language.height)"));
  CHECK_THAT(refusal(kIsing + "[sampling]\nsamples = 0\n"), Contains("samples = 0 (s.ini:7)"));
  CHECK_THAT(refusal(kIsing + "[sampling]\ntarget-relative-error = 2\n"),
             Contains("target-relative-error = 2 (s.ini:7): a relative error is a fraction below 1"));
  CHECK_THAT(refusal(kIsing + "[sampling]\nmax-samples = 1e9\n"),
             Contains("max-samples = 1e9 (s.ini:7): it limits the search for a target error"));
  CHECK_THAT(refusal(kIsing + "[generator]\nmethod = collapsed\nkind = kgram\ncontext = 4\n"),
             Contains("method = collapsed (s.ini:7): this generator looks back at leaves"));
  CHECK_THAT(refusal(kIsing + "[generator]\nkind = kgram\ncontext = 4\nstructure = fixed, sampled\n"),
             Contains("structure = sampled (s.ini:9): a writer of its own structure"));
  CHECK_THAT(refusal(kIsing + "[observe]\nvalidity = on\n"),
             Contains("validity = on (s.ini:7): only colorings and grammars have invalid sentences"));
  CHECK_THAT(refusal(kIsing + "[observe]\nsubtrees = off\ncorrelation = on\n"),
             Contains("correlation = on (s.ini:8): correlations come from"));
}

TEST_CASE("a missing key is named") {
  CHECK(refusal("[language]\nkind = ising\nd = 3\nheight = 8\n") ==
        "language.rho is missing (s.ini): this cell needs it (a correlation); set it there or give "
        "--language.rho=…");
  CHECK_THAT(refusal(""), Contains("s.ini holds no keys"));
  CHECK_THAT(refusal("title = x\n"), Contains("language.d is missing (s.ini)"));
  CHECK_THAT(refusal("[generator]\nkind = block\ncontext-depth = 0..height\n[language]\nd = 2\nrho = 0.5\n"),
             Contains("language.height is missing"));
  CHECK_THAT(refusal("[language]\nkind = kernel\nd = 2\nheight = 3\n"),
             Contains("language.file is missing (s.ini)"));
  CHECK_THROWS_WITH(read_sweeps({}, {option("language.d", "3")}),
                    Contains("language.height is missing (command line)"));
}

TEST_CASE("an unknown word is an error with the nearest known one") {
  CHECK(
      refusal("[language]\nkind = icing\n") ==
      "kind = icing (s.ini:2): it is one of ising, coloring, potts, kernel, binary, rhm; did you mean ising?");
  CHECK_THAT(refusal(kIsing + "[generator]\nkind = true, blok\n"),
             Contains("it is one of true, kgram") && Contains("did you mean block?"));
  CHECK_THAT(refusal(kBlock + "lca = reset\n"), Contains("one of sampled, sampled-reset, fixed"));
  const std::string far = refusal(kBlock + "memory = xyzzyxyzzy\n");
  CHECK_THAT(far, Contains("memory = xyzzyxyzzy (s.ini:8): it is one of leaves, root"));
  CHECK_THAT(far, !Contains("did you mean"));
}

TEST_CASE("targets: lists multiply, + joins, and a statistic that no cell has is an error") {
  const std::string goals = kIsing + "[sampling]\n";
  const Plan two =
      read(goals + "target-relative-error = 0.01, variance:0.02+binder:0.1\nmax-samples = 1e6\n");
  REQUIRE(two.cells().size() == 2);
  CHECK(two.cells()[0].targets() == std::vector<Target>{{"variance", 0.01, 0}});
  CHECK(two.cells()[1].targets() == std::vector<Target>{{"binder", 0.1, 0}, {"variance", 0.02, 0}});
  CHECK(two.cells()[0].samples() == 1000000);
  CHECK(read(goals + "target-relative-error = 0.01..0.03:0.01\n").cells().size() == 3);
  CHECK_THAT(refusal(goals + "target-relative-error = varience:0.01\n"),
             Contains("target-relative-error = varience:0.01 (s.ini:7): no cell of the sweep has a statistic "
                      "varience; did you mean variance?"));
  CHECK_THAT(refusal(goals + "target-absolute-error = valid_rate:0.01\n"), Contains("no cell of the sweep"));
  CHECK_THAT(refusal(goals + "target-relativ-error = 0.01\n"),
             Contains("did you mean sampling.target-relative-error?"));
  CHECK_THAT(refusal(goals + "target-relative-error = 1%\n"), Contains("it is an error such as 0.01"));
  CHECK_THAT(refusal(goals + "target-relative-error = 0.1\nsamples = 2000\nmax-samples = 1000\n"),
             Contains("max-samples = 1000 (s.ini:9): the first stage alone draws sampling.samples = 2000"));
  // Statistics of subtrees are those of the cell's heights and switches.
  CHECK(read(goals + "target-relative-error = variance@8:0.01\n").cells()[0].has_goal());
  CHECK_THAT(refusal(goals + "target-relative-error = variance@9:0.01\n"),
             Contains("did you mean variance@"));

  // In a mixed sweep each language has the targets that it can have.
  const Plan mixed = read(
      "[language]\nkind = ising, coloring\nd = 3\nheight = 4\nrho = 0.9\nq = 3\n[generator]\n"
      "kind = block\ncontext-depth = 2\n[sampling]\nsamples = 500\n"
      "target-relative-error = valid_rate:0.05\nmax-samples = 5000\n");
  REQUIRE(mixed.cells().size() == 2);
  CHECK_FALSE(mixed.cells()[0].has_goal());
  CHECK(mixed.cells()[0].samples() == 500);
  CHECK(mixed.cells()[1].targets() == std::vector<Target>{{"valid_rate", 0.05, 0}});
}

TEST_CASE("an unknown key is an error with the nearest known one") {
  CHECK(refusal(kIsing + "[generator]\nkind = block\ncontext_depth = 3\n") ==
        "context_depth = 3 (s.ini:8): there is no key generator.context_depth; did you mean "
        "generator.context-depth?");
  CHECK_THAT(refusal("[language]\nroh = 0.9\n"), Contains("did you mean language.rho?"));
  // The right name in the wrong section.
  CHECK_THAT(refusal("[generator]\nrho = 0.9\n"),
             Contains("no key generator.rho; did you mean language.rho?"));
  CHECK_THAT(refusal("[language]\ntitle = x\n"), Contains("no key language.title; did you mean title?"));
  CHECK_THAT(refusal("rho = 0.9\n"), Contains("did you mean language.rho?"));
  CHECK_THAT(refusal("[language]\nlanguage.d = 3\n"), Contains("did you mean language.d?"));
  CHECK_THAT(refusal(kIsing, {option("language.hight", "3")}),
             Contains("hight = 3 (--language.hight)") && Contains("language.height?"));
  CHECK_THAT(refusal(kIsing, {{"seeds", "3", ""}}),
             Contains("seeds = 3 (--seeds)") && Contains("did you mean seed?"));
  // Known to the engine, not to people.
  CHECK_THAT(refusal("[language]\nmatrix = 0 1; 1 0\n"), Contains("there is no key language.matrix"));
}

TEST_CASE("an unknown section is an error with the nearest known one, even if it is empty") {
  CHECK(refusal("seed = 1\n[langage]\n") ==
        "s.ini:2: [langage] is no section of a sweep: they are language, generator, sampling, observe; did "
        "you mean [language]?");
  CHECK_THAT(refusal("[]\n"), Contains("s.ini:1: [] is no section"));
  CHECK_THAT(refusal("[language\n"), Contains("s.ini:1: [language: a section's name ends with ]"));
}

TEST_CASE("lines that are no settings are refused") {
  CHECK(refusal("seed = 1\nwhat is this\n") ==
        "s.ini:2: what is this: a line is a [section], key = value, or a # comment");
  CHECK_THAT(refusal("= 3\n"), Contains("s.ini:1: = 3: a line is a"));
  CHECK_THAT(refusal("[language]\nd =\n"), Contains("d =  (s.ini:2): there is no value"));
  CHECK_THAT(refusal("[language]\nd = # three\n"), Contains("(s.ini:2): there is no value"));
  CHECK_THAT(refusal(kIsing, {option("language.d", "")}), Contains("(--language.d): there is no value"));
  CHECK(
      refusal("seed = 1\n\n[language]\nd = 3\nd = 4\n") ==
      "d = 4 (s.ini:5): language.d already stands in line 4; keep one of them (a list \"a, b\" sweeps both)");
  CHECK_THAT(refusal("language.d = 3\n[language]\nd = 3\n"),
             Contains("d = 3 (s.ini:3): language.d already stands in line 1"));
  CHECK_THAT(refusal(kIsing, {option("seed", "1+2")}),
             Contains("seed = 1+2 (--seed): only results are pooled") && Contains("seed = 1, 2") &&
                 Contains("leafcast merge --combine-seeds"));
  CHECK_THAT(refusal(kIsing, {option("sampling.samples", "10+10")}),
             Contains("samples = 10+10 (--sampling.samples)"));
  CHECK_THAT(refusal(kIsing, {option("seed", "1"), option("seed", "2")}),
             Contains("seed = 2 (--seed): the option is given twice"));
}

TEST_CASE("bad lists and ranges are refused") {
  const auto context = [](const std::string& value) {
    return refusal(kIsing + "[generator]\nkind = kgram\ncontext = " + value + "\n");
  };
  for (const char* value : {"4,", ",4", "4,,5", ","})
    CHECK_THAT(context(value), Contains("an item of the list is empty"));
  CHECK(context("12..4") ==
        "context = 12..4 (s.ini:8): the range is empty: it runs from the smaller to the larger number");
  CHECK_THAT(context("2^5..2^4"), Contains("the range is empty"));
  CHECK_THAT(context("1, 9..height"),
             Contains("context = 1, 9..height (s.ini:8): the range is empty at height 8"));
  CHECK_THAT(context("height-9"), Contains("the range is empty at height 8"));
  for (const char* value :
       {"..", "4..", "..4", "1...3", "a..b", "0.5..2.5", "-2..3", "0..heigth", "0..height*2"})
    CHECK_THAT(context(value), Contains("a range is written 4..12, 4..12:2 or 2^4..2^11"));
  for (const char* value : {"1..3:0", "1..3:x", "1..3:-1", "1..3:", "1..3:1:1"})
    CHECK_THAT(context(value), Contains("the step of a range is a whole number from 1"));
  CHECK_THAT(context("2^3..3^3"), Contains("a range of powers has one base"));
  CHECK_THAT(context("2^3..2^64"), Contains("above 2^64"));
  CHECK_THAT(context("2^height..2^99999"), Contains("above 2^64"));
  CHECK_THAT(context("0..1e6"), Contains("more than 1000000 values"));
  CHECK_THAT(context("0..2^62"), Contains("more than 1000000 values"));
  CHECK_THAT(context("1..6e5, 1..6e5"), Contains("more than 1000000 values"));
  CHECK_THAT(context("height..1e18"), Contains("more than 1000000 values"));
  CHECK_THAT(context("heights"), Contains("context = heights (s.ini:8): a context length is a whole number"));
  // Only generators may speak of the tree's height.
  CHECK_THAT(refusal(kIsing + "[sampling]\nsamples = height\n"),
             Contains("the number of samples is a whole number"));
  CHECK_THAT(refusal(kIsing + "[sampling]\nsamples = 1..height\n"), Contains("a range is written 4..12"));

  const auto rho = [](const std::string& value) {
    return refusal("[language]\nd = 3\nheight = 8\nrho = " + value + "\n");
  };
  CHECK_THAT(rho("0.5..0.9"), Contains("a range of numbers is written with its step: 0.5..0.9:0.1"));
  CHECK_THAT(rho("0.5..x:0.1"), Contains("written with its step"));
  for (const char* step : {"0", "-0.1", "x", ""})
    CHECK_THAT(rho(std::string("0.5..0.9:") + step), Contains("the step of a range is a number above 0"));
  CHECK_THAT(rho("0.9..0.5:0.1"), Contains("the range is empty"));
  CHECK_THAT(rho("0..1:1e-7"), Contains("more than 1000000 values"));
  CHECK_THAT(rho("0..1:1e-20"), Contains("too many digits"));
  CHECK_THAT(rho("0..1e300:1e299"), Contains("too many digits"));
}

TEST_CASE("too many cells are refused") {
  CHECK_THAT(
      refusal(kIsing + "[generator]\nkind = block\ncontext-depth = 9..1000\n[sampling]\nsamples = 1..2000\n"),
      Contains("s.ini: the sweep has more than 1000000 cells"));
  // Nor are values counted without end where none of them makes a cell.
  CHECK_THAT(refusal("seed = 1..99999\n[language]\nkind = ising\nd = 2..99999\nrho = 0.9\nheight = 4\n"
                     "[generator]\nkind = block\ncontext-depth = 5..height, 6..height\n"),
             Contains("the range is empty"));
  CHECK_THAT(refusal("seed = 1..99999\n[language]\nkind = ising\nd = 2..99999\nrho = 0.9\nheight = 4, 5\n"
                     "[generator]\nkind = block\ncontext-depth = 6..height\n"),
             Contains("the sweep has more than 1000000 cells"));
  // Cells of many symbols take more memory than their text.
  CHECK_THAT(refusal("seed = 1..99999\n[language]\nkind = coloring\nq = 64\nd = 2\nheight = 4\n"),
             Contains("take more than 4 GiB"));
}

TEST_CASE("a title is one line of text") {
  const Folder folder;
  const std::string file = folder.write("s.ini", "title = ρ, “x”\n" + kIsing);
  CHECK(read_sweeps({file}, {}).title() == "ρ, “x”");
  for (const char* title : {"two\nlines", "\x1b[2J", "\x7f", "\xff", "\xc2\x9b"})
    CHECK_THROWS_WITH(read_sweeps({file}, {{"title", title, ""}}), Contains("a title is one line of text"));
}

TEST_CASE("a contradictory key is an error, not ignored") {
  CHECK(refusal(kIsing + "q = 2\n") ==
        "q = 2 (s.ini:6): ising has two symbols and λ = rho; leave language.q out, or set language.kind = "
        "coloring or potts");
  CHECK_THAT(refusal(kIsing + "lambda = 0.9\n"), Contains("lambda = 0.9 (s.ini:6): ising has two symbols"));
  CHECK_THAT(refusal(kIsing + "file = k.txt\n"),
             Contains("file = k.txt (s.ini:6)") && Contains("leave language.file out"));
  CHECK_THAT(
      refusal("[language]\nkind = ising, potts\nfile = k.txt\n"),
      Contains("language.kind = ising, potts does not use it") && Contains("set language.kind = kernel"));
  CHECK_THAT(refusal(kIsing, {option("language.kind", "coloring"), option("language.q", "3")}),
             Contains("rho = 0.9 (s.ini:4): a coloring is given by its q colors"));
  CHECK(refusal(kIsing + "[generator]\ncontext = 4\n") ==
        "context = 4 (s.ini:7): generator.kind = true does not use it; leave generator.context out, or set "
        "generator.kind = kgram or counting");
  CHECK_THAT(refusal(kIsing + "[generator]\nkind = true, kgram\ncontext = 4\nlca = fixed\n"),
             Contains("lca = fixed (s.ini:9): generator.kind = true, kgram does not use it"));
  CHECK_THAT(refusal(kIsing, {option("generator.lca", "fixed")}), Contains("lca = fixed (--generator.lca)"));
  // … even in a file whose kind was replaced.
  CHECK_THAT(refusal(kIsing, {option("generator.kind", "kgram"), option("generator.context", "4"),
                              option("generator.lca", "fixed")}),
             Contains("lca = fixed (--generator.lca)"));
}

TEST_CASE("settings of a generator that the command line replaced are left aside") {
  const Plan plan = read(kBlock + "context-depth = 0..4\nlca = fixed\n",
                         {option("generator.kind", "kgram"), option("generator.context", "9")});
  REQUIRE(plan.cells().size() == 1);
  CHECK(plan.cells()[0].label() == "ising d=3 ρ=0.9 h=8 · kgram k=9");
}

TEST_CASE("overrides replace the key in every file") {
  const Folder folder;
  const std::string ising =
      folder.write("a.ini", "title = one\n" + kIsing + "[generator]\nkind = block\ncontext-depth = 2\n");
  const std::string coloring =
      folder.write("b.ini", "title = two\n[language]\nkind = coloring\nq = 3, 4\nd = 4\nheight = 6\n");
  const Plan plan = read_sweeps({ising, coloring}, {option("language.height", "4, 5")});
  CHECK(plan.title() == "one + two");
  CHECK(column(plan, "language.height") == Strings{"4", "5", "4", "4", "5", "5"});
  CHECK(column(plan, "language.kind") ==
        Strings{"ising", "ising", "coloring", "coloring", "coloring", "coloring"});

  // An override that only one of the files can use.
  const Plan depths = read_sweeps({ising, coloring},
                                  {option("generator.context-depth", "0, 1"), option("language.rho", "0.5")});
  CHECK(column(depths, "generator.context-depth") == Strings{"0", "1", "", ""});
  CHECK(column(depths, "language.rho") == Strings{"0.5", "0.5", "", ""});
  CHECK_THROWS_WITH(read_sweeps({ising, coloring}, {option("generator.encoding", "path")}),
                    Contains("encoding = path (--generator.encoding)"));
  CHECK_THROWS_WITH(read_sweeps({ising, coloring}, {option("observe.symbol", "2")}),
                    Contains("symbol = 2 (--observe.symbol): this language's 2 symbols"));
  CHECK(read_sweeps({ising, coloring}, {option("observe.validity", "on")}).cells().size() == 3);
  // The same cells in two files are kept once, and a title once.
  CHECK(read_sweeps({ising, ising}, {}).cells().size() == 1);
  CHECK(read_sweeps({ising, coloring}, {option("title", "both")}).title() == "both");
}

TEST_CASE("the overrides alone are a sweep") {
  const Plan plan = read_sweeps(
      {}, {option("language.kind", "ising"), option("language.d", "3"), option("language.rho", "0.9"),
           option("language.height", "8"), option("generator.kind", "kgram"),
           option("generator.context", "81"), option("sampling.samples", "1e5")});
  REQUIRE(plan.cells().size() == 1);
  CHECK(plan.cells()[0].samples() == 100000);
  CHECK(plan.title().empty());
}

TEST_CASE("the sweep's text is a complete record") {
  const Folder folder;
  const std::string a = folder.write("a.ini", kIsing),
                    b = folder.write("b.ini", "# no end of line\n" + kIsing + "seed = 2");
  CHECK_THAT(refusal(kIsing + "seed = 2"), Contains("did you mean seed?"));
  const std::string c = folder.write("c.ini", "seed = 2\n" + kIsing + "# end");
  const Plan plan = read_sweeps({a, c}, {option("language.d", "2, 3"), option("seed", "4")});
  CHECK(plan.sweep_text() == "# file: a.ini\n" + kIsing + "# file: c.ini\nseed = 2\n" + kIsing +
                                 "# end\n# overrides: language.d = 2, 3\n# overrides: seed = 4\n");
  CHECK(read_sweeps({},
                    {option("language.d", "3"), option("language.rho", "0"), option("language.height", "2")})
            .sweep_text() ==
        "# overrides: language.d = 3\n# overrides: language.rho = 0\n# overrides: language.height = 2\n");
}

TEST_CASE("files that cannot be read are errors of input and output") {
  const Folder folder;
  for (const std::string& path : {folder.path("none.ini"), folder.path("")}) try {
      read_sweeps({path}, {});
      FAIL("read");
    } catch (const IoError& e) {
      CHECK(e.code() == ExitCode::io_error);
      CHECK_THAT(e.what(), Contains(path + " cannot be read: ") && Contains("check the path"));
    }
}

TEST_CASE("foreign and over-large files are refused") {
  CHECK_THAT(refusal(std::string("\x89HDF\r\n\x1a\n\0\0", 10)),
             Contains("s.ini:2: byte 0x1a is no text; give a text file"));
  CHECK_THAT(refusal(std::string("seed = 1\0", 9)), Contains("s.ini:1: byte 0x00 is no text"));
  CHECK_THAT(refusal("cell,language,d\n0,ising,3\n"),
             Contains("s.ini:1: cell,language,d: a line is a [section]"));
  CHECK_THAT(refusal(std::string((1 << 20) + 1, '#')), Contains("s.ini is larger than 1 MiB"));
  CHECK_THROWS_WITH(read_sweeps({"/dev/zero"}, {}), Contains("/dev/zero:1: byte 0x00"));
  CHECK(read("#" + std::string((1 << 20) - 200, 'x') + "\n" + kIsing).cells().size() == 1);
  // A long text is cut in messages, between characters.
  const std::string message = refusal("title = x\nλ" + std::string(500, 'y') + "\n");
  CHECK(message.size() < 200);
  CHECK_THAT(message, Contains("yyy…: a line is"));
}

TEST_CASE("a kernel's matrix is read from a file beside the sweep") {
  const Folder folder;
  const std::string sweep =
      folder.write("k.ini", "[language]\nkind = kernel\nd = 2\nheight = 3\nfile = a.txt, b.csv\n");
  folder.write("a.txt", "# a kernel\n0.9 0.1   # copies\n\n0.20\t.8\n");
  folder.write("b.csv", "0.5, 0.25, 0.25\r\n0,1e0,0\r\n0.5,0.5, 0");
  const Plan plan = read_sweeps({sweep}, {});
  CHECK(column(plan, "language.matrix") == Strings{"0.9 0.1; 0.2 0.8", "0.5 0.25 0.25; 0 1 0; 0.5 0.5 0"});
  // On the command line, beside the working directory.
  CHECK(read_sweeps({sweep}, {option("language.file", folder.path("a.txt"))}).cells().size() == 1);
  CHECK_THROWS_AS(read_sweeps({sweep}, {option("language.file", "a.txt")}), IoError);
}

TEST_CASE("a kernel file that is none is refused with its line") {
  const auto kernel = [](const std::string& text) {
    const Folder folder;
    folder.write("k.txt", text);
    try {
      read_sweeps({folder.write("s.ini", "[language]\nkind = kernel\nd = 2\nheight = 3\nfile = k.txt\n")},
                  {});
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(kernel("0.9 0.1\n0.2\n"), Contains("file = k.txt (") && Contains("s.ini:5): ") &&
                                           Contains("k.txt:2: this row has 1 numbers, the first has 2"));
  CHECK_THAT(kernel("0.9 0.1\n\n0.2 x\n"), Contains("k.txt:3: \"x\" is not a number"));
  CHECK_THAT(kernel("0.9 0.1\n0.2 0.7\n"), Contains("k.txt:2: this row sums to 0.9: the probabilities"));
  CHECK_THAT(kernel("1.1 -0.1\n0.5 0.5\n"), Contains("k.txt:1: 1.1 is not a probability"));
  CHECK_THAT(kernel("-0.1 1.1\n0.5 0.5\n"), Contains("k.txt:1: -0.1 is not a probability"));
  CHECK_THAT(kernel("0.5 0.5\n"),
             Contains("k.txt:1: the matrix has 1 rows of 2 numbers: a kernel is square"));
  CHECK_THAT(kernel("0.5 0.5\n0.5 0.5\n0.5 0.5\n"), Contains("the matrix has 3 rows of 2 numbers"));
  CHECK_THAT(kernel("1\n"), Contains("a kernel has at least 2 symbols"));
  CHECK_THAT(kernel("# nothing\n"), Contains("k.txt holds no matrix"));
  CHECK_THAT(kernel("1 0\n0 1\n"), Contains("file = k.txt (") && Contains("more than one stationary law"));
  std::string wide, tall;
  for (int b = 0; b < 65; ++b) {
    wide += b == 0 ? "1 " : "0 ";
    tall += "1 0\n";
  }
  CHECK_THAT(kernel(wide), Contains("k.txt:1: a kernel has at most 64 symbols"));
  CHECK_THAT(kernel(tall), Contains("k.txt:65: a kernel has at most 64 symbols"));
  CHECK_THAT(kernel(std::string((1 << 20) + 1, ' ')), Contains("k.txt is larger than 1 MiB"));

  const Folder folder;
  CHECK_THROWS_WITH(
      read_sweeps({folder.write("s.ini", "[language]\nkind = kernel\nd = 2\nheight = 3\nfile = none.txt\n")},
                  {}),
      Contains("file = none.txt (") && Contains("none.txt cannot be read"));
}

TEST_CASE("every key is listed once, with a placeholder and a help line") {
  std::set<std::string> names;
  for (const SweepKey& key : sweep_keys()) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK_FALSE(key.placeholder.empty());
    CHECK_FALSE(key.help.empty());
    CHECK(key.help.size() <= 90);
  }
  // All keys of all kinds can be said; a kernel's matrix and a grammar are said by their files.
  for (const auto& kinds : {language_kinds(), generator_kinds()})
    for (const KindKeys& kind : kinds)
      for (const std::string& key : kind.keys)
        CHECK(names.contains(key == "language.matrix" || key == "language.grammar" ? "language.file" : key));
  CHECK(names.contains("title"));
  CHECK(names.contains("sampling.max-samples"));
  const auto kind = std::find_if(sweep_keys().begin(), sweep_keys().end(),
                                 [](const SweepKey& k) { return k.name == "generator.kind"; });
  CHECK(kind->placeholder == "true|kgram|block|reasoning|counting|clustering|classifier");
}

TEST_CASE("particles multiply the cells that split, and no others") {
  const std::string coloring = "[language]\nkind = coloring\nd = 5\nheight = 3\nq = 3\n[generator]\n";
  const std::string kgrams = coloring + "kind = kgram\ncontext = 5, 25\n";
  CHECK(read(kgrams + "method = sequence, splitting\nparticles = 64, 128\n").cells().size() == 6);
  CHECK(read(kgrams + "method = splitting\n").cells()[0].particles() == 1024);
  CHECK(read(coloring + "kind = true, kgram\ncontext = 5\nmethod = splitting\nparticles = 64\n")
            .cells()
            .size() == 1);
  CHECK_THAT(refusal(kgrams + "particles = 64\n"),
             Contains("only generator.method = splitting has particles"));
  CHECK_THAT(refusal(coloring + "kind = true\nmethod = splitting\n"), Contains("true sentences are valid"));
}

TEST_CASE("edit distances") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("rho", "roh") == 2);
  CHECK(edit_distance("same", "same") == 0);
  CHECK(find_nearest("sampels", {"seed", "samples", "symbol"}) == "samples");
  CHECK(find_nearest("ab", {"ax", "ay"}) == "ax");
}

}  // namespace sweep_test
