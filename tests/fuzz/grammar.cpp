// Files of grammars (language.file), and what is made of them.
#include "engine/language/grammar.h"

#include <cmath>

#include "engine/kernels/tables/grammar_tables.h"
#include "jobs/sweep/language_file.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

namespace {

void check(const Grammar& grammar) {
  for (int j = 0; j <= grammar.height(); ++j) {
    const Eigen::VectorXd& law = grammar.mean_law(j);
    fuzz::require(law.allFinite() && law.minCoeff() >= 0 && std::abs(law.sum() - 1) < 1e-6,
                  "a law of nodes that is none");
  }
  fuzz::require(Grammar::from_text(grammar.text()).text() == grammar.text(), "a text that is read otherwise");
  fuzz::require(Grammar::from_text(grammar.line()).text() == grammar.text(), "a line that is read otherwise");
}

/// Every rule is found from its tuple, and every draw is a rule's tuple.
void check(const GrammarTables& tables) {
  const Grammar& grammar = tables.cell.language().grammar();
  for (int j = 1; j <= tables.height; ++j) {
    const RuleSet& set = grammar.rules(j);
    const TupleTrie& trie = tables.tries[static_cast<std::size_t>(j) - 1];
    for (int a = 0; a < set.parents(); ++a)
      for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
           ++r) {
        std::int32_t state = 0;
        for (const std::uint8_t symbol : set.tuple(static_cast<int>(r)))
          state = trie.step.at(static_cast<std::size_t>(state) + symbol);
        fuzz::require(state == a, "a tuple that is not parsed as its parent");
      }
  }
  for (const Expansion& e : tables.expansions) {
    const std::size_t rows = e.draw.tuples.size() / static_cast<std::size_t>(e.draw.words);
    fuzz::require(rows % e.draw.columns == 0 && (!e.draw.aliased || e.draw.choice.size() == rows),
                  "a table of another size");
    for (const std::uint32_t choice : e.draw.choice)
      fuzz::require((choice & alias_mask(e.draw.columns)) < e.draw.columns, "an alias that is no column");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  file.write(fuzz::text_of(data, size));
  fuzz::refusing<UsageError>([&] {
    const std::string rules = jobs::read_language_file("rhm", file.path());
    const Grammar grammar = Grammar::from_text(rules);
    check(grammar);
    if (grammar.height() > 4 || std::pow(grammar.children(), grammar.height()) > 1e5) return;
    try {
      const Cell cell =
          Cell::make({{"language.kind", "rhm"}, {"language.grammar", rules}, {"generator.kind", "true"}});
      fuzz::require(Cell::make(cell.parameters()).parameters() == cell.parameters(),
                    "a cell that its parameters do not give");
      check(GrammarTables(cell));
    } catch (const CellError&) {
    }
  });
  return 0;
}
