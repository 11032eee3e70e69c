#pragma once
#include "engine/writers/generator.h"

namespace leafcast {

enum class Encoding { path, segment };
/// GKMSS Theorem 3.4: a writer with explicit working memory of `memory_depth` levels.
struct ReasoningGenerator {
  Encoding encoding;
  int memory_depth;  ///< m; m = height is exact in law

  static constexpr bool kWrites = true;
  static std::vector<GeneratorKind> kinds();
  GeneratorTraits traits(const Language& language) const;
  void lower(Parameters& parameters, const Language& language) const;
};

}  // namespace leafcast
