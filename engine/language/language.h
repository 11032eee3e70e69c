#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "engine/language/channel.h"
#include "engine/language/grammar.h"
#include "engine/overloaded.h"

namespace leafcast {

/// A language: a random tree, read off its leaves. The tree is the complete d-ary tree of the given height.
/// Its root has a symbol of the language's root law; from the root down, a node's symbol gives the law of the
/// d-tuple of its children's symbols, and nothing else does. The leaves from left to right are one sentence.
///
/// Families differ in the law of that tuple:
///   Channel   the children are independent given their parent, and every level has the same law: broadcast
///             processes (MATH.md §1);
///   Grammar   the tuple is one of the parent's rules at that level, so siblings depend on each other
///   (MATH.md §11).
/// What is the same for all families stands here, and whatever only needs symbols, leaves and the law of a
/// leaf asks for nothing else. What samples, or knows exact values, asks for the family: see README.md,
/// "Adding a language".
struct Language {
  std::string kind;  ///< registered name: ising, coloring, potts, kernel, rhm
  int d;             ///< children a node
  int height;
  std::variant<Channel, std::shared_ptr<const Grammar>> family;
  bool constrained;  ///< sentences can be ungrammatical, so validity is observed

  std::int64_t leaves() const;  ///< n = d^height
  int symbols() const;          ///< that leaves have, numbered from 0
  /// Whether a leaf has each symbol with the same probability, wherever it stands.
  bool is_uniform() const;
  /// The law of a leaf's symbol, averaged over the leaves of a sentence.
  const Eigen::VectorXd& leaf_law() const;
  /// The second eigenvalue of a channel; NaN for other families.
  double lambda() const;

  /// Calls the visitor with the family. It needs a case for each: a new family does not compile until
  /// everything that asks knows it.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(overloaded{[&](const Channel& channel) -> decltype(auto) { return visitor(channel); },
                                 [&](const std::shared_ptr<const Grammar>& grammar) -> decltype(auto) {
                                   return visitor(*grammar);
                                 }},
                      family);
  }
  /// The family of a language that is known to be of it (std::bad_variant_access otherwise).
  const Channel& channel() const { return std::get<Channel>(family); }
  const Grammar& grammar() const { return *std::get<std::shared_ptr<const Grammar>>(family); }
  /// Whether siblings are drawn together: a broadcast process has a channel instead, and with it eigenvalues,
  /// symmetries and collapsed sums.
  bool is_grammar() const { return std::holds_alternative<std::shared_ptr<const Grammar>>(family); }
};

}  // namespace leafcast
