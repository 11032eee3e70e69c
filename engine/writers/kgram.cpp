#include <fmt/format.h>

#include <cmath>

#include "engine/kernels/tables/rule_index.h"
#include "engine/writers/writers.h"

namespace leafcast {

namespace {

constexpr double kMostBeliefBytes = 0x1p31;

void require_kgram_for_grammar(const ParameterReader& reader, const Grammar& grammar, Structure structure) {
  if (structure == Structure::sampled)
    throw reader.error("generator.structure",
                       "a k-gram of a grammar writes no marks of its own; use structure = fixed", true);
  if (RuleIndices::bytes(grammar, true) > kMostBeliefBytes)
    throw reader.error(
        "generator.kind",
        "belief propagation through so many rules of so long tuples does not fit into 2 GiB; use fewer "
        "rules or shorter tuples",
        true);
}

/// 1 unless asked for, and then not in the canonical form: cells of earlier versions keep their streams.
double read_temperature(ParameterReader& reader) {
  constexpr const char* kKey = "generator.temperature";
  constexpr double kLeast = 0.01, kMost = 100;
  if (!reader.has(kKey)) return 1;
  const double temperature = reader.read_real(kKey, "a temperature");
  if (temperature == 0)
    throw reader.error(kKey,
                       fmt::format("a writer at temperature 0 would draw nothing at random, and ties are not "
                                   "its to break; take a low one, such as {}",
                                   kLeast));
  if (!(temperature >= kLeast && temperature <= kMost))
    throw reader.error(kKey, fmt::format("a temperature lies in [{}, {}]", kLeast, kMost));
  if (temperature == 1) reader.drop(kKey);
  return temperature;
}

Generator read_kgram(ParameterReader& reader, const Language& language) {
  const std::uint64_t context = reader.read_whole("generator.context", "a context length", 0, kMaxContext);
  const int unit = reader.read_choice("generator.context-unit", {"leaves", "tokens"});
  const int structure = reader.read_choice("generator.structure", {"fixed", "sampled"});
  if (structure == 1 && unit == 0)
    throw reader.error("generator.structure",
                       "a writer of its own structure sees marks, so its context is counted in tokens; set "
                       "generator.context-unit = tokens, or structure = fixed",
                       reader.has("generator.context-unit"));
  const KgramGenerator kgram{
      static_cast<std::int64_t>(context), unit == 0 ? ContextUnit::leaves : ContextUnit::tokens,
      structure == 0 ? Structure::fixed : Structure::sampled, read_temperature(reader)};
  if (language.is_grammar()) require_kgram_for_grammar(reader, language.grammar(), kgram.structure);
  return kgram;
}

std::string kgram_label(const Parameters& parameters) {
  const bool tokens = generator_value(parameters, "context-unit") == "tokens",
             sampled = generator_value(parameters, "structure") == "sampled";
  const auto temperature = parameters.find("generator.temperature");
  return fmt::format("kgram k={}{}{}{}", generator_value(parameters, "context"), tokens ? " tokens" : "",
                     sampled ? " structure sampled" : "",
                     temperature == parameters.end() ? "" : " T=" + temperature->second);
}

}  // namespace

std::vector<GeneratorKind> KgramGenerator::kinds() {
  return {{.name = "kgram",
           .keys = {"context", "context-unit", "structure", "temperature"},
           .sampler_keys = {"generator.particles", "observe.entropy"},
           .default_samples = kDefaultSamples,
           .make = read_kgram,
           .label = kgram_label}};
}

std::optional<double> KgramGenerator::levels(const Language& language) const {
  if (context < 1) return {};
  const double d = language.d, k = static_cast<double>(context);
  const double leaves = unit == ContextUnit::leaves ? k : k * d / (d + 1);
  return std::log(std::min(leaves, static_cast<double>(language.leaves()))) / std::log(d);
}

GeneratorTraits KgramGenerator::traits(const Language& language) const {
  // Of d + 1 tokens one is a mark.
  const std::int64_t leaves =
      unit == ContextUnit::tokens && context > 1
          ? context - context / (language.d + 1) - (context % (language.d + 1) > 0 ? 1 : 0)
          : context;
  return {.walk = Walk::kgram,
          .blocks = {language.height, LcaLaw::fixed},
          .window = std::min(leaves, language.leaves()),
          .levels = levels(language),
          .remembers_a_path = false,
          .collapses = false,
          .is_exact = temperature == 1,
          .writes_own_structure = structure == Structure::sampled,
          .knows_nodes = false,
          .counts_memory = false,
          .why_no_entropies =
              temperature == 1
                  ? nullptr
                  : "entropies are those of a writer whose laws are the language's, given what it "
                    "sees; leave it out, or leave generator.temperature out",
          .why_no_splitting = temperature == 1 ? nullptr
                                               : "splitting writes at temperature 1; use sequence, or leave "
                                                 "generator.temperature out"};
}

/// A window stays well within its tree, and holds some path, or it stays as great as the tree.
void KgramGenerator::lower(Parameters& parameters, const Language& language) const {
  if (context >= language.leaves()) return;
  const std::int64_t most =
      std::max<std::int64_t>(language.leaves() / language.d / 4, language.d * language.d);
  parameters["generator.context"] = std::to_string(std::min(context, most));
}

}  // namespace leafcast
