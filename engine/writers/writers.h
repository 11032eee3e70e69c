#pragma once
#include <type_traits>

#include "engine/contract.h"
#include "engine/learners/learner_generator.h"
#include "engine/writers/block.h"
#include "engine/writers/generator.h"
#include "engine/writers/kgram.h"
#include "engine/writers/reasoning.h"
#include "engine/writers/true.h"

namespace leafcast {

/// The kinds of all generators, in the variant's order. The first is the default.
const std::vector<GeneratorKind>& generator_registry();
/// The generator that a cell's keys describe. Throws CellError.
Generator read_generator(ParameterReader& reader, const Language& language);
/// The kind of a cell of these parameters.
const GeneratorKind& generator_kind(const Parameters& parameters);

inline GeneratorTraits traits_of(const Generator& generator, const Language& language) {
  return std::visit([&](const auto& g) { return g.traits(language); }, generator);
}
inline bool learns(const Generator& generator) {
  return std::visit([](const auto& g) { return !g.kWrites; }, generator);
}

/// Calls the visitor with the writer; it needs a case for every one. Learners write nothing.
template <class Visitor>
auto visit_writer(const Generator& generator, Visitor visitor) {
  using Result = std::invoke_result_t<Visitor&, const TrueGenerator&>;
  return std::visit(
      [&](const auto& g) -> Result {
        if constexpr (std::remove_cvref_t<decltype(g)>::kWrites)
          return visitor(g);
        else
          break_contract("a sampler of sentences was asked of a learner", "it writes none",
                         "ask sampler_family() first");
      },
      generator);
}

}  // namespace leafcast
