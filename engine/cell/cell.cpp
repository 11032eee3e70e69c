#include "engine/cell/cell.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "engine/cell/parameter_reader.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/language/languages.h"
#include "engine/language/tree.h"
#include "engine/learners/tuple_clusters.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::int64_t kMaxLeaves = (std::int64_t{1} << 62) - 1;
constexpr std::uint64_t kMaxSamples = std::uint64_t{1} << 53;
constexpr std::uint64_t kDefaultSamples = 10000;
constexpr std::uint64_t kMaxParticles = 1 << 20, kDefaultParticles = 1024;
constexpr std::uint64_t kDefaultFactor = 1000;  // of max-samples over samples
constexpr std::size_t kMaxShares = 4095;        // of at most 2^20 chunks each

// ---- language

template <class Kinds>
std::vector<std::string> names(const Kinds& kinds) {
  std::vector<std::string> list;
  for (const auto& kind : kinds) list.push_back(kind.name);
  return list;
}

Language read_language(ParameterReader& reader) {
  const auto& registry = language_registry();
  const LanguageKind& kind = registry[reader.read_choice("language.kind", names(registry))];
  for (const LanguageKind& other : registry)
    for (const std::string& key : other.keys)
      if (reader.has("language." + key) &&
          std::find(kind.keys.begin(), kind.keys.end(), key) == kind.keys.end())
        throw reader.error("language." + key,
                           fmt::format("{}; leave language.{} out, or choose another language.kind",
                                       kind.why_no_others, key));
  return kind.make(kind, reader);
}

// ---- generators

/// To add a generator: its struct in cell.h, a factory, a line of generator_registry(), and a form in
/// short_form().
struct GeneratorKind {
  std::string name;
  std::vector<std::string> keys;  ///< short names besides kind and method
  Generator (*make)(ParameterReader&, const Language&);
};

int read_depth(ParameterReader& reader, const std::string& key, std::string_view what, int height,
               std::optional<std::uint64_t> fallback = {}) {
  const std::uint64_t depth = reader.read_whole(key, what, 0, std::numeric_limits<int>::max(), fallback);
  if (depth > static_cast<std::uint64_t>(height))
    throw reader.error(key, fmt::format("{} is at most the tree's height, {}", what, height), true);
  return static_cast<int>(depth);
}

Generator make_true(ParameterReader&, const Language&) { return TrueGenerator{}; }

Generator make_kgram(ParameterReader& reader, const Language&) {
  const std::uint64_t context = reader.read_whole("generator.context", "a context length", 0, kMaxLeaves);
  const int unit = reader.read_choice("generator.context-unit", {"leaves", "tokens"});
  const int structure = reader.read_choice("generator.structure", {"fixed", "sampled"});
  if (structure == 1 && unit == 0)
    throw reader.error("generator.structure",
                       "a writer of its own structure sees marks, so its context is counted in tokens; set "
                       "generator.context-unit = tokens, or structure = fixed",
                       reader.has("generator.context-unit"));
  return KgramGenerator{static_cast<std::int64_t>(context),
                        unit == 0 ? ContextUnit::leaves : ContextUnit::tokens,
                        structure == 0 ? Structure::fixed : Structure::sampled};
}

Generator make_block(ParameterReader& reader, const Language& language) {
  const int depth = read_depth(reader, "generator.context-depth", "a block's context depth", language.height);
  const int memory = reader.read_choice("generator.memory", {"leaves", "root"});
  const int lca = reader.read_choice("generator.lca", {"sampled", "sampled-reset", "fixed"});
  constexpr LcaLaw laws[] = {LcaLaw::sampled, LcaLaw::sampled_reset, LcaLaw::fixed};
  return BlockGenerator{depth, memory == 0 ? BlockMemory::leaves : BlockMemory::root, laws[lca]};
}

Generator make_reasoning(ParameterReader& reader, const Language& language) {
  const int encoding = reader.read_choice("generator.encoding", {"path", "segment"});
  const int depth = read_depth(reader, "generator.memory-depth", "a memory's depth", language.height,
                               static_cast<std::uint64_t>(language.height));
  return ReasoningGenerator{encoding == 0 ? Encoding::path : Encoding::segment, depth};
}

constexpr std::uint64_t kMostTraining = std::uint64_t{1} << 30, kDefaultTest = 10000;
constexpr std::uint64_t kDefaultTrainingSets = 16;

template <Learner kind>
Generator make_learner(ParameterReader& reader, const Language& language) {
  LearnerGenerator learner{kind, 0, 0, 0, Smoothing::kneser_ney, 0, ClusterBy::siblings};
  if (!language.is_grammar())
    throw reader.error("generator.kind",
                       "learners learn grammars; set language.kind = rhm, or choose another generator", true);
  learner.training = static_cast<std::int64_t>(
      reader.read_whole("generator.training", "a training set's number of sentences", 1, kMostTraining));
  learner.test = static_cast<std::int64_t>(reader.read_whole(
      "generator.test", "the number of test sentences of a training set", 1, kMostTraining, kDefaultTest));
  if (kind == Learner::counting)
    learner.context =
        static_cast<std::int64_t>(reader.read_whole("generator.context", "a context length", 0, kMaxLeaves,
                                                    static_cast<std::uint64_t>(language.leaves() - 1)));
  if (learner.context >= language.leaves())
    throw reader.error("generator.context",
                       fmt::format("before the last leaf of a sentence there are {}", language.leaves() - 1),
                       true);
  learner.smoothing = reader.read_choice("generator.smoothing", {"kneser-ney", "dirichlet"}) == 0
                          ? Smoothing::kneser_ney
                          : Smoothing::dirichlet;
  if (learner.smoothing == Smoothing::dirichlet) {
    learner.concentration = 1;
    if (reader.has("generator.concentration"))
      learner.concentration =
          reader.read_real("generator.concentration", "a Dirichlet prior's concentration");
    else
      reader.replace("generator.concentration", "1");
    if (!(learner.concentration > 0 && learner.concentration <= 1e9))
      throw reader.error("generator.concentration",
                         "a Dirichlet prior's concentration lies above 0 and is at most 1e9");
  } else if (reader.has("generator.concentration")) {
    throw reader.error("generator.concentration",
                       "it is that of Dirichlet priors; set generator.smoothing = dirichlet, or leave it out",
                       true);
  }
  if (constexpr const char* kKey = "generator.cluster-by"; kind == Learner::clustering && reader.has(kKey)) {
    if (reader.read_choice(kKey, {"siblings", "target"}) == 1)
      learner.cluster_by = ClusterBy::target;
    else
      reader.drop(kKey);
  }
  if (kind != Learner::counting) {
    const Grammar& grammar = language.grammar();
    for (int j = 1; j < grammar.height(); ++j)
      if (grammar.rules(j).rules() > static_cast<int>(TupleClusters::kMostTuples))
        throw reader.error("generator.kind",
                           fmt::format("clustering compares all tuples with each other, and level {} has {}, "
                                       "more than {}; use fewer "
                                       "rules, or generator.kind = counting",
                                       j, grammar.rules(j).rules(), TupleClusters::kMostTuples),
                           true);
  }
  return learner;
}

const std::vector<GeneratorKind>& generator_registry() {
  static const std::vector<GeneratorKind> kinds = {
      {"true", {}, make_true},
      {"kgram", {"context", "context-unit", "structure"}, make_kgram},
      {"block", {"context-depth", "memory", "lca"}, make_block},
      {"reasoning", {"encoding", "memory-depth"}, make_reasoning},
      {"counting",
       {"training", "test", "context", "smoothing", "concentration"},
       make_learner<Learner::counting>},
      {"clustering",
       {"training", "test", "cluster-by", "smoothing", "concentration"},
       make_learner<Learner::clustering>},
      {"classifier", {"training", "test", "smoothing", "concentration"}, make_learner<Learner::classifier>},
  };
  return kinds;
}

constexpr std::int64_t kMostOwnBoundaries = 1 << 12;
constexpr double kMostBeliefBytes = 0x1p31;

/// What there is of the generators for grammars.
void require_for_grammar(const ParameterReader& reader, const Language& language,
                         const Generator& generator) {
  if (const auto* kgram = std::get_if<KgramGenerator>(&generator)) {
    if (kgram->structure == Structure::sampled)
      throw reader.error("generator.structure",
                         "a k-gram of a grammar writes no marks of its own; use structure = fixed", true);
    if (RuleIndices::bytes(language.grammar(), true) > kMostBeliefBytes)
      throw reader.error(
          "generator.kind",
          "belief propagation through so many rules of so long tuples does not fit into 2 GiB; use fewer "
          "rules or shorter tuples",
          true);
  }
  if (const auto* block = std::get_if<BlockGenerator>(&generator); block && block->lca == LcaLaw::fixed)
    if (const std::int64_t own = own_boundaries(language, block->context_depth); own > kMostOwnBoundaries)
      throw reader.error(
          "generator.lca",
          fmt::format("in a grammar every boundary between blocks has a law of its own, and there are {}, "
                      "more than {}; use lca = sampled, or a greater context-depth",
                      own, kMostOwnBoundaries),
          true);
  if (const auto* writer = std::get_if<ReasoningGenerator>(&generator);
      writer && writer->encoding == Encoding::segment)
    throw reader.error("generator.encoding",
                       "a grammar's writer keeps the stack of its pending symbols; use encoding = path",
                       true);
}

Generator read_generator(ParameterReader& reader, const Language& language) {
  const auto& registry = generator_registry();
  const GeneratorKind& kind = registry[reader.read_choice("generator.kind", names(registry))];
  for (const GeneratorKind& other : registry)
    for (const std::string& key : other.keys)
      if (reader.has("generator." + key) &&
          std::find(kind.keys.begin(), kind.keys.end(), key) == kind.keys.end())
        throw reader.error(
            "generator." + key,
            fmt::format("generator.kind = {} does not use it, {} does; leave it out, or choose another kind",
                        kind.name, other.name));
  Generator generator = kind.make(reader, language);
  if (language.is_grammar()) require_for_grammar(reader, language, generator);
  return generator;
}

std::string short_form(const Parameters& parameters) {
  const auto value = [&](const char* key) { return parameters.at(std::string("generator.") + key); };
  const std::string kind = value("kind");
  if (kind == "kgram")
    return fmt::format("kgram k={}{}{}", value("context"), value("context-unit") == "tokens" ? " tokens" : "",
                       value("structure") == "sampled" ? " structure sampled" : "");
  if (kind == "block")
    return fmt::format("block w={} {} {}", value("context-depth"), value("memory"), value("lca"));
  if (kind == "counting")
    return fmt::format("counting k={} P={} {}", value("context"), value("training"), value("smoothing"));
  if (kind == "clustering" || kind == "classifier")
    return fmt::format("{}{} P={} {}", kind, parameters.contains("generator.cluster-by") ? " by target" : "",
                       value("training"), value("smoothing"));
  if (kind == "reasoning") return fmt::format("reasoning {} m={}", value("encoding"), value("memory-depth"));
  return kind;
}

// ---- the rest

/// Whether S can be drawn from counts of symbols: what is written next depends on symbols of ancestors alone.
bool collapses(const Generator& generator) {
  if (const auto* block = std::get_if<BlockGenerator>(&generator)) return block->memory == BlockMemory::root;
  if (const auto* writer = std::get_if<ReasoningGenerator>(&generator))
    return writer->encoding == Encoding::path;
  return std::holds_alternative<TrueGenerator>(generator);
}

void require_collapsible(const ParameterReader& reader, const Language& language,
                         const Generator& generator) {
  if (language.is_grammar())
    throw reader.error(
        "generator.method",
        "siblings of a grammar depend on each other, so a sentence is more than counts of symbols; use "
        "sequence",
        true);
  if (collapses(generator)) return;
  throw reader.error("generator.method",
                     "this generator looks back at leaves or siblings, so a sentence is more than counts of "
                     "symbols; use sequence, or choose true, block with memory = root, or reasoning with "
                     "encoding = path",
                     true);
}

void require_splittable(const ParameterReader& reader, const Language& language, const Generator& generator) {
  const auto refuse = [&](const std::string& reason) {
    throw reader.error("generator.method", reason, true);
  };
  if (!language.constrained || language.is_grammar())
    refuse(
        fmt::format("splitting estimates how rarely a coloring is valid, and {} is none; "
                    "use sequence, or choose coloring",
                    language.kind));
  if (std::holds_alternative<LearnerGenerator>(generator)) refuse("a learner writes nothing; use sequence");
  if (std::holds_alternative<TrueGenerator>(generator))
    refuse("true sentences are valid, all of them: there is no rare event; use sequence");
  if (const auto* writer = std::get_if<ReasoningGenerator>(&generator))
    if (writer->encoding == Encoding::segment)
      refuse("splitting knows no writer that remembers segments; use sequence, or encoding = path");
}

Method read_method(ParameterReader& reader, const Language& language, const Generator& generator) {
  constexpr Method kMethods[] = {Method::sequence, Method::collapsed, Method::splitting};
  const Method method =
      kMethods[reader.read_choice("generator.method", {"sequence", "collapsed", "splitting"})];
  if (method == Method::collapsed) require_collapsible(reader, language, generator);
  if (method == Method::splitting) require_splittable(reader, language, generator);
  return method;
}

int read_particles(ParameterReader& reader, Method method) {
  constexpr const char* kKey = "generator.particles";
  if (method == Method::splitting)
    return static_cast<int>(
        reader.read_whole(kKey, "a run's number of particles", 2, kMaxParticles, kDefaultParticles));
  if (reader.has(kKey))
    throw reader.error(kKey, "only generator.method = splitting has particles; leave it out", true);
  return 0;
}

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
bool read_observe_entropy(ParameterReader& reader, const Generator& generator, Method method) {
  constexpr const char* kKey = "observe.entropy";
  if (!reader.has(kKey)) return false;
  if (!reader.read_switch(kKey, false)) {
    reader.drop(kKey);
    return false;
  }
  if (method != Method::sequence)
    throw reader.error(kKey, "entropies are those of the laws of leaves; use generator.method = sequence",
                       true);
  if (!std::holds_alternative<TrueGenerator>(generator) && !std::holds_alternative<KgramGenerator>(generator))
    throw reader.error(
        kKey, "only true and kgram write from a law of each leaf given those before; leave it out", true);
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

/// Sentences of their writer's own structure are no trees.
void refuse_subtrees(ParameterReader& reader) {
  for (const char* key : {"observe.subtrees", "observe.correlation"})
    if (reader.read_switch(key, false))
      throw reader.error(key,
                         "a writer of its own structure need not write trees; leave it out, or use "
                         "generator.structure = fixed",
                         true);
}

Observe read_observe(ParameterReader& reader, const Language& language, const Generator& generator,
                     Method method) {
  const bool entropy = read_observe_entropy(reader, generator, method);
  if (method == Method::splitting) {
    read_observe_pairs(reader, language, method, false);
    return read_observe_splitting(reader);
  }
  const auto* kgram = std::get_if<KgramGenerator>(&generator);
  const bool own_structure = kgram && kgram->structure == Structure::sampled;
  if (std::holds_alternative<LearnerGenerator>(generator)) {
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
  observe.pairs = read_observe_pairs(reader, language, method, own_structure);
  const int q = language.symbols();
  observe.symbol = static_cast<int>(
      reader.read_whole("observe.symbol", "a symbol's number", 0, kMaxGrammarSymbols - 1, 0));
  if (observe.symbol >= q)
    throw reader.error("observe.symbol",
                       fmt::format("this language's {} symbols are numbered 0 to {}", q, q - 1), true);
  return observe;
}

void refuse_unread(const ParameterReader& reader) {
  const std::vector<std::string> unread = reader.unread();
  if (!unread.empty()) throw reader.error(unread.front(), "no such key");
}

// ---- goals

constexpr const char* kRelativeKey = "sampling.target-relative-error";
constexpr const char* kAbsoluteKey = "sampling.target-absolute-error";
constexpr const char* kMostKey = "sampling.max-samples";
constexpr const char* kSamplesKey = "sampling.samples";

/// Checks the targets of a key, and puts them in order.
void read_targets(ParameterReader& reader, const std::string& key) {
  auto targets = parse_targets(reader.read_text(key, "a target"));
  if (targets.empty())
    throw reader.error(key,
                       "it is an error such as 0.01, for the variance, or errors of several statistics, each "
                       "once: variance:0.01 + valid_rate:0.05");
  std::ranges::sort(targets);
  std::string canonical;
  for (const auto& [statistic, error] : targets) {
    if (!(error > 0)) throw reader.error(key, "a target for an error is above 0");
    if (key == kRelativeKey && error >= 1)
      throw reader.error(key, "a relative error is a fraction below 1, as 0.01 for 1%");
    canonical += fmt::format("{}{}:{}", canonical.empty() ? "" : "+", statistic, format_real(error));
  }
  reader.replace(key, canonical);
}

/// Reads the keys of `sampling`.
/// `fallback`: samples of a cell without a goal, or of its first stage, if nothing is said.
std::uint64_t read_most_samples(ParameterReader& reader, std::uint64_t fallback) {
  for (const char* key : {kRelativeKey, kAbsoluteKey})
    if (reader.has(key)) read_targets(reader, key);
  if (!reader.has(kRelativeKey) && !reader.has(kAbsoluteKey)) {
    if (reader.has(kMostKey))
      throw reader.error(kMostKey,
                         fmt::format("it limits the search for a target error, and there is none; set {} as "
                                     "well, or {} alone",
                                     kRelativeKey, kSamplesKey));
    return reader.read_whole(kSamplesKey, "the number of samples", 1, kMaxSamples, fallback);
  }
  const auto read_most = [&](std::uint64_t otherwise) {
    return reader.read_whole(kMostKey, "the greatest number of samples", kJackknifeBins, kMaxSamples,
                             otherwise);
  };
  const std::uint64_t limit = reader.has(kMostKey) ? read_most(0) : kMaxSamples;
  const std::uint64_t first =
      reader.read_whole(kSamplesKey, "the number of samples of the first stage of a cell with a target error",
                        kJackknifeBins, kMaxSamples, std::min(fallback, limit));
  const std::uint64_t most = read_most(std::min(kMaxSamples, kDefaultFactor * first));
  if (most < first)
    throw reader.error(
        kMostKey,
        fmt::format("the first stage alone draws {} = {}; raise one, or lower the other", kSamplesKey, first),
        true);
  return most;
}

/// Splitting runs are whole, and each of the bins has one, in the first stage as well.
std::uint64_t read_samples(ParameterReader& reader, int particles, std::uint64_t fallback) {
  const std::uint64_t least = kJackknifeBins * static_cast<std::uint64_t>(particles);
  const std::uint64_t most = read_most_samples(reader, std::max(fallback, least));
  const std::uint64_t first = reader.has(kSamplesKey)
                                  ? reader.read_whole(kSamplesKey, "the number of samples", 1, kMaxSamples, 1)
                                  : std::min(most, std::max(fallback, least));
  if (first < least)
    throw reader.error(
        kSamplesKey,
        fmt::format("splitting writes runs of generator.particles = {} sentences, and needs one for "
                    "each of {} bins: {} samples at least; raise them, or lower the particles",
                    particles, kJackknifeBins, least));
  return most;
}

std::uint64_t hash_law(const Parameters& parameters) {
  std::string law;
  for (const auto& [key, value] : parameters)
    if (key != "seed" && !key.starts_with("sampling.") && !key.starts_with("observe."))
      law += key + "=" + value + "\n";
  return XXH3_64bits(law.data(), law.size());
}

// ---- shares

constexpr char kShareSeparator = '+';

std::string joined(const std::vector<SeedShare>& shares, std::uint64_t SeedShare::*number) {
  std::string text;
  for (const SeedShare& share : shares) {
    if (!text.empty()) text += kShareSeparator;
    text += fmt::format("{}", share.*number);
  }
  return text;
}

/// Numbers joined by +; empty if one is none.
std::vector<std::uint64_t> split_numbers(const std::string& text) {
  std::vector<std::uint64_t> numbers;
  std::istringstream in(text);
  for (std::string field; std::getline(in, field, kShareSeparator);) {
    const auto number = parse_whole(field);
    if (!number) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

bool lists_seeds(const std::string& seed) { return seed.find(kShareSeparator) != std::string::npos; }

}  // namespace

Cell Cell::make(const Parameters& parameters) {
  ParameterReader reader(parameters);
  Cell cell;
  if (const auto seed = parameters.find("seed"); seed != parameters.end() && lists_seeds(seed->second))
    throw reader.error("seed",
                       "only results are pooled; list the seeds of a sweep, seed = 1, 2, and pool what they "
                       "gave with `leafcast merge --combine-seeds`");
  const std::uint64_t seed =
      reader.read_whole("seed", "a seed", 0, std::numeric_limits<std::uint64_t>::max(), 1);
  cell.language_ = read_language(reader);
  cell.generator_ = read_generator(reader, *cell.language_);
  cell.method_ = read_method(reader, *cell.language_, cell.generator_);
  cell.particles_ = read_particles(reader, cell.method_);
  const bool learns = std::holds_alternative<LearnerGenerator>(cell.generator_);
  cell.samples_ = read_samples(reader, cell.particles_, learns ? kDefaultTrainingSets : kDefaultSamples);
  cell.shares_ = {{seed, cell.samples_}};
  cell.observe_ = read_observe(reader, *cell.language_, cell.generator_, cell.method_);
  refuse_unread(reader);
  cell.parameters_ = reader.canonical();
  cell.id_ = hash_law(cell.parameters_);
  return cell;
}

Cell Cell::from_parameters(const Parameters& parameters) {
  const auto seed = parameters.find("seed"), samples = parameters.find("sampling.samples");
  if (seed == parameters.end() || !lists_seeds(seed->second)) return make(parameters);
  const std::vector<std::uint64_t> seeds = split_numbers(seed->second);
  const std::vector<std::uint64_t> numbers =
      samples == parameters.end() ? std::vector<std::uint64_t>{} : split_numbers(samples->second);
  if (seeds.size() < 2 || seeds.size() != numbers.size())
    throw CellError{"seed", seed->second, "pooled seeds have as many numbers of samples, joined by +"};
  std::vector<SeedShare> shares;
  for (std::size_t i = 0; i < seeds.size(); ++i) shares.push_back({seeds[i], numbers[i]});
  Parameters first = parameters;
  first["seed"] = fmt::format("{}", seeds[0]);
  first["sampling.samples"] = fmt::format("{}", numbers[0]);
  return make(first).with_shares(std::move(shares));
}

Cell Cell::with_shares(std::vector<SeedShare> shares) const {
  const auto refuse = [&](const std::string& key, std::uint64_t SeedShare::*number,
                          const std::string& reason) {
    throw CellError{key, joined(shares, number), reason};
  };
  for (const char* key : {kRelativeKey, kAbsoluteKey})
    if (parameters_.contains(key))
      throw CellError{key, parameters_.at(key), "cells with a target error are not pooled"};
  if (shares.empty() || shares.size() > kMaxShares)
    refuse("seed", &SeedShare::seed, fmt::format("a cell has 1 to {} seeds", kMaxShares));
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i > 0 && shares[i].seed <= shares[i - 1].seed)
      refuse("seed", &SeedShare::seed, "pooled seeds differ and ascend");
    if (shares[i].samples == 0 || shares[i].samples > kMaxSamples - samples)
      refuse("sampling.samples", &SeedShare::samples,
             fmt::format("the number of samples is at least 1 a seed and at most {} in all", kMaxSamples));
    samples += shares[i].samples;
  }
  Cell cell = *this;
  cell.parameters_["seed"] = joined(shares, &SeedShare::seed);
  cell.parameters_["sampling.samples"] = joined(shares, &SeedShare::samples);
  cell.shares_ = std::move(shares);
  cell.samples_ = samples;
  return cell;
}

bool Cell::has_goal() const {
  return parameters_.contains(kRelativeKey) || parameters_.contains(kAbsoluteKey);
}

std::vector<Target> Cell::targets() const {
  std::map<std::string, Target> targets;  // by statistic
  for (const auto& [key, number] :
       {std::pair{kRelativeKey, &Target::relative}, std::pair{kAbsoluteKey, &Target::absolute}})
    if (const auto given = parameters_.find(key); given != parameters_.end())
      for (const auto& [statistic, error] : parse_targets(given->second))
        targets.try_emplace(statistic, Target{statistic}).first->second.*number = error;
  std::vector<Target> list;
  for (auto& [statistic, target] : targets) list.push_back(std::move(target));
  return list;
}

std::uint64_t Cell::first_samples() const {
  return has_goal() ? *parse_whole(parameters_.at(kSamplesKey)) : samples_;
}

bool Cell::writes_own_structure() const {
  const auto* kgram = std::get_if<KgramGenerator>(&generator_);
  return kgram && kgram->structure == Structure::sampled;
}

std::string Cell::generator_name() const { return parameters_.at("generator.kind"); }

namespace {

std::string language_label(const Language& language, const Parameters& parameters) {
  const auto value = [&](const char* key) { return parameters.at(std::string("language.") + key); };
  if (language.is_grammar()) {
    std::string text =
        fmt::format("{} v={} s={} L={}", language.kind, language.symbols(), language.d, language.height);
    if (parameters.contains("language.grammar")) return text + " from a file";
    text =
        fmt::format("{} v={} m={} s={} L={}", language.kind, value("v"), value("m"), value("s"), value("L"));
    if (value("classes") != value("v")) text += fmt::format(" classes={}", value("classes"));
    if (value("rules") == "zipf")
      text += fmt::format(" zipf a={} level {}", value("zipf-exponent"), value("zipf-level"));
    return text + fmt::format(" grammar {}", value("grammar-seed"));
  }
  if (parameters.contains("language.rho"))
    return fmt::format("{} d={} ρ={} h={}", language.kind, value("d"), value("rho"), value("height"));
  std::string text = fmt::format("{} q={}", language.kind, language.symbols());
  if (parameters.contains("language.lambda")) text += " λ=" + value("lambda");
  return text + fmt::format(" d={} h={}", value("d"), value("height"));
}

}  // namespace

std::string Cell::label() const {
  std::string text = language_label(*language_, parameters_);
  text += " · " + short_form(parameters_);
  if (method_ == Method::collapsed) text += " · collapsed";
  if (method_ == Method::splitting) text += fmt::format(" · splitting N={}", particles_);
  if (is_pooled() || seed() != 1) text += " · " + seed_text();
  return text;
}

std::string Cell::seed_text() const {
  constexpr std::size_t kListed = 4;
  if (shares_.size() > kListed) return fmt::format("{} seeds", shares_.size());
  return fmt::format("{} {}", is_pooled() ? "seeds" : "seed", parameters_.at("seed"));
}

namespace {

template <class Kinds>
std::vector<KindKeys> list_keys(const Kinds& kinds, const std::string& section,
                                std::vector<std::string> common) {
  std::vector<KindKeys> lists;
  for (const auto& kind : kinds) {
    KindKeys& list = lists.emplace_back(KindKeys{kind.name, {}});
    for (const std::string& key : common) list.keys.push_back(section + key);
    for (const std::string& key : kind.keys) list.keys.push_back(section + key);
  }
  return lists;
}

std::vector<KindKeys> list_language_keys() {
  auto lists = list_keys(language_registry(), "language.", {"kind"});
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (language_registry()[i].constrained) lists[i].keys.push_back("observe.validity");
  return lists;
}

std::vector<KindKeys> list_generator_keys() {
  auto lists = list_keys(generator_registry(), "generator.", {"kind", "method"});
  for (KindKeys& list : lists) {
    if (list.kind == "kgram" || list.kind == "block" || list.kind == "reasoning")
      list.keys.push_back("generator.particles");
    if (list.kind == "true" || list.kind == "kgram") list.keys.push_back("observe.entropy");
  }
  return lists;
}

}  // namespace

const std::vector<KindKeys>& language_kinds() {
  static const std::vector<KindKeys> kinds = list_language_keys();
  return kinds;
}

const std::vector<KindKeys>& generator_kinds() {
  static const std::vector<KindKeys> kinds = list_generator_keys();
  return kinds;
}

}  // namespace leafcast
