#pragma once
#include <cstdint>
#include <vector>

#include "engine/language/grammar.h"

namespace leafcast {

/// The rules of one height as belief propagation sums over them (MATH.md §11): the law of one child, the
/// target, given the parent's, a message of one child to its left, and the symbols of those in between;
/// children that nobody has seen are summed out here, once. Without a child that has a message, those before
/// the target are all known. Without a target, the message of the parent given its last children. Weight:
/// float in kernels, double where values are exact.
template <class Weight>
struct BasicRuleIndex {
  struct Entry {
    std::uint8_t parent, soft, target;  ///< symbols; 0 where the index has none
    Weight weight;                      ///< Σ p_r of the rules that agree in them and in the group's symbols
  };
  int known;                          ///< children whose symbols are known, from the one after `soft` on
  std::vector<std::uint8_t> symbols;  ///< [group][known]
  std::vector<std::uint32_t> first;   ///< [group 0…groups]: its entries are first[g] … first[g + 1] − 1
  std::vector<Entry> entries;

  std::size_t groups() const { return first.size() - 1; }
};

using RuleIndex = BasicRuleIndex<float>;

/// soft: place of the child with a message, −1 for none; target: place of the child that is asked for, s for
/// the parent.
template <class Weight>
BasicRuleIndex<Weight> make_rule_index(const RuleSet& set, int soft, int target);
extern template BasicRuleIndex<float> make_rule_index<float>(const RuleSet&, int, int);
extern template BasicRuleIndex<double> make_rule_index<double>(const RuleSet&, int, int);

/// All that a writer of bounded context asks for: [height − 1][place]. The language's own law, given
/// everything before, has no child with a message.
class RuleIndices {
 public:
  RuleIndices(const Grammar& grammar, bool messages);
  const RuleIndex& at(int height, int soft, int target) const {
    return indices_[static_cast<std::size_t>(height) - 1]
                   [static_cast<std::size_t>((soft + 1) * (children_ + 1) + target)];
  }
  /// Bytes of all of them.
  static double bytes(const Grammar& grammar, bool messages);

 private:
  int children_;
  std::vector<std::vector<RuleIndex>> indices_;
};

}  // namespace leafcast
