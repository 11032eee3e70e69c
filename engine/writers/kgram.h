#pragma once
#include <algorithm>

#include "engine/writers/generator.h"

namespace leafcast {

enum class ContextUnit { leaves, tokens };
enum class Structure { fixed, sampled };
/// GKMSS §1: each leaf from its exact conditional law given the last `context` leaves (or tokens). If its
/// structure is sampled it writes the marks as well (structure_law.h), and begins anew where it writes a
/// begin mark; its sentence is the first d^h + d^{h−1} − 1 tokens, and S counts the symbols among them.
struct KgramGenerator {
  std::int64_t context;
  ContextUnit unit;
  Structure structure;
  double temperature = 1;  ///< T: it draws by the law's probabilities to the power 1/T, renormalised

  static constexpr bool kWrites = true;
  static std::vector<GeneratorKind> kinds();
  GeneratorTraits traits(const Language& language) const;
  void lower(Parameters& parameters, const Language& language) const;
  /// log_d of the leaves that it sees, on average over positions.
  std::optional<double> levels(const Language& language) const;
  /// Leaves of a ring that holds the window: of as many tokens there are no more.
  std::int64_t ring(const Language& language) const { return std::min(context, language.leaves()); }
};

}  // namespace leafcast
