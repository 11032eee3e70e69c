#include "engine/writers/writers.h"

namespace leafcast {

std::vector<GeneratorKind> TrueGenerator::kinds() {
  return {{.name = "true",
           .keys = {},
           .sampler_keys = {"observe.entropy"},
           .default_samples = kDefaultSamples,
           .make = [](ParameterReader&, const Language&) -> Generator { return TrueGenerator{}; },
           .label = [](const Parameters&) { return std::string("true"); }}};
}

GeneratorTraits TrueGenerator::traits(const Language& language) const {
  return {.walk = Walk::ancestors,
          .blocks = {language.height, LcaLaw::fixed},
          .window = 0,
          .levels = {},
          .remembers_a_path = true,
          .collapses = true,
          .is_exact = true,
          .writes_own_structure = false,
          .knows_nodes = true,
          .counts_memory = false,
          .why_no_entropies = nullptr,
          .why_no_splitting = "true sentences are valid, all of them: there is no rare event; use sequence"};
}

}  // namespace leafcast
