#include "engine/cell/cell.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/values.h"
#include "tests/support/cells.h"

namespace cell_test {

using namespace leafcast;
using leafcast::test::with;

namespace {

Parameters ising(Parameters more = {}) {
  more.merge(Parameters{
      {"language.kind", "ising"}, {"language.d", "3"}, {"language.rho", "0.9"}, {"language.height", "8"}});
  return more;
}

Parameters coloring(Parameters more = {}) {
  more.merge(Parameters{
      {"language.kind", "coloring"}, {"language.d", "4"}, {"language.q", "3"}, {"language.height", "6"}});
  return more;
}

Parameters without(Parameters parameters, const std::string& key) {
  parameters.erase(key);
  return parameters;
}

CellError refusal(const Parameters& parameters) {
  try {
    Cell::make(parameters);
  } catch (const CellError& e) {
    return e;
  }
  FAIL("the cell was accepted");
  return CellError("", "", "");
}

void check_refused(const Parameters& parameters, const std::string& key, const std::string& reason,
                   bool impossible = false) {
  const CellError e = refusal(parameters);
  CAPTURE(e.value);
  CHECK(e.key == key);
  CHECK_THAT(e.reason, Catch::Contains(reason));
  CHECK(e.impossible_combination == impossible);
  if (parameters.contains(key)) CHECK(e.value == parameters.at(key));
}

}  // namespace

TEST_CASE("whole numbers are read exactly, in every form") {
  CHECK(parse_whole("81") == 81);
  CHECK(parse_whole("0") == 0);
  CHECK(parse_whole("1e5") == 100000);
  CHECK(parse_whole("1E+5") == 100000);
  CHECK(parse_whole("1.5e3") == 1500);
  CHECK(parse_whole("1200e-2") == 12);
  CHECK(parse_whole("0e900") == 0);
  CHECK(parse_whole("2^10") == 1024);
  CHECK(parse_whole("7^0") == 1);
  CHECK(parse_whole("1^99999999999") == 1);
  CHECK(parse_whole("18446744073709551615") == 18446744073709551615u);
  CHECK(parse_whole("2^63") == 9223372036854775808u);
  for (const char* bad : {"",
                          " 1",
                          "-1",
                          "+1",
                          "1.5",
                          "1.5e0",
                          "1e-1",
                          "1e",
                          "e5",
                          ".5e1",
                          "5.e1",
                          "0x10",
                          "1e5x",
                          "2^",
                          "^3",
                          "2^-1",
                          "2^64",
                          "1e20",
                          "18446744073709551616",
                          "1e999999999999",
                          "nan"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_whole(bad));
  }
}

TEST_CASE("reals are read and written in their shortest form") {
  CHECK(parse_real("0.9") == 0.9);
  CHECK(parse_real("-1e-3") == -0.001);
  CHECK(parse_real("2^3") == 8.0);
  for (const char* bad : {"", "x", "0.9x", " 0.9", "nan", "inf", "-inf", "1e999", "0,9", "+1", "2^0.5"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_real(bad));
  }
  CHECK(format_real(0.90) == "0.9");
  CHECK(format_real(-0.0) == "0");
  CHECK(format_real(1) == "1");
  for (const double x : {1.0 / 3, 0.1 + 0.2, 1e-300}) CHECK(parse_real(format_real(x)) == x);
}

TEST_CASE("a cell fills in the defaults, and its parameters give it back") {
  const Cell cell = Cell::make(ising());
  CHECK(cell.parameters() == Parameters{{"seed", "1"},
                                        {"language.kind", "ising"},
                                        {"language.d", "3"},
                                        {"language.rho", "0.9"},
                                        {"language.height", "8"},
                                        {"generator.kind", "true"},
                                        {"generator.method", "sequence"},
                                        {"sampling.samples", "10000"},
                                        {"observe.subtrees", "on"},
                                        {"observe.correlation", "on"},
                                        {"observe.validity", "off"},
                                        {"observe.histogram", "on"},
                                        {"observe.symbol", "1"}});
  CHECK(cell.seed() == 1);
  CHECK(cell.samples() == 10000);
  CHECK(cell.method() == Method::sequence);
  CHECK(cell.language().leaves() == 6561);
  CHECK(cell.language().channel().lambda() == 0.9);
  CHECK_FALSE(cell.language().constrained);
  CHECK(std::holds_alternative<TrueGenerator>(cell.generator()));

  const Cell chosen = Cell::make(
      coloring({{"seed", "2^64"}}).size() ? coloring({{"seed", "18446744073709551615"}}) : coloring());
  CHECK(chosen.seed() == 18446744073709551615u);
  for (const Cell& each : {cell, chosen}) {
    const Cell again = Cell::make(each.parameters());
    CHECK(again.parameters() == each.parameters());
    CHECK(again.id() == each.id());
  }
}

TEST_CASE("every kind of language") {
  const Cell color = Cell::make(coloring());
  CHECK(color.language().constrained);
  CHECK(color.observe().validity);
  CHECK(color.language().channel().kernel().diagonal().isZero(0));
  CHECK(color.language().leaves() == 4096);

  const Cell potts = Cell::make({{"language.kind", "potts"},
                                 {"language.d", "2"},
                                 {"language.q", "4"},
                                 {"language.lambda", "0.50"},
                                 {"language.height", "1"}});
  CHECK(potts.parameters().at("language.lambda") == "0.5");
  CHECK(potts.language().channel().lambda() == 0.5);
  CHECK_FALSE(potts.language().constrained);

  const Cell kernel = Cell::make({{"language.kind", "kernel"},
                                  {"language.d", "2"},
                                  {"language.height", "5"},
                                  {"language.matrix", "0.90  .1;0.2 8e-1"}});
  CHECK(kernel.parameters().at("language.matrix") == "0.9 0.1; 0.2 0.8");
  CHECK(kernel.language().channel().stationary()[0] == Approx(2.0 / 3));
  CHECK(Cell::make(kernel.parameters()).id() == kernel.id());
}

TEST_CASE("every kind of generator") {
  const auto generator = [](Parameters more) { return Cell::make(ising(std::move(more))); };
  const Cell kgram = generator({{"generator.kind", "kgram"}, {"generator.context", "3^4"}});
  CHECK(kgram.parameters().at("generator.context") == "81");
  CHECK(kgram.parameters().at("generator.structure") == "fixed");
  CHECK(std::get<KgramGenerator>(kgram.generator()).context == 81);
  CHECK(std::get<KgramGenerator>(kgram.generator()).unit == ContextUnit::leaves);
  CHECK(std::get<KgramGenerator>(generator({{"generator.kind", "kgram"},
                                            {"generator.context", "0"},
                                            {"generator.context-unit", "tokens"}})
                                     .generator())
            .unit == ContextUnit::tokens);

  const Cell block = generator({{"generator.kind", "block"}, {"generator.context-depth", "8"}});
  CHECK(std::get<BlockGenerator>(block.generator()).context_depth == 8);
  CHECK(std::get<BlockGenerator>(block.generator()).memory == BlockMemory::leaves);
  CHECK(std::get<BlockGenerator>(block.generator()).lca == LcaLaw::sampled);
  const Cell reset = generator({{"generator.kind", "block"},
                                {"generator.context-depth", "0"},
                                {"generator.memory", "root"},
                                {"generator.lca", "sampled-reset"}});
  CHECK(std::get<BlockGenerator>(reset.generator()).memory == BlockMemory::root);
  CHECK(std::get<BlockGenerator>(reset.generator()).lca == LcaLaw::sampled_reset);

  const Cell reasoning = generator({{"generator.kind", "reasoning"}});
  CHECK(std::get<ReasoningGenerator>(reasoning.generator()).memory_depth == 8);
  CHECK(std::get<ReasoningGenerator>(reasoning.generator()).encoding == Encoding::path);
  const Cell segment = generator(
      {{"generator.kind", "reasoning"}, {"generator.encoding", "segment"}, {"generator.memory-depth", "0"}});
  CHECK(std::get<ReasoningGenerator>(segment.generator()).encoding == Encoding::segment);
  CHECK(std::get<ReasoningGenerator>(segment.generator()).memory_depth == 0);

  for (const Cell& cell : {kgram, block, reset, reasoning, segment})
    CHECK(Cell::make(cell.parameters()).parameters() == cell.parameters());
  CHECK(kgram.generator_name() == "kgram");
  CHECK(segment.generator_name() == "reasoning");
}

TEST_CASE("labels") {
  const auto label = [](const Parameters& parameters) { return Cell::make(parameters).label(); };
  CHECK(label(ising()) == "ising d=3 ρ=0.9 h=8 · true");
  CHECK(label(ising({{"generator.kind", "kgram"}, {"generator.context", "81"}})) ==
        "ising d=3 ρ=0.9 h=8 · kgram k=81");
  CHECK(label(ising({{"generator.kind", "kgram"},
                     {"generator.context", "81"},
                     {"generator.context-unit", "tokens"}})) == "ising d=3 ρ=0.9 h=8 · kgram k=81 tokens");
  CHECK(label(coloring({{"generator.kind", "block"}, {"generator.context-depth", "3"}, {"seed", "7"}})) ==
        "coloring q=3 d=4 h=6 · block w=3 leaves sampled · seed 7");
  CHECK(label(coloring({{"generator.kind", "reasoning"}})) == "coloring q=3 d=4 h=6 · reasoning path m=6");
  CHECK(label({{"language.kind", "potts"},
               {"language.d", "2"},
               {"language.q", "4"},
               {"language.lambda", "-0.2"},
               {"language.height", "3"}}) == "potts q=4 λ=-0.2 d=2 h=3 · true");
  CHECK(label({{"language.kind", "kernel"},
               {"language.d", "2"},
               {"language.height", "5"},
               {"language.matrix", "0 1; 1 0"}}) == "kernel q=2 d=2 h=5 · true");
}

TEST_CASE("the id is that of the law: not of the seed, the sample size or what is observed") {
  const std::uint64_t id = Cell::make(ising()).id();
  CHECK(Cell::make(ising({{"seed", "9"}})).id() == id);
  CHECK(Cell::make(ising({{"sampling.samples", "5"}})).id() == id);
  CHECK(Cell::make(ising({{"observe.histogram", "off"}, {"observe.symbol", "1"}})).id() == id);
  CHECK(Cell::make(ising({{"generator.kind", "true"}})).id() == id);
  Parameters respelled = ising();
  respelled["language.rho"] = "9e-1";
  CHECK(Cell::make(respelled).id() == id);

  std::set<std::uint64_t> ids = {id};
  for (const Parameters& other :
       {ising({{"generator.kind", "reasoning"}}),
        ising({{"generator.kind", "block"}, {"generator.context-depth", "8"}}),
        ising({{"generator.kind", "block"}, {"generator.context-depth", "7"}}),
        ising({{"generator.kind", "kgram"}, {"generator.context", "8"}}), coloring()})
    CHECK(ids.insert(Cell::make(other).id()).second);
  respelled["language.height"] = "9";
  CHECK(ids.insert(Cell::make(respelled).id()).second);
}

TEST_CASE("the id of a cell is for ever: streams of old runs depend on it") {
  CHECK(Cell::make(ising()).id() == 0x4cde266fe9e8fe3c);
  CHECK(Cell::make(coloring({{"generator.kind", "block"}, {"generator.context-depth", "3"}})).id() ==
        0x35947079a6a551e8);
}

TEST_CASE("a value outside its range is refused with the range") {
  const auto replaced = [](const std::string& key, const std::string& value) {
    Parameters parameters = ising();
    parameters[key] = value;
    return parameters;
  };
  for (const char* value : {"1.2", "-0.1", "1.0000001"})
    check_refused(replaced("language.rho", value), "language.rho", "a correlation lies in [0, 1]");
  for (const char* value : {"x", "", "nan", "inf"})
    check_refused(replaced("language.rho", value), "language.rho", "a correlation is a number such as 0.5");
  for (const char* value : {"1", "0", "-3", "2.5", "1e9", "three"})
    check_refused(replaced("language.d", value), "language.d",
                  "the number of children is a whole number from 2 to");
  for (const char* value : {"0", "-1", "8.5", "tall"})
    check_refused(replaced("language.height", value), "language.height",
                  "a tree's height is a whole number from 1 to");
  check_refused(replaced("language.kind", "icing"), "language.kind", "one of ising, coloring, potts, kernel");
  check_refused(replaced("generator.kind", "markov"), "generator.kind",
                "one of true, kgram, block, reasoning");
  for (const char* value : {"0", "-1", "0.5", "2^54", "many"})
    check_refused(replaced("sampling.samples", value), "sampling.samples",
                  "the number of samples is a whole number from 1 to 9007199254740992");
  for (const char* value : {"-1", "2^64", "abc"})
    check_refused(replaced("seed", value), "seed", "a seed is a whole number from 0 to 18446744073709551615");
  check_refused(replaced("observe.subtrees", "yes"), "observe.subtrees", "one of on, off");
  check_refused(replaced("observe.symbol", "-1"), "observe.symbol",
                "a symbol's number is a whole number from 0 to 255");
  check_refused(replaced("observe.symbol", "2"), "observe.symbol", "2 symbols are numbered 0 to 1", true);
  CHECK(Cell::make(replaced("language.rho", "0")).language().channel().kernel()(0, 0) == 0.5);
  CHECK(Cell::make(replaced("language.rho", "1")).language().channel().kernel()(0, 1) == 0);
}

TEST_CASE("a needed key that is missing is named") {
  for (const char* key : {"language.rho", "language.d", "language.height"}) {
    const CellError e = refusal(without(ising(), key));
    CHECK(e.key == key);
    CHECK(e.value.empty());
    CHECK_THAT(e.reason, Catch::Contains("this cell needs it ("));
  }
  check_refused(without(coloring(), "language.q"), "language.q", "the number of symbols");
  check_refused(ising({{"generator.kind", "kgram"}}), "generator.context", "a context length");
  check_refused(ising({{"generator.kind", "block"}}), "generator.context-depth", "context depth");
  check_refused({{"language.kind", "kernel"}, {"language.d", "2"}, {"language.height", "5"}},
                "language.matrix", "the rows of a stochastic matrix");
}

TEST_CASE("redundant and foreign keys are contradictions") {
  check_refused(ising({{"language.q", "2"}}), "language.q", "ising has two symbols");
  check_refused(ising({{"language.lambda", "0.9"}}), "language.lambda", "ising has two symbols and λ = rho");
  check_refused(ising({{"language.matrix", "0 1; 1 0"}}), "language.matrix", "ising has two symbols");
  check_refused(coloring({{"language.rho", "0.5"}}), "language.rho", "a coloring is given by its q colors");
  check_refused(coloring({{"language.lambda", "-0.5"}}), "language.lambda", "λ = -1/(q-1)");
  check_refused(ising({{"generator.context", "8"}}), "generator.context",
                "generator.kind = true does not use it, kgram does");
  check_refused(
      ising({{"generator.kind", "block"}, {"generator.context-depth", "3"}, {"generator.encoding", "path"}}),
      "generator.encoding", "generator.kind = block does not use it, reasoning does");
  check_refused(ising({{"language.flavour", "up"}}), "language.flavour", "no such key");
  check_refused(ising({{"language.file", "k.txt"}}), "language.file", "no such key");
}

TEST_CASE("numbers of symbols and second eigenvalues") {
  const auto potts = [](const std::string& q, const std::string& lambda) {
    return Parameters{{"language.kind", "potts"},
                      {"language.d", "2"},
                      {"language.q", q},
                      {"language.lambda", lambda},
                      {"language.height", "4"}};
  };
  for (const char* q : {"1", "65", "2.5"})
    check_refused(potts(q, "0.5"), "language.q", "whole number from 2 to 64");
  check_refused(potts("4", "-0.5"), "language.lambda", "with q = 4 a second eigenvalue lies in [-1/3, 1]",
                true);
  check_refused(potts("4", "1.5"), "language.lambda", "lies in [-1/(q-1), 1]");
  check_refused(potts("4", "-1.5"), "language.lambda", "lies in [-1/(q-1), 1]");
  CHECK(Cell::make(potts("2", "-1")).language().channel().kernel()(0, 0) == 0);
  // The coloring's eigenvalue to twelve digits is the coloring's.
  CHECK(Cell::make(potts("4", "-0.3333333333333")).parameters().at("language.lambda") ==
        "-0.3333333333333333");
  Parameters two_colors = coloring();
  two_colors["language.q"] = "2";
  CHECK(Cell::make(two_colors).language().channel().lambda() == -1);
}

TEST_CASE("kernels that are none are refused") {
  const auto kernel = [](const std::string& matrix) {
    return Parameters{{"language.kind", "kernel"},
                      {"language.d", "2"},
                      {"language.height", "5"},
                      {"language.matrix", matrix}};
  };
  check_refused(kernel("0.9 0.1; 0.2"), "language.matrix", "row 2 of the kernel has 1 entries, row 1 has 2");
  check_refused(kernel("0.9 0.1; 0.2 x"), "language.matrix", "row 2 of the kernel holds \"x\"");
  check_refused(kernel("0.9 0.1; 0.2 0.7"), "language.matrix", "row 2 of the kernel sums to 0.9");
  check_refused(kernel("0.9 0.1"), "language.matrix", "1 rows and 2 columns: it must be square");
  check_refused(kernel("1 0; 0 1"), "language.matrix", "more than one stationary law");
  check_refused(kernel("1"), "language.matrix", "from 2 to 64");
  check_refused(kernel(""), "language.matrix", "empty");
  check_refused(kernel(";"), "language.matrix", "empty");
}

TEST_CASE("a depth beyond the tree is an impossible combination") {
  check_refused(ising({{"generator.kind", "block"}, {"generator.context-depth", "9"}}),
                "generator.context-depth", "at most the tree's height, 8", true);
  check_refused(ising({{"generator.kind", "reasoning"}, {"generator.memory-depth", "9"}}),
                "generator.memory-depth", "at most the tree's height, 8", true);
  check_refused(ising({{"generator.kind", "block"}, {"generator.context-depth", "-1"}}),
                "generator.context-depth", "whole number from 0");
}

TEST_CASE("a tree whose sums do not fit is refused with the largest that does") {
  Parameters parameters = ising();
  parameters["language.height"] = "39";  // 3^39 < 2^62 < 3^40
  CHECK(Cell::make(parameters).language().leaves() == 4052555153018976267);
  parameters["language.height"] = "40";
  check_refused(parameters, "language.height", "with d = 3 and 2 symbols the largest height is 39");
  parameters["language.height"] = "1e6";
  check_refused(parameters, "language.height", "the largest height is 39");
  Parameters many = coloring();
  many["language.q"] = "5";  // 4·4^30 = 2^62
  many["language.height"] = "30";
  check_refused(many, "language.height", "with d = 4 and 5 symbols the largest height is 29");
  many["language.q"] = "4";
  CHECK(Cell::make(many).language().height == 30);
}

TEST_CASE("a writer of its own structure counts in tokens and writes no trees") {
  const Parameters own = {
      {"generator.kind", "kgram"}, {"generator.context", "8"}, {"generator.structure", "sampled"}};
  check_refused(ising(own), "generator.structure", "its context is counted in tokens");
  Parameters tokens = ising(own);
  tokens["generator.context-unit"] = "leaves";  // one of a product: left out
  check_refused(tokens, "generator.structure", "its context is counted in tokens", true);
  tokens["generator.context-unit"] = "tokens";
  const Cell cell = Cell::make(tokens);
  CHECK(std::get<KgramGenerator>(cell.generator()).structure == Structure::sampled);
  CHECK_FALSE(cell.observe().subtrees);
  CHECK(cell.observe().histogram);
  CHECK(cell.label().ends_with("kgram k=8 tokens structure sampled"));
  CHECK(Cell::from_parameters(cell.parameters()).parameters() == cell.parameters());
  tokens["observe.subtrees"] = "on";
  check_refused(tokens, "observe.subtrees", "need not write trees", true);
}

TEST_CASE("entropies are observed if asked for, of writers with a law of each leaf") {
  CHECK_FALSE(Cell::make(ising()).observe().entropy);
  CHECK_FALSE(Cell::make(ising()).parameters().contains("observe.entropy"));  // old plans keep their hash
  CHECK(Cell::make(ising({{"observe.entropy", "off"}})).parameters() == Cell::make(ising()).parameters());
  const Cell cell = Cell::make(ising({{"observe.entropy", "on"}}));
  CHECK(cell.observe().entropy);
  CHECK(cell.id() == Cell::make(ising()).id());
  CHECK(Cell::from_parameters(cell.parameters()).observe().entropy);
  check_refused(
      ising({{"observe.entropy", "on"}, {"generator.kind", "block"}, {"generator.context-depth", "1"}}),
      "observe.entropy", "only true and kgram", true);
  check_refused(ising({{"observe.entropy", "on"}, {"generator.method", "collapsed"}}), "observe.entropy",
                "generator.method = sequence", true);
}

TEST_CASE("what is observed") {
  CHECK_FALSE(Cell::make(ising({{"observe.subtrees", "off"}})).observe().correlation);
  CHECK_FALSE(Cell::make(ising({{"observe.correlation", "off"}})).observe().correlation);
  check_refused(ising({{"observe.subtrees", "off"}, {"observe.correlation", "on"}}), "observe.correlation",
                "set observe.subtrees = on as well");
  CHECK_FALSE(Cell::make(coloring({{"observe.validity", "off"}})).observe().validity);
  CHECK_FALSE(Cell::make(ising({{"observe.validity", "off"}})).observe().validity);
  check_refused(ising({{"observe.validity", "on"}}), "observe.validity",
                "only colorings and grammars have invalid sentences, ising has none");
  CHECK(Cell::make(coloring({{"observe.symbol", "2"}})).observe().symbol == 2);
  // + of two symbols: 1 of Ising, 0 of binary, whose kernel begins with it; else the first. Plans say which.
  CHECK(Cell::make(ising()).observe().symbol == 1);
  CHECK(Cell::make(ising()).parameters().at("observe.symbol") == "1");
  CHECK(Cell::make(ising({{"observe.symbol", "0"}})).observe().symbol == 0);
  CHECK(Cell::make(coloring()).observe().symbol == 0);
  CHECK(Cell::make({{"language.kind", "binary"},
                    {"language.d", "2"},
                    {"language.height", "3"},
                    {"language.flip-plus", "0.1"},
                    {"language.flip-minus", "0.3"},
                    {"sampling.samples", "10"}})
            .observe()
            .symbol == 0);
}

TEST_CASE("collapsed sums are for generators that read no leaves, and observe the whole sum only") {
  const auto collapsed = [](Parameters more) {
    more["generator.method"] = "collapsed";
    return more;
  };
  const Parameters root = {
      {"generator.kind", "block"}, {"generator.context-depth", "2"}, {"generator.memory", "root"}};
  for (const Parameters& generator : {Parameters{}, root, Parameters{{"generator.kind", "reasoning"}}}) {
    const Cell cell = Cell::make(coloring(collapsed(generator)));
    CHECK(cell.method() == Method::collapsed);
    CHECK_FALSE(cell.observe().subtrees);
    CHECK_FALSE(cell.observe().correlation);
    CHECK_FALSE(cell.observe().validity);
    CHECK(cell.observe().histogram);
    CHECK(cell.id() != Cell::make(coloring(generator)).id());
    CHECK(Cell::make(cell.parameters()).parameters() == cell.parameters());
  }
  CHECK(Cell::make(ising(collapsed({}))).label() == "ising d=3 ρ=0.9 h=8 · true · collapsed");

  const char* remedy = "use sequence, or choose true, block with memory = root, or reasoning";
  check_refused(ising(collapsed({{"generator.kind", "kgram"}, {"generator.context", "8"}})),
                "generator.method", remedy, true);
  check_refused(ising(collapsed({{"generator.kind", "block"}, {"generator.context-depth", "2"}})),
                "generator.method", remedy, true);
  check_refused(ising(collapsed({{"generator.kind", "reasoning"}, {"generator.encoding", "segment"}})),
                "generator.method", remedy, true);
  for (const char* key : {"observe.subtrees", "observe.correlation", "observe.validity"})
    check_refused(coloring(collapsed({{key, "on"}})), key,
                  "collapsed draws only the sum of a whole sentence");
}

TEST_CASE("splitting is for colorings whose writer can be invalid, and observes validity only") {
  const auto splitting = [](Parameters more) {
    more["generator.method"] = "splitting";
    return more;
  };
  const Parameters kgram = {{"generator.kind", "kgram"}, {"generator.context", "8"}};
  const Parameters block = {{"generator.kind", "block"}, {"generator.context-depth", "2"}};
  for (const Parameters& generator : {kgram, block, Parameters{{"generator.kind", "reasoning"}}}) {
    const Cell cell = Cell::make(coloring(splitting(generator)));
    CHECK(cell.method() == Method::splitting);
    CHECK(cell.particles() == 1024);
    CHECK(cell.observe().validity);
    CHECK_FALSE(cell.observe().subtrees);
    CHECK_FALSE(cell.observe().correlation);
    CHECK_FALSE(cell.observe().histogram);
    CHECK(cell.id() != Cell::make(coloring(generator)).id());
    CHECK(Cell::make(cell.parameters()).parameters() == cell.parameters());
  }
  Parameters few = splitting(kgram);
  few["generator.particles"] = "64";
  CHECK(Cell::make(coloring(few)).label().ends_with("kgram k=8 · splitting N=64"));
  CHECK(Cell::make(coloring(few)).id() != Cell::make(coloring(splitting(kgram))).id());

  check_refused(ising(splitting(kgram)), "generator.method", "and ising is none", true);
  check_refused(coloring(splitting({{"generator.kind", "true"}})), "generator.method",
                "true sentences are valid", true);
  check_refused(coloring(splitting({{"generator.kind", "reasoning"}, {"generator.encoding", "segment"}})),
                "generator.method", "segments", true);
  for (const char* key : {"observe.subtrees", "observe.correlation", "observe.histogram"}) {
    Parameters more = splitting(kgram);
    more[key] = "on";
    check_refused(coloring(more), key, "splitting estimates the valid rate alone");
  }
  Parameters blind = splitting(kgram);
  blind["observe.validity"] = "off";
  check_refused(coloring(blind), "observe.validity", "it is all that splitting observes");
  Parameters runs = splitting(kgram);
  CHECK(Cell::make(coloring(runs)).samples() == 65536);
  runs["sampling.samples"] = "65535";
  check_refused(coloring(runs), "sampling.samples", "65536 samples at least");
  runs["sampling.target-relative-error"] = "valid_rate:0.1";
  check_refused(coloring(runs), "sampling.samples", "65536 samples at least");
  few["generator.particles"] = "1";
  check_refused(coloring(few), "generator.particles", "a run's number of particles");
  Parameters whole = kgram;
  whole["generator.particles"] = "64";
  check_refused(coloring(whole), "generator.particles", "only generator.method = splitting", true);
}

TEST_CASE("the registries list what each kind uses, and each kind can be made") {
  const auto keys = [](const std::vector<KindKeys>& kinds, const std::string& name) {
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const KindKeys& kind) { return kind.kind == name; });
    REQUIRE(found != kinds.end());
    return std::set<std::string>(found->keys.begin(), found->keys.end());
  };
  CHECK(keys(language_kinds(), "ising") ==
        std::set<std::string>{"language.kind", "language.d", "language.height", "language.rho"});
  CHECK(keys(language_kinds(), "coloring").contains("observe.validity"));
  CHECK(keys(language_kinds(), "potts").contains("language.lambda"));
  CHECK(keys(language_kinds(), "kernel").contains("language.matrix"));
  CHECK(keys(generator_kinds(), "true") ==
        std::set<std::string>{"generator.kind", "generator.method", "observe.entropy"});
  CHECK(keys(generator_kinds(), "kgram").contains("generator.context-unit"));
  CHECK(keys(generator_kinds(), "block").contains("generator.lca"));
  CHECK(keys(generator_kinds(), "reasoning").contains("generator.memory-depth"));

  // A registered kind that nobody gave an example here fails.
  const Parameters values = {{"language.flip-plus", "0.1"},
                             {"language.flip-minus", "0.3"},
                             {"language.rho", "0.5"},
                             {"language.q", "3"},
                             {"language.lambda", "0.5"},
                             {"language.d", "2"},
                             {"language.height", "3"},
                             {"language.matrix", "0.5 0.5; 0.1 0.9"},
                             {"observe.validity", "on"},
                             {"generator.context", "4"},
                             {"generator.context-depth", "1"},
                             {"observe.entropy", "on"},
                             {"language.v", "4"},
                             {"language.m", "2"},
                             {"language.s", "2"},
                             {"language.L", "3"},
                             {"generator.training", "10"}};
  for (const KindKeys& language : language_kinds())
    for (const KindKeys& generator : generator_kinds()) {
      Parameters parameters = {{"language.kind", language.kind}, {"generator.kind", generator.kind}};
      for (const KindKeys& kind : {language, generator})
        for (const std::string& key : kind.keys)
          if (values.contains(key)) parameters.emplace(key, values.at(key));
      if (generator.kind == "counting" || generator.kind == "clustering" || generator.kind == "classifier") {
        parameters.erase("observe.validity");  // they write nothing
        if (language.kind != "rhm") {
          CHECK_THROWS_AS(Cell::make(parameters), CellError);
          continue;
        }
      }
      const Cell cell = Cell::make(parameters);
      CHECK(cell.language().kind == language.kind);
      CHECK(cell.generator_name() == generator.kind);
      CHECK_FALSE(cell.label().empty());
    }
}

TEST_CASE("cells that differ in their seed alone are as if each were read by itself") {
  for (const Cell& cell : leafcast::test::cells_of_every_observable()) {
    Parameters parameters = cell.parameters();
    for (const char* seed : {"7", "1e3", "2^40", "18446744073709551615"}) {
      parameters["seed"] = seed;
      Parameters expected = cell.parameters();
      expected["seed"] = std::to_string(*parse_whole(seed));
      const Cell other = Cell::make(parameters);
      INFO(other.label() << " " << seed);
      CHECK(other.parameters() == expected);
      CHECK(other.id() == cell.id());
      CHECK(other.seed() == *parse_whole(seed));
      CHECK(other.shares().size() == 1);
      CHECK(other.samples() == cell.samples());
      CHECK(other.label() != cell.label());
    }
    for (const char* seed : {"-1", "1.5", "x", "", "18446744073709551616", "1+2"}) {
      parameters["seed"] = seed;
      CHECK_THROWS_AS(Cell::make(parameters), CellError);
    }
    Parameters wrong = with(cell.parameters(), {{"seed", "7"}, {"language.unknown", "3"}});
    CHECK_THROWS_AS(Cell::make(wrong), CellError);
  }
}

}  // namespace cell_test
