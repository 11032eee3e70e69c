#include "engine/learners/learner_generator.h"

#include <fmt/format.h>

#include "engine/learners/tuple_clusters.h"
#include "engine/writers/writers.h"

namespace leafcast {

namespace {

constexpr std::uint64_t kMostTraining = std::uint64_t{1} << 30, kDefaultTest = 10000;
constexpr std::uint64_t kDefaultTrainingSets = 16;

void read_context(ParameterReader& reader, const Language& language, LearnerGenerator& learner) {
  learner.context =
      static_cast<std::int64_t>(reader.read_whole("generator.context", "a context length", 0, kMaxContext,
                                                  static_cast<std::uint64_t>(language.leaves() - 1)));
  if (learner.context >= language.leaves())
    throw reader.error("generator.context",
                       fmt::format("before the last leaf of a sentence there are {}", language.leaves() - 1),
                       true);
}

void read_smoothing(ParameterReader& reader, LearnerGenerator& learner) {
  constexpr const char* kKey = "generator.concentration";
  learner.smoothing = reader.read_choice("generator.smoothing", {"kneser-ney", "dirichlet"}) == 0
                          ? Smoothing::kneser_ney
                          : Smoothing::dirichlet;
  if (learner.smoothing == Smoothing::dirichlet) {
    learner.concentration = 1;
    if (reader.has(kKey))
      learner.concentration = reader.read_real(kKey, "a Dirichlet prior's concentration");
    else
      reader.replace(kKey, "1");
    if (!(learner.concentration > 0 && learner.concentration <= 1e9))
      throw reader.error(kKey, "a Dirichlet prior's concentration lies above 0 and is at most 1e9");
  } else if (reader.has(kKey)) {
    throw reader.error(
        kKey, "it is that of Dirichlet priors; set generator.smoothing = dirichlet, or leave it out", true);
  }
}

void read_cluster_by(ParameterReader& reader, LearnerGenerator& learner) {
  constexpr const char* kKey = "generator.cluster-by";
  if (!reader.has(kKey)) return;
  if (reader.read_choice(kKey, {"siblings", "target"}) == 1)
    learner.cluster_by = ClusterBy::target;
  else
    reader.drop(kKey);
}

void require_few_tuples(const ParameterReader& reader, const Grammar& grammar) {
  for (int j = 1; j < grammar.height(); ++j)
    if (grammar.rules(j).rules() > static_cast<int>(TupleClusters::kMostTuples))
      throw reader.error("generator.kind",
                         fmt::format("clustering compares all tuples with each other, and level {} has {}, "
                                     "more than {}; use fewer "
                                     "rules, or generator.kind = counting",
                                     j, grammar.rules(j).rules(), TupleClusters::kMostTuples),
                         true);
}

template <Learner kind>
Generator make(ParameterReader& reader, const Language& language) {
  LearnerGenerator learner{kind, 0, 0, 0, Smoothing::kneser_ney, 0, ClusterBy::siblings};
  if (!language.is_grammar())
    throw reader.error("generator.kind",
                       "learners learn grammars; set language.kind = rhm, or choose another generator", true);
  learner.training = static_cast<std::int64_t>(
      reader.read_whole("generator.training", "a training set's number of sentences", 1, kMostTraining));
  learner.test = static_cast<std::int64_t>(reader.read_whole(
      "generator.test", "the number of test sentences of a training set", 1, kMostTraining, kDefaultTest));
  if (kind == Learner::counting) read_context(reader, language, learner);
  read_smoothing(reader, learner);
  if (kind == Learner::clustering) read_cluster_by(reader, learner);
  if (kind != Learner::counting) require_few_tuples(reader, language.grammar());
  return learner;
}

std::string counting_label(const Parameters& parameters) {
  return fmt::format("counting k={} P={} {}", generator_value(parameters, "context"),
                     generator_value(parameters, "training"), generator_value(parameters, "smoothing"));
}
std::string clustering_label(const Parameters& parameters) {
  return fmt::format("{}{} P={} {}", generator_value(parameters, "kind"),
                     parameters.contains("generator.cluster-by") ? " by target" : "",
                     generator_value(parameters, "training"), generator_value(parameters, "smoothing"));
}

}  // namespace

std::vector<GeneratorKind> LearnerGenerator::kinds() {
  return {{.name = "counting",
           .keys = {"training", "test", "context", "smoothing", "concentration"},
           .sampler_keys = {},
           .default_samples = kDefaultTrainingSets,
           .make = make<Learner::counting>,
           .label = counting_label},
          {.name = "clustering",
           .keys = {"training", "test", "cluster-by", "smoothing", "concentration"},
           .sampler_keys = {},
           .default_samples = kDefaultTrainingSets,
           .make = make<Learner::clustering>,
           .label = clustering_label},
          {.name = "classifier",
           .keys = {"training", "test", "smoothing", "concentration"},
           .sampler_keys = {},
           .default_samples = kDefaultTrainingSets,
           .make = make<Learner::classifier>,
           .label = clustering_label}};
}

/// It writes nothing: its sentences are the language's.
GeneratorTraits LearnerGenerator::traits(const Language& language) const {
  return {.walk = Walk::ancestors,
          .blocks = {language.height, LcaLaw::fixed},
          .window = 0,
          .levels = {},
          .remembers_a_path = false,
          .collapses = false,
          .is_exact = true,
          .writes_own_structure = false,
          .knows_nodes = false,
          .counts_memory = false,
          .why_no_entropies = kNoLeafLaws,
          .why_no_splitting = "a learner writes nothing; use sequence"};
}

void LearnerGenerator::lower(Parameters& parameters, const Language& language) const {
  if (learner == Learner::counting)
    parameters["generator.context"] = std::to_string(std::min(context, language.leaves() / language.d - 1));
}

}  // namespace leafcast
