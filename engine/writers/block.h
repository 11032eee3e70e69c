#pragma once
#include "engine/writers/generator.h"

namespace leafcast {

enum class BlockMemory { leaves, root };
/// GKMSS Definition 2.2: blocks of height w, each from its law given the last block and their LCA height.
struct BlockGenerator {
  int context_depth;  ///< w
  BlockMemory memory;
  LcaLaw lca;

  static constexpr bool kWrites = true;
  static std::vector<GeneratorKind> kinds();
  GeneratorTraits traits(const Language& language) const;
  void lower(Parameters& parameters, const Language& language) const;
};

}  // namespace leafcast
