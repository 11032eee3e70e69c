#include "io/record/grammar_groups.h"

#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace leafcast::io {

namespace {

void put_grammar(h5::Group group, const Grammar& grammar) {
  group.set("symbols", std::int32_t{grammar.symbols()});
  group.set("children", std::int32_t{grammar.children()});
  group.set("height", std::int32_t{grammar.height()});
  const h5::Axis root = group.make_numbered_axis("class", static_cast<std::size_t>(grammar.classes()));
  group.make_column("root_probability", root,
                    std::vector<double>(grammar.root().begin(), grammar.root().end()));
  std::vector<std::int32_t> level, parent;
  std::vector<std::uint8_t> tuples;
  std::vector<double> probability;
  for (int j = grammar.height(); j >= 1; --j) {
    const RuleSet& set = grammar.rules(j);
    for (int a = 0; a < set.parents(); ++a)
      for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
           ++r) {
        level.push_back(j);
        parent.push_back(a);
        probability.push_back(set.probability[r]);
      }
    tuples.insert(tuples.end(), set.symbols.begin(), set.symbols.end());
  }
  const h5::Axis rule = group.make_numbered_axis("rule", level.size());
  const h5::Axis child = group.make_numbered_axis("child", static_cast<std::size_t>(grammar.children()));
  group.make_column("level", rule, level);
  group.make_column("parent", rule, parent);
  group.make_column("probability", rule, probability);
  group.make_dataset<std::uint8_t>("tuple", {&rule, &child}).write(std::span<const std::uint8_t>(tuples));
}

}  // namespace

void put_grammars(h5::Group root, const h5::Axis& cell, const Plan& plan) {
  std::map<const Grammar*, std::int32_t> number;
  std::vector<std::int32_t> of_cell;
  std::vector<const Grammar*> grammars;
  for (const Cell& c : plan.cells()) {
    if (!c.language().is_grammar()) {
      of_cell.push_back(-1);
      continue;
    }
    const Grammar* grammar = &c.language().grammar();
    const auto [entry, is_new] = number.try_emplace(grammar, static_cast<std::int32_t>(grammars.size()));
    if (is_new) grammars.push_back(grammar);
    of_cell.push_back(entry->second);
  }
  if (grammars.empty()) return;
  h5::Group group = root.make_group("grammars");
  group.make_column("of_cell", cell, of_cell);
  for (std::size_t i = 0; i < grammars.size(); ++i)
    put_grammar(group.make_group(std::to_string(i)), *grammars[i]);
}

}  // namespace leafcast::io
