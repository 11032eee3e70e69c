#include "engine/parameters/parameter_table.h"

#include <algorithm>

namespace leafcast {

std::string Parameter::column() const {
  std::string name = key.substr(key.rfind('.') + 1);
  std::ranges::replace(name, '-', '_');
  return name;
}

// clang-format off
const std::vector<Parameter>& parameter_table() {
  using enum ValueForm;
  using Type = ColumnType;
  const Condition zipf{"language.rules", "zipf"};
  static const std::vector<Parameter> table = {
      {.key = "title", .form = text, .placeholder = "TEXT", .help = "what the sweep is about", .tabled = false},
      {.key = "seed", .form = whole, .placeholder = "N", .help = "seed of all random numbers (1)",
       .reading = {99, "", "1"}},

      {.key = "language.kind", .form = words, .placeholder = "", .help = "kind of language (ising)",
       .reading = {1, "{}"}, .tabled = false},
      {.key = "language.d", .form = whole, .placeholder = "D", .help = "children of a node",
       .reading = {13, "d={}"}, .tabled = false},
      {.key = "language.height", .form = whole, .placeholder = "H",
       .help = "height of the tree; a sentence has D^H leaves", .reading = {17, "h={}"}, .tabled = false},
      {.key = "language.rho", .form = real, .placeholder = "R",
       .help = "ising: correlation of a child with its parent, 0 to 1", .reading = {14, "ρ={}"},
       .stored = Type::real},
      {.key = "language.q", .form = whole, .placeholder = "Q",
       .help = "coloring, potts: number of symbols, 2 to 64", .reading = {12, "q={}"}, .tabled = false},
      {.key = "language.lambda", .form = real, .placeholder = "L",
       .help = "potts: second eigenvalue of the channel, -1/(Q-1) to 1", .reading = {15, "λ={}"},
       .tabled = false},
      {.key = "language.flip-plus", .form = real, .placeholder = "A",
       .help = "binary: probability that the first symbol flips, 0 to 1", .reading = {15, "a={}"},
       .stored = Type::real, .stored_with = StoredWith::users},
      {.key = "language.flip-minus", .form = real, .placeholder = "B",
       .help = "binary: the same of the second; the root has the stationary law", .reading = {15, "b={}"},
       .stored = Type::real, .stored_with = StoredWith::users},
      {.key = "language.matrix", .form = given, .placeholder = "", .help = "kernel: rows of its matrix",
       .reading = {16, "K=[{}]"}, .tabled = false},
      {.key = "language.v", .form = whole, .placeholder = "V", .help = "rhm: number of symbols, 2 to 256",
       .reading = {2, "v={}"}},
      {.key = "language.m", .form = whole, .placeholder = "M",
       .help = "rhm: rules of a symbol, at most V^(S-1)", .reading = {3, "m={}"},
       .stored = Type::integer, .stored_name = "rules_of_symbol", .stored_with = StoredWith::grammars},
      {.key = "language.s", .form = whole, .placeholder = "S", .help = "rhm: symbols that a rule writes",
       .reading = {4, "s={}"}},
      {.key = "language.L", .form = whole, .placeholder = "L",
       .help = "rhm: levels of rules; a sentence has S^L leaves", .reading = {5, "L={}"}},
      {.key = "language.classes", .form = whole, .placeholder = "C",
       .help = "rhm: symbols that the root may have (V)", .reading = {6, "classes={}"},
       .stored = Type::integer, .stored_with = StoredWith::grammars},
      {.key = "language.rules", .form = words, .placeholder = "uniform|zipf",
       .help = "rhm: how probable a symbol's rules are (uniform)", .reading = {7, "{}", "uniform"},
       .stored = Type::text, .stored_with = StoredWith::grammars},
      {.key = "language.zipf-exponent", .form = real, .placeholder = "A",
       .help = "rhm, zipf: the r-th rule has p ~ r^-(1+A)", .reading = {8, "a={}"},
       .stored = Type::real, .stored_with = StoredWith::grammars, .only_with = zipf},
      {.key = "language.zipf-level", .form = whole, .placeholder = "J",
       .help = "rhm, zipf: at the nodes of this height, 1 to L (1)", .reading = {9, "level {}"},
       .stored = Type::integer, .stored_with = StoredWith::grammars, .only_with = zipf},
      {.key = "language.grammar-seed", .form = whole, .placeholder = "N",
       .help = "rhm: seed of the grammar (1); a list gives as many grammars", .reading = {11, "grammar {}"},
       .stored = Type::text, .stored_with = StoredWith::grammars},
      {.key = "language.grammar", .form = given, .placeholder = "", .help = "rhm: rules of its file",
       .reading = {10, "{}"}, .tabled = false},
      {.key = "language.file", .form = names, .placeholder = "FILE",
       .help = "kernel: file of a stochastic matrix; rhm: of a grammar; relative to the sweep file",
       .tabled = false},

      {.key = "generator.kind", .form = words, .placeholder = "", .help = "who writes the sentences (true)",
       .reading = {1, "{}"}, .tabled = false},
      {.key = "generator.method", .form = words, .placeholder = "sequence|collapsed|splitting",
       .help = "write every leaf, draw only the sum, or split runs for rare valid colorings (sequence)",
       .reading = {14, "{}", "sequence"}, .stored = Type::text},
      {.key = "generator.particles", .form = whole, .placeholder = "N",
       .help = "splitting: sentences that a run writes side by side (1024)", .reading = {15, "N={}", "1024"},
       .stored = Type::integer,
       .stored_with = StoredWith::splitting, .only_with = {"generator.method", "splitting"}},
      {.key = "generator.context", .form = depth, .placeholder = "K",
       .help = "kgram: how many leaves or tokens back it sees; counting: leaves", .reading = {2, "k={}"},
       .stored = Type::integer},
      {.key = "generator.context-unit", .form = words, .placeholder = "leaves|tokens",
       .help = "kgram: what the context counts (leaves)", .reading = {8, "{}", "leaves"},
       .stored = Type::text},
      {.key = "generator.structure", .form = words, .placeholder = "fixed|sampled",
       .help = "kgram: punctuation given or written (fixed)", .reading = {9, "structure {}", "fixed"},
       .stored = Type::text},
      {.key = "generator.temperature", .form = real, .placeholder = "T",
       .help = "kgram: draws by probabilities to the power 1/T (1)", .reading = {3, "T={}"},
       .stored = Type::real, .stored_with = StoredWith::users, .unsaid = "1"},
      {.key = "generator.context-depth", .form = depth, .placeholder = "W",
       .help = "block: height of a block's tree, 0 to height", .reading = {11, "w={}"},
       .stored = Type::integer},
      {.key = "generator.memory", .form = words, .placeholder = "leaves|root",
       .help = "block: what is known of the last block (leaves)", .reading = {13, "{}"},
       .stored = Type::text},
      {.key = "generator.lca", .form = words, .placeholder = "sampled|sampled-reset|fixed",
       .help = "block: LCA height of neighbouring blocks (sampled)", .reading = {13, "{}"},
       .stored = Type::text},
      {.key = "generator.encoding", .form = words, .placeholder = "path|segment",
       .help = "reasoning: what the memory holds (path)", .reading = {10, "{}"}, .stored = Type::text},
      {.key = "generator.memory-depth", .form = depth, .placeholder = "M",
       .help = "reasoning: levels that the memory keeps, 0 to height (height)", .reading = {12, "m={}"},
       .stored = Type::integer},
      {.key = "generator.training", .form = whole, .placeholder = "P",
       .help = "learners: sentences of a training set", .reading = {4, "P={}"},
       .stored = Type::integer, .stored_with = StoredWith::learners},
      {.key = "generator.test", .form = whole, .placeholder = "N",
       .help = "learners: test sentences of a training set (10000)", .reading = {5, "test {}", "10000"},
       .stored = Type::integer, .stored_with = StoredWith::learners},
      {.key = "generator.cluster-by", .form = words, .placeholder = "siblings|target",
       .help = "clustering: what tells tuples apart (siblings)", .reading = {3, "by {}", "siblings"},
       .stored = Type::text, .stored_with = StoredWith::learners, .unsaid = "siblings"},
      {.key = "generator.smoothing", .form = words, .placeholder = "kneser-ney|dirichlet",
       .help = "learners: how counts back off (kneser-ney)", .reading = {6, "{}", "kneser-ney"},
       .stored = Type::text, .stored_with = StoredWith::learners},
      {.key = "generator.concentration", .form = real, .placeholder = "A",
       .help = "learners, dirichlet: concentration of the priors (1)", .reading = {7, "α={}"},
       .stored = Type::real,
       .stored_with = StoredWith::learners, .only_with = {"generator.smoothing", "dirichlet"}},

      {.key = "sampling.samples", .form = whole, .placeholder = "N",
       .help = "samples per cell (10000; learners: 16, splitting: 64 runs); with a target: first stage",
       .stored = Type::text, .stored_name = "samples_of_seeds",
       .stored_with = StoredWith::pooled_seeds, .tabled = false},
      {.key = "sampling.target-relative-error", .form = goals, .placeholder = "E",
       .help = "sample until the variance's relative error is E; or variance:E+valid_rate:E+…",
       .stored = Type::text, .stored_with = StoredWith::goals},
      {.key = "sampling.target-absolute-error", .form = goals, .placeholder = "E",
       .help = "the same for absolute errors; of two for one statistic the looser counts",
       .stored = Type::text, .stored_with = StoredWith::goals},
      {.key = "sampling.max-samples", .form = whole, .placeholder = "N",
       .help = "with a target error: no more sentences than this (1000 first stages)"},
      {.key = "sampling.crossing", .form = goals, .placeholder = "S:X",
       .help = "sample only cells that tell where statistic S crosses X: valid_rate:0.9",
       .stored = Type::text, .stored_with = StoredWith::users, .tabled = false},
      {.key = "sampling.search", .form = words, .placeholder = "bisect|ascend",
       .help = "with a crossing: halve the range, or go up to the crossing and no further (bisect)", .tabled = false},
      {.key = "sampling.search-along", .form = words, .placeholder = "memory|height|rho|temperature|training",
       .help = "with a crossing: the key that is searched (memory: the writer's context or depth)", .tabled = false},

      {.key = "observe.subtrees", .form = words, .placeholder = "on|off",
       .help = "sums over the subtrees of every height (on)"},
      {.key = "observe.correlation", .form = words, .placeholder = "on|off",
       .help = "two-point correlation by LCA height (as subtrees)"},
      {.key = "observe.validity", .form = words, .placeholder = "on|off",
       .help = "coloring: valid, frozen and free rates (on for colorings)"},
      {.key = "observe.histogram", .form = words, .placeholder = "on|off",
       .help = "histogram of the sum (on)"},
      {.key = "observe.entropy", .form = words, .placeholder = "on|off",
       .help = "true, kgram: cross-entropies and divergence from the language (off)", .unsaid = "off"},
      {.key = "observe.pairs", .form = words, .placeholder = "off|levels|distances",
       .help = "symbols of the last leaf and of one before it: correlations (off)", .unsaid = "off"},
      {.key = "observe.domain-walls", .form = words, .placeholder = "on|off",
       .help = "number of neighbouring leaves that differ: mean and variance (off)", .unsaid = "off"},
      {.key = "observe.symbol", .form = whole, .placeholder = "C",
       .help = "the symbol that is counted, 0 to Q-1 (0; of ising 1, that is +)", .reading = {18, "symbol {}"}},
  };
  return table;
}
// clang-format on

const Parameter* find_parameter(const std::string& key) {
  const auto& table = parameter_table();
  const auto row = std::ranges::find(table, key, &Parameter::key);
  return row == table.end() ? nullptr : &*row;
}

}  // namespace leafcast
