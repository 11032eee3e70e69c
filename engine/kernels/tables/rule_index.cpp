#include "engine/kernels/tables/rule_index.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace leafcast {

template <class Weight>
BasicRuleIndex<Weight> make_rule_index(const RuleSet& set, int soft, int target) {
  using Symbols = std::string;  // a byte each
  struct Key {
    std::uint8_t target, parent, soft;
    auto operator<=>(const Key&) const = default;
  };
  const bool upward = target == set.children;
  std::map<Symbols, std::map<Key, double>> groups;
  for (int a = 0; a < set.parents(); ++a)
    for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
         ++r) {
      const auto tuple = set.tuple(static_cast<int>(r));
      const Symbols known(tuple.begin() + soft + 1, tuple.begin() + target);
      const auto symbol = [&](int child) { return tuple[static_cast<std::size_t>(child)]; };
      const Key key{upward ? std::uint8_t{0} : symbol(target), static_cast<std::uint8_t>(a),
                    soft < 0 ? std::uint8_t{0} : symbol(soft)};
      groups[known][key] += set.probability[r];
    }
  BasicRuleIndex<Weight> index{target - soft - 1, {}, {0}, {}};
  for (const auto& [known, entries] : groups) {
    index.symbols.insert(index.symbols.end(), known.begin(), known.end());
    for (const auto& [key, weight] : entries)
      index.entries.push_back({key.parent, key.soft, key.target, static_cast<Weight>(weight)});
    index.first.push_back(static_cast<std::uint32_t>(index.entries.size()));
  }
  return index;
}

template BasicRuleIndex<float> make_rule_index<float>(const RuleSet&, int, int);
template BasicRuleIndex<double> make_rule_index<double>(const RuleSet&, int, int);

RuleIndices::RuleIndices(const Grammar& grammar, bool messages) : children_(grammar.children()) {
  const int s = children_;
  for (int j = 1; j <= grammar.height(); ++j) {
    std::vector<RuleIndex>& level = indices_.emplace_back(static_cast<std::size_t>((s + 1) * (s + 1)));
    for (int soft = -1; soft < (messages ? s : 0); ++soft)
      for (int target = soft + 1; target < (soft < 0 ? s : s + 1); ++target)
        level[static_cast<std::size_t>((soft + 1) * (s + 1) + target)] =
            make_rule_index<float>(grammar.rules(j), soft, target);
  }
}

double RuleIndices::bytes(const Grammar& grammar, bool messages) {
  const double s = grammar.children(), lists = messages ? s + s * (s + 1) / 2 : s;
  double rules = 0;
  for (int j = 1; j <= grammar.height(); ++j) rules += grammar.rules(j).rules();
  return rules * lists * (sizeof(RuleIndex::Entry) + s / 2);
}

}  // namespace leafcast
