#include "engine/cell/observe_keys.h"

#include <fmt/format.h>

#include "engine/language/languages.h"

namespace leafcast {

namespace {

/// Survivors are conditioned on what they have survived, so their sums say nothing of the writer.
Observe read_observe_splitting(ParameterReader& reader) {
  for (const char* key : {"observe.subtrees", "observe.correlation", "observe.histogram"})
    if (reader.read_switch(key, false))
      throw reader.error(key,
                         "splitting estimates the valid rate alone; leave it out, or use "
                         "generator.method = sequence");
  if (!reader.read_switch("observe.validity", true))
    throw reader.error("observe.validity",
                       "it is all that splitting observes; leave it out, or use generator.method = sequence");
  if (reader.read_whole("observe.symbol", "a symbol's number", 0, kMaxGrammarSymbols - 1, 0) != 0)
    throw reader.error("observe.symbol", "splitting sums no symbol; leave it out");
  return {.subtrees = false,
          .correlation = false,
          .validity = true,
          .histogram = false,
          .entropy = false,
          .symbol = 0,
          .pairs = Pairs::none};
}

/// Learners write nothing.
Observe read_observe_learner(ParameterReader& reader) {
  for (const char* key : {"observe.subtrees", "observe.correlation", "observe.histogram", "observe.validity"})
    if (reader.read_switch(key, false))
      throw reader.error(key, "a learner is judged by its predictions and writes nothing; leave it out",
                         true);
  if (reader.read_whole("observe.symbol", "a symbol's number", 0, kMaxGrammarSymbols - 1, 0) != 0)
    throw reader.error("observe.symbol", "a learner's sentences are not summed; leave it out", true);
  return {.subtrees = false,
          .correlation = false,
          .validity = false,
          .histogram = false,
          .entropy = false,
          .symbol = 0,
          .pairs = Pairs::none};
}

/// Off unless asked for, and then not in the canonical form: plans of earlier versions keep their hash.
bool read_observe_entropy(ParameterReader& reader, const char* why_not, Method method) {
  constexpr const char* kKey = "observe.entropy";
  if (!reader.has(kKey)) return false;
  if (!reader.read_switch(kKey, false)) {
    reader.drop(kKey);
    return false;
  }
  if (method != Method::sequence)
    throw reader.error(kKey, "entropies are those of the laws of leaves; use generator.method = sequence",
                       true);
  if (why_not) throw reader.error(kKey, why_not, true);
  return true;
}

constexpr std::size_t kMostPairCounts = std::size_t{1} << 22;

/// None unless asked for, and then not in the canonical form, as entropies.
Pairs read_observe_pairs(ParameterReader& reader, const Language& language, Method method, bool no_tree) {
  constexpr const char* kKey = "observe.pairs";
  if (!reader.has(kKey)) return Pairs::none;
  constexpr Pairs kChoices[] = {Pairs::none, Pairs::levels, Pairs::distances};
  const Pairs pairs = kChoices[reader.read_choice(kKey, {"off", "levels", "distances"})];
  if (pairs == Pairs::none) {
    reader.drop(kKey);
    return pairs;
  }
  if (method != Method::sequence || no_tree)
    throw reader.error(kKey,
                       "pairs are of leaves where a tree has them; use a generator that writes, "
                       "generator.method = sequence and "
                       "structure = fixed",
                       true);
  const double number = pairs == Pairs::levels ? language.height : static_cast<double>(language.leaves() - 1);
  const double counts = number * language.symbols() * language.symbols();
  if (counts > static_cast<double>(kMostPairCounts))
    throw reader.error(
        kKey,
        fmt::format("{} pairs of {} symbols have {:.3g} counts, more than {}; use pairs = levels, or shorter "
                    "sentences",
                    number, language.symbols(), counts, kMostPairCounts),
        true);
  return pairs;
}

/// None unless asked for, and then not in the canonical form, as entropies.
Functionals read_observe_functionals(ParameterReader& reader, bool writes) {
  Functionals asked;
  for (const Functional& functional : functionals()) {
    if (!reader.has(functional.key)) continue;
    if (!reader.read_switch(functional.key, false)) {
      reader.drop(functional.key);
      continue;
    }
    if (!writes)
      throw reader.error(
          functional.key,
          "only who writes every leaf has neighbouring leaves; use a generator that writes, and "
          "generator.method = sequence",
          true);
    asked.insert(functional.id);
  }
  return asked;
}

/// Sentences of their writer's own structure are no trees.
void refuse_subtrees(ParameterReader& reader) {
  for (const char* key : {"observe.subtrees", "observe.correlation"})
    if (reader.read_switch(key, false))
      throw reader.error(key,
                         "a writer of its own structure need not write trees; leave it out, or use "
                         "generator.structure = fixed",
                         true);
}

}  // namespace

Observe read_observe(ParameterReader& reader, const Language& language, const Generator& generator,
                     Method method) {
  const GeneratorTraits traits = traits_of(generator, language);
  const bool entropy = read_observe_entropy(reader, traits.why_no_entropies, method);
  const Functionals functionals =
      read_observe_functionals(reader, method == Method::sequence && !learns(generator));
  if (method == Method::splitting) {
    read_observe_pairs(reader, language, method, false);
    return read_observe_splitting(reader);
  }
  const bool own_structure = traits.writes_own_structure;
  if (learns(generator)) {
    read_observe_pairs(reader, language, method, true);
    return read_observe_learner(reader);
  }
  if (own_structure) refuse_subtrees(reader);
  const bool leaves = method == Method::sequence;
  for (const char* key : {"observe.subtrees", "observe.correlation", "observe.validity"})
    if (!leaves && reader.read_switch(key, false))
      throw reader.error(key,
                         "collapsed draws only the sum of a whole sentence; leave it out, or use "
                         "generator.method = sequence");
  Observe observe{};
  observe.subtrees = reader.read_switch("observe.subtrees", leaves && !own_structure);
  observe.correlation = reader.read_switch("observe.correlation", observe.subtrees);
  if (observe.correlation && !observe.subtrees)
    throw reader.error("observe.correlation",
                       "correlations come from the subtrees' sums; set observe.subtrees = on as well");
  observe.validity = reader.read_switch("observe.validity", leaves && language.constrained);
  if (observe.validity && !language.constrained)
    throw reader.error(
        "observe.validity",
        fmt::format("only colorings and grammars have invalid sentences, {} has none; leave it out",
                    language.kind));
  observe.histogram = reader.read_switch("observe.histogram", true);
  observe.entropy = entropy;
  observe.functionals = functionals;
  observe.pairs = read_observe_pairs(reader, language, method, own_structure);
  const int q = language.symbols();
  observe.symbol =
      static_cast<int>(reader.read_whole("observe.symbol", "a symbol's number", 0, kMaxGrammarSymbols - 1,
                                         static_cast<std::uint64_t>(counted_symbol(language))));
  if (observe.symbol >= q)
    throw reader.error("observe.symbol",
                       fmt::format("this language's {} symbols are numbered 0 to {}", q, q - 1), true);
  return observe;
}

}  // namespace leafcast
