#include "jobs/sweep/sweep_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/error.h"
#include "engine/printable.h"
#include "jobs/sweep/ini.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace {

struct Row {
  SweepKey key;
  ValueForm form;
};

std::string join_kinds(const std::vector<KindKeys>& kinds) {
  std::string joined;
  for (const KindKeys& kind : kinds) joined += (joined.empty() ? "" : "|") + kind.kind;
  return joined;
}

/// In the order in which lists multiply: the first varies slowest.
const std::vector<Row>& rows() {
  using enum ValueForm;
  static const std::vector<Row> table = {
      {{"title", "TEXT", "what the sweep is about"}, text},
      {{"seed", "N", "seed of all random numbers (1)"}, whole},
      {{"language.kind", join_kinds(language_kinds()), "kind of language (ising)"}, words},
      {{"language.d", "D", "children of a node"}, whole},
      {{"language.height", "H", "height of the tree; a sentence has D^H leaves"}, whole},
      {{"language.rho", "R", "ising: correlation of a child with its parent, 0 to 1"}, real},
      {{"language.q", "Q", "coloring, potts: number of symbols, 2 to 64"}, whole},
      {{"language.lambda", "L", "potts: second eigenvalue of the channel, -1/(Q-1) to 1"}, real},
      {{"language.v", "V", "rhm: number of symbols, 2 to 256"}, whole},
      {{"language.m", "M", "rhm: rules of a symbol, at most V^(S-1)"}, whole},
      {{"language.s", "S", "rhm: symbols that a rule writes"}, whole},
      {{"language.L", "L", "rhm: levels of rules; a sentence has S^L leaves"}, whole},
      {{"language.classes", "C", "rhm: symbols that the root may have (V)"}, whole},
      {{"language.rules", "uniform|zipf", "rhm: how probable a symbol's rules are (uniform)"}, words},
      {{"language.zipf-exponent", "A", "rhm, zipf: the r-th rule has p ~ r^-(1+A)"}, real},
      {{"language.zipf-level", "J", "rhm, zipf: at the nodes of this height, 1 to L (1)"}, whole},
      {{"language.grammar-seed", "N", "rhm: seed of the grammar (1); a list gives as many grammars"}, whole},
      {{"language.file", "FILE",
        "kernel: file of a stochastic matrix; rhm: of a grammar; relative to the sweep file"},
       names},
      {{"generator.kind", join_kinds(generator_kinds()), "who writes the sentences (true)"}, words},
      {{"generator.method", "sequence|collapsed|splitting",
        "write every leaf, draw only the sum, or split runs for rare valid colorings (sequence)"},
       words},
      {{"generator.particles", "N", "splitting: sentences that a run writes side by side (1024)"}, whole},
      {{"generator.context", "K", "kgram: how many leaves or tokens back it sees; counting: leaves"}, depth},
      {{"generator.context-unit", "leaves|tokens", "kgram: what the context counts (leaves)"}, words},
      {{"generator.structure", "fixed|sampled", "kgram: punctuation given or written (fixed)"}, words},
      {{"generator.context-depth", "W", "block: height of a block's tree, 0 to height"}, depth},
      {{"generator.memory", "leaves|root", "block: what is known of the last block (leaves)"}, words},
      {{"generator.lca", "sampled|sampled-reset|fixed", "block: LCA height of neighbouring blocks (sampled)"},
       words},
      {{"generator.encoding", "path|segment", "reasoning: what the memory holds (path)"}, words},
      {{"generator.memory-depth", "M", "reasoning: levels that the memory keeps, 0 to height (height)"},
       depth},
      {{"generator.training", "P", "learners: sentences of a training set"}, whole},
      {{"generator.test", "N", "learners: test sentences of a training set (10000)"}, whole},
      {{"generator.cluster-by", "siblings|target", "clustering: what tells tuples apart (siblings)"}, words},
      {{"generator.smoothing", "kneser-ney|dirichlet", "learners: how counts back off (kneser-ney)"}, words},
      {{"generator.concentration", "A", "learners, dirichlet: concentration of the priors (1)"}, real},
      {{"sampling.samples", "N", "sentences a cell (10000); with a target error: of the first stage"}, whole},
      {{"sampling.target-relative-error", "E",
        "sample until the variance's relative error is E; or variance:E+valid_rate:E+…"},
       goals},
      {{"sampling.target-absolute-error", "E",
        "the same for absolute errors; of two for one statistic the looser counts"},
       goals},
      {{"sampling.max-samples", "N", "with a target error: no more sentences than this (1000 first stages)"},
       whole},
      {{"observe.subtrees", "on|off", "sums over the subtrees of every height (on)"}, words},
      {{"observe.correlation", "on|off", "two-point correlation by LCA height (as subtrees)"}, words},
      {{"observe.validity", "on|off", "coloring: valid, frozen and free rates (on for colorings)"}, words},
      {{"observe.histogram", "on|off", "histogram of the sum (on)"}, words},
      {{"observe.entropy", "on|off", "true, kgram: cross-entropies and divergence from the language (off)"},
       words},
      {{"observe.pairs", "off|levels|distances",
        "symbols of the last leaf and of one before it: correlations (off)"},
       words},
      {{"observe.symbol", "C", "the symbol that is counted, 0 to Q-1 (0)"}, whole},
  };
  return table;
}

const Row* find_row(const std::string& key) {
  const auto row =
      std::find_if(rows().begin(), rows().end(), [&](const Row& r) { return r.key.name == key; });
  return row == rows().end() ? nullptr : &*row;
}

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// The key meant: of the same name in another section, else the fewest edits away.
std::string suggest_key(const std::string& unknown) {
  std::vector<std::string> names, namesakes;
  for (const SweepKey& key : sweep_keys()) {
    names.push_back(key.name);
    if (last_part(key.name) == last_part(unknown)) namesakes.push_back(key.name);
  }
  return find_nearest(unknown, namesakes.empty() ? names : namesakes);
}

}  // namespace

const std::vector<SweepKey>& sweep_keys() {
  static const std::vector<SweepKey> keys = [] {
    std::vector<SweepKey> list;
    for (const Row& row : rows()) list.push_back(row.key);
    return list;
  }();
  return keys;
}

ValueForm value_form(const std::string& key) { return find_row(key)->form; }

std::vector<std::string> word_choices(const std::string& key) {
  std::vector<std::string> choices;
  std::istringstream words(find_row(key)->key.placeholder);
  for (std::string word; std::getline(words, word, '|');) choices.push_back(word);
  return choices;
}

std::vector<std::string> sweep_sections() {
  std::vector<std::string> sections;
  for (const SweepKey& key : sweep_keys()) {
    const auto dot = key.name.find('.');
    if (dot != std::string::npos && (sections.empty() || sections.back() != key.name.substr(0, dot)))
      sections.push_back(key.name.substr(0, dot));
  }
  return sections;
}

void check_key(const Setting& setting) {
  if (find_row(setting.key)) return;
  const std::string key = shortened(setting.key);
  refuse(setting, fmt::format("there is no key {}; did you mean {}?", key, suggest_key(key)));
}

}  // namespace leafcast::jobs
