#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cell.h"
#include "engine/grammar.h"
#include "engine/grammar_laws.h"
#include "engine/rule_index.h"

namespace leafcast {

/// How a node of one height draws its children's tuple: one word of random bits and one or three look-ups. A
/// word u of 32 bits chooses the column ⌊u M / 2^32⌋ of M; where rules are equiprobable that is the rule,
/// elsewhere the fraction of u M chooses between the column's rule and its alias (Walker, 1977; Vose, 1991).
/// Probabilities are right to 2^-32.
struct RuleDraw {
  std::uint32_t columns;  ///< M, the most rules of a parent
  bool aliased;
  int words;                          ///< of a tuple: four symbols each, the first lowest
  std::vector<std::uint32_t> tuples;  ///< [word][parent][column]
  std::vector<std::uint32_t> keep;    ///< [parent][column]: fractions below it keep the column
  std::vector<std::uint32_t> alias;   ///< [parent][column]: the row of `tuples` otherwise
};

/// The two lowest levels in one draw, where tuples are pairs and rules equiprobable: all m³ ways in which a
/// node of height 2 comes to its four leaves. Three draws and look-ups become one, so the table is worth its
/// size as long as a near cache holds it.
struct LowestDraw {
  RuleDraw leaves;                     ///< tuples: the four leaves
  std::vector<std::uint32_t> parents;  ///< [parent][column]: the two symbols in between
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
  std::vector<RuleDraw> draws;       ///< [height − 1]
  std::optional<LowestDraw> lowest;  ///< in place of the first two, where blocks are that high
  std::vector<TupleTrie> tries;      ///< [height − 1]

  /// Block writers: height of a block (the tree's for others); draws of the first block's root, and of the
  /// next one's given the last one's: one if the LCA is drawn, else by boundary from the left.
  int block_height;
  RuleDraw first_root;
  std::vector<RuleDraw> across;
  std::optional<RuleIndices> beliefs;  ///< of writers, or observers, that need laws of leaves
};

/// Memory of a reasoning writer: its pending symbols and its place among the siblings at each level of a
/// block; 0 for other generators (MATH.md §11).
std::uint64_t grammar_memory_bits(const Cell& cell);
/// Blocks of this cell's writer, 1 for writers of whole trees; used before tables are made.
int grammar_block_height(const Cell& cell);
/// Boundaries of blocks that have laws of their own: LCAs are the tree's.
std::int64_t own_boundaries(const Language& language, int block_height);

}  // namespace leafcast
