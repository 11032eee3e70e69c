#include <fmt/format.h>

#include "engine/writers/writers.h"

namespace leafcast {

namespace {

Generator read_reasoning(ParameterReader& reader, const Language& language) {
  const int encoding = reader.read_choice("generator.encoding", {"path", "segment"});
  const int depth = read_depth(reader, "generator.memory-depth", "a memory's depth", language.height,
                               static_cast<std::uint64_t>(language.height));
  if (language.is_grammar() && encoding == 1)
    throw reader.error("generator.encoding",
                       "a grammar's writer keeps the stack of its pending symbols; use encoding = path",
                       true);
  return ReasoningGenerator{encoding == 0 ? Encoding::path : Encoding::segment, depth};
}

std::string reasoning_label(const Parameters& parameters) {
  return fmt::format("reasoning {} m={}", generator_value(parameters, "encoding"),
                     generator_value(parameters, "memory-depth"));
}

}  // namespace

std::vector<GeneratorKind> ReasoningGenerator::kinds() {
  return {{.name = "reasoning",
           .keys = {"encoding", "memory-depth"},
           .sampler_keys = {"generator.particles"},
           .default_samples = kDefaultSamples,
           .make = read_reasoning,
           .label = reasoning_label}};
}

GeneratorTraits ReasoningGenerator::traits(const Language& language) const {
  const bool path = encoding == Encoding::path;
  return {.walk = path || memory_depth == 0 ? Walk::ancestors : Walk::segment,
          .blocks = {memory_depth, LcaLaw::sampled},
          .window = 0,
          .levels = memory_depth,
          .remembers_a_path = path || memory_depth == 0,
          .collapses = path,
          .is_exact = true,
          .writes_own_structure = false,
          .knows_nodes = memory_depth == language.height,
          .counts_memory = true,
          .why_no_entropies = kNoLeafLaws,
          .why_no_splitting =
              path ? nullptr
                   : "splitting knows no writer that remembers segments; use sequence, or encoding = path"};
}

void ReasoningGenerator::lower(Parameters& parameters, const Language& language) const {
  lower_depth(parameters, "generator.memory-depth", memory_depth, language.height);
}

}  // namespace leafcast
