#include "analysis/present/glossary.h"

#include <algorithm>
#include <functional>
#include <variant>

namespace leafcast::analysis {

namespace {

struct Word {
  const char *word, *meaning;
  std::function<bool(const Cell&)> is_of;  ///< whether a reader of this cell's numbers meets it
};

bool has(const Cell& cell, const char* key, const char* value) {
  const auto found = cell.parameters().find(key);
  return found != cell.parameters().end() && found->second == value;
}

const std::vector<Word>& words() {
  static const auto always = [](const Cell&) { return true; };
  static const auto is_block = [](const Cell& cell) { return cell.generator_name() == "block"; };
  static const auto is_reasoning = [](const Cell& cell) { return cell.generator_name() == "reasoning"; };
  static const std::vector<Word> list = {
      {"Writer", "what makes sentences: the language itself (true), or one that knows less.", always},
      {"S",
       "the number of leaves of the observed symbol, less what is due by chance: q·N − n. Ising: N₊ − N₋.",
       always},
      {"k-gram (kgram)",
       "a writer that sees the last k leaves, and knows the law of the next given these exactly.",
       [](const Cell& cell) { return cell.generator_name() == "kgram"; }},
      {"Block",
       "a writer that makes one subtree of height w after the other, and knows of the last one only its root, or its leaves.",
       is_block},
      {"Reset (sampled-reset)",
       "a block writer that at times begins the next block from a fresh root, as the authors' simulator does.",
       [](const Cell& cell) { return has(cell, "generator.lca", "sampled-reset"); }},
      {"Reasoning", "a writer that keeps a memory of its place in the tree.", is_reasoning},
      {"Path", "a memory of the symbols from the root down to the place that is written.",
       [](const Cell& cell) { return is_reasoning(cell) && !has(cell, "generator.encoding", "segment"); }},
      {"Segment", "a memory of the root symbols of the completed siblings at each level.",
       [](const Cell& cell) { return has(cell, "generator.encoding", "segment"); }},
      {"Collapsed",
       "only the sum of a sentence is drawn, from counts of symbols level by level, not its leaves.",
       [](const Cell& cell) { return has(cell, "generator.method", "collapsed"); }},
      {"Splitting",
       "rates too small to be seen: many sentences (particles) are written side by side, those that became invalid are replaced by "
       "copies of valid ones, and the shares that survived are multiplied.",
       [](const Cell& cell) { return has(cell, "generator.method", "splitting"); }},
      {"Own structure (sampled)", "the writer writes the punctuation as well, which says where subtrees end.",
       [](const Cell& cell) { return has(cell, "generator.structure", "sampled"); }},
      {"Required context k*, memory m*",
       "the least with which a writer comes within 10% of the language in a statistic.",
       [](const Cell& cell) { return cell.traits().levels.has_value(); }},
      {"z", "the deviation of an estimate from the exact value, in standard errors.", always},
  };
  return list;
}

}  // namespace

Document glossary(const Plan& plan) {
  Table table{{{"", Column::Kind::word}, {"", Column::Kind::word}}, {}};
  for (const Word& word : words())
    if (std::ranges::any_of(plan.cells(), word.is_of)) table.rows.push_back({word.word, word.meaning});
  Document document;
  document << std::move(table);
  return document;
}

}  // namespace leafcast::analysis
