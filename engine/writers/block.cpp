#include <fmt/format.h>

#include "engine/language/tree.h"
#include "engine/writers/writers.h"

namespace leafcast {

namespace {

constexpr std::int64_t kMostOwnBoundaries = 1 << 12;

/// In a grammar, boundaries whose LCAs are the tree's have laws of their own.
void require_block_for_grammar(const ParameterReader& reader, const Language& language, int depth) {
  if (const std::int64_t own = tree_power(language.d, language.height - depth) - 1; own > kMostOwnBoundaries)
    throw reader.error(
        "generator.lca",
        fmt::format("in a grammar every boundary between blocks has a law of its own, and there are {}, "
                    "more than {}; use lca = sampled, or a greater context-depth",
                    own, kMostOwnBoundaries),
        true);
}

Generator read_block(ParameterReader& reader, const Language& language) {
  const int depth = read_depth(reader, "generator.context-depth", "a block's context depth", language.height);
  const int memory = reader.read_choice("generator.memory", {"leaves", "root"});
  const int lca = reader.read_choice("generator.lca", {"sampled", "sampled-reset", "fixed"});
  constexpr LcaLaw laws[] = {LcaLaw::sampled, LcaLaw::sampled_reset, LcaLaw::fixed};
  if (language.is_grammar() && laws[lca] == LcaLaw::fixed) require_block_for_grammar(reader, language, depth);
  return BlockGenerator{depth, memory == 0 ? BlockMemory::leaves : BlockMemory::root, laws[lca]};
}

std::string block_label(const Parameters& parameters) {
  return fmt::format("block w={} {} {}", generator_value(parameters, "context-depth"),
                     generator_value(parameters, "memory"), generator_value(parameters, "lca"));
}

}  // namespace

std::vector<GeneratorKind> BlockGenerator::kinds() {
  return {{.name = "block",
           .keys = {"context-depth", "memory", "lca"},
           .sampler_keys = {"generator.particles"},
           .default_samples = kDefaultSamples,
           .make = read_block,
           .label = block_label}};
}

GeneratorTraits BlockGenerator::traits(const Language& language) const {
  const bool one_block = context_depth == language.height, roots = memory == BlockMemory::root;
  return {.walk = roots || one_block ? Walk::ancestors : Walk::recalling_ancestors,
          .blocks = {context_depth, lca},
          .window = 0,
          .levels = context_depth,
          .remembers_a_path = roots || one_block,
          .collapses = roots,
          .is_exact = true,
          .writes_own_structure = false,
          .knows_nodes = false,
          .counts_memory = false,
          .why_no_entropies = kNoLeafLaws,
          .why_no_splitting = nullptr};
}

void BlockGenerator::lower(Parameters& parameters, const Language& language) const {
  lower_depth(parameters, "generator.context-depth", context_depth, language.height);
}

}  // namespace leafcast
