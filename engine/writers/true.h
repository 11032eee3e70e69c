#pragma once
#include "engine/writers/generator.h"

namespace leafcast {

/// The language itself.
struct TrueGenerator {
  static constexpr bool kWrites = true;
  static std::vector<GeneratorKind> kinds();
  GeneratorTraits traits(const Language& language) const;
  void lower(Parameters&, const Language&) const {}
};

}  // namespace leafcast
