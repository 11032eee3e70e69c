#include "engine/cell/cell.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "engine/cell/observe_keys.h"
#include "engine/cell/sampling_keys.h"
#include "engine/cell/shares.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/language/languages.h"
#include "engine/language/tree.h"
#include "engine/learners/tuple_clusters.h"

namespace leafcast {

namespace {

constexpr std::int64_t kMaxLeaves = (std::int64_t{1} << 62) - 1;
constexpr std::uint64_t kDefaultSamples = 10000;
constexpr std::uint64_t kMaxParticles = 1 << 20, kDefaultParticles = 1024;

template <class Kinds>
std::vector<std::string> names(const Kinds& kinds) {
  std::vector<std::string> list;
  for (const auto& kind : kinds) list.push_back(kind.name);
  return list;
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

void refuse_unread(const ParameterReader& reader) {
  const std::vector<std::string> unread = reader.unread();
  if (!unread.empty()) throw reader.error(unread.front(), "no such key");
}

std::uint64_t hash_law(const Parameters& parameters) {
  std::string law;
  for (const auto& [key, value] : parameters)
    if (key != "seed" && !key.starts_with("sampling.") && !key.starts_with("observe."))
      law += key + "=" + value + "\n";
  return XXH3_64bits(law.data(), law.size());
}

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
