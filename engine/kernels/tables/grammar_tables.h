#pragma once
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/kernels/tables/rule_index.h"
#include "engine/language/grammar.h"
#include "engine/language/grammar_laws.h"

namespace leafcast {

/// How a symbol draws the tuple that it writes: one word of random bits and one or two look-ups. A word u of
/// 32 bits chooses the column ⌊u M / 2^32⌋ of M; where rules are equiprobable that is the rule, elsewhere the
/// fraction of u M chooses between the column's rule and its alias (Walker, 1977; Vose, 1991). Probabilities
/// are right to 2^-32 a column, impossible tuples never drawn.
struct RuleDraw {
  std::uint32_t columns;  ///< M, the most rules of a parent
  bool aliased;
  int words;                          ///< of a tuple: four symbols each, the first lowest
  std::vector<std::uint32_t> tuples;  ///< [word][parent][column]
  /// If aliased: [parent][column]: the alias in the lowest bit_width(M − 1) bits; in the others the fraction
  /// below which the column is kept. A fraction has no more digits than these.
  std::vector<std::uint32_t> choice;
};

/// The bits of RuleDraw::choice that name the alias.
constexpr std::uint32_t alias_mask(std::uint32_t columns) {
  return columns > 1 ? ~std::uint32_t{0} >> std::countl_zero(columns - 1) : 0;
}

/// One draw of a derivation: the symbols of all descendants of height `to` of a node of height `from`, a
/// level below it or two. Two where tuples are pairs: three draws and look-ups become one, so the table of
/// all ways is worth its size as long as a near cache holds it. Then a last word of the tuple has the two
/// symbols in between.
struct Expansion {
  int from, to;
  RuleDraw draw;
};

/// Which parent writes a tuple, child by child: next = step[state + symbol]. A node begins at state 0; a
/// state is an offset into the table. What the last child leads to is the parent's symbol, or kUngrammatical
/// if no rule writes the tuple. Symbols run from 0 to v: v stands for a child that is itself ungrammatical.
struct TupleTrie {
  std::vector<std::int32_t> step;
};
inline constexpr std::int32_t kUngrammatical = kMaxGrammarSymbols;

/// What the kernels on lanes read of a cell of a grammar.
struct GrammarTables {
  explicit GrammarTables(const Cell& cell);

  Cell cell;
  int q, d, height;  ///< v, s, L
  std::int64_t leaves;
  GrammarLaws laws;
  std::vector<TupleTrie> tries;  ///< [height − 1]

  /// Block writers: height of a block (the tree's for others); draws of the first block's root, and of the
  /// next one's given the last one's: one if the LCA is drawn, else by boundary from the left.
  int block_height;
  std::vector<Expansion> expansions;  ///< of a block, the lowest first
  RuleDraw first_root;
  std::vector<RuleDraw> across;
  std::optional<RuleIndices> beliefs;  ///< of writers, or observers, that need laws of leaves
};

/// Memory of a reasoning writer: its pending symbols and its place among the siblings at each level of a
/// block; 0 for other generators (MATH.md §11).
std::uint64_t grammar_memory_bits(const Cell& cell);
}  // namespace leafcast
