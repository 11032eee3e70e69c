#pragma once
#include "engine/language/grammar.h"
#include "tests/reference/reference.h"

/// Grammars enumerated: every law straight from the rules, in double precision (MATH.md §11).
namespace leafcast::reference {

/// Law of the leaves below a node of the given height, by its symbol: [symbol][index of its leaves], the
/// leaves read as a number in base v.
Eigen::MatrixXd subtree_law(const Grammar& grammar, int height);
Law true_law(const Grammar& grammar);
/// The symbols of the nodes of a height from left to right, as if they were the leaves.
Law true_law_of_nodes(const Grammar& grammar, int height);
/// Blocks of height w, each given the last one's root and their LCA height.
Law block_law(const Grammar& grammar, int w, LcaLaw lca);
/// Whether the given leaves are those of a node of the height, whatever its symbol.
std::vector<bool> grammatical(const Grammar& grammar, int height);

}  // namespace leafcast::reference
