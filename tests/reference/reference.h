#pragma once
#include <Eigen/Dense>
#include <array>
#include <cstdint>
#include <vector>

#include "engine/cell/cell.h"  // only the enums: ContextUnit, BlockMemory, LcaLaw, Encoding

/// The slow, obviously right generators: each law computed exactly, in double precision, straight from its
/// definition in MATH.md §1–§3. Nothing here is linked to, or shares a formula with, the engine's kernels.
namespace leafcast::reference {

/// A broadcast process. K: row = parent's symbol, column = child's; nu: its stationary law, the law of the
/// root.
struct Tree {
  int d, height;
  Eigen::MatrixXd K;
  Eigen::VectorXd nu;

  int q() const { return static_cast<int>(K.rows()); }
  int leaves() const;             ///< n = d^height
  std::size_t sentences() const;  ///< q^n
};

/// λI + (1−λ)J/q; the diagonal is exactly 0 at λ = −1/(q−1), the coloring.
Eigen::MatrixXd symmetric_kernel(int q, double lambda);
Eigen::VectorXd stationary_law(const Eigen::MatrixXd& K);
Tree symmetric_tree(int d, int height, int q, double lambda);

/// Sentence ↔ index: the sentence read as a number in base q, leaf 0 the most significant digit.
std::size_t sentence_index(int q, const std::vector<int>& symbols);
std::vector<int> sentence_symbols(int q, int n, std::size_t index);

/// Smallest a with ⌊i/d^a⌋ = ⌊j/d^a⌋.
int lca_height(int d, int i, int j);

/// Law of a subtree's leaves given its root: [root symbol][index of the d^height leaves].
Eigen::MatrixXd subtree_law(const Tree& tree, int height);

/// Probability of each of the q^n sentences, by index.
using Law = std::vector<double>;

Law true_law(const Tree& tree);

/// The leaves [first, last) that the window of `context` leaves or tokens shows when leaf i = last is
/// written. Stream of tokens: before leaf i > 0 with d | i stands one mark (MATH.md §5), whose only effect is
/// to take room.
int window_start(int d, int i, std::int64_t context, ContextUnit unit);
/// Leaf i from the true law conditioned on the window, by marginals of the enumerated true law; structure =
/// fixed.
Law kgram_law(const Tree& tree, std::int64_t context, ContextUnit unit = ContextUnit::leaves);
/// The same of any language of d^h leaves, given its enumerated law.
Law kgram_law(const Law& truth, int symbols, int d, int leaves, std::int64_t context, ContextUnit unit);

/// Law of the next block's root given the last one's, for blocks of height w and a drawn LCA (sampled,
/// sampled_reset).
Eigen::MatrixXd root_transition(const Tree& tree, int w, LcaLaw lca);
/// GKMSS Definition 2.2.
Law block_law(const Tree& tree, int w, BlockMemory memory, LcaLaw lca);

/// The writer with working memory (GKMSS Theorem 3.4), its memory process enumerated state by state.
/// path: the symbols of the ancestors at heights 1…m of the current leaf.
/// segment: the root symbols of the completed siblings at each level of the current height-m subtree and, if
/// m < h, of that subtree's root until it ends. A completed node's symbol is drawn given its children and the
/// rest of the memory.
Law reasoning_law(const Tree& tree, Encoding encoding, int m);

/// True law of leaf i given leaves start, start+1, … (i not among them), by belief propagation on the whole
/// tree. O(n): for trees beyond enumeration. Throws std::domain_error if the window has probability 0.
Eigen::VectorXd conditional(const Tree& tree, int start, const std::vector<int>& window, int i);

/// E s^p, p = 1…4 at [p − 1].
using Moments = std::array<double, 4>;
/// [height j]: moments of s = q·N_c − d^j, c the given symbol, averaged over the subtrees of height j.
std::vector<Moments> sum_moments(const Tree& tree, const Law& law, int symbol);

/// [height][node]: bit c is set if color c at the node extends to a proper coloring of the subtree with these
/// leaves.
std::vector<std::vector<std::uint64_t>> allowed_colors(int q, int d, const std::vector<int>& sentence);

struct ColoringRates {
  std::vector<double> valid;  ///< [height] valid subtrees among those of this height; [h] sentences
  std::vector<double>
      first_inconsistency;        ///< [height] sentences whose lowest node without allowed color lies here
  double frozen_root, free_root;  ///< root with exactly one, with two or more allowed colors
};
ColoringRates coloring_rates(const Tree& tree, const Law& law);

/// Pearson's chi-square p-value of counts by sentence index; cells that expect fewer than 5 are pooled into
/// one. 0 if a sentence of probability 0 was seen.
double chi_square_p_value(const Law& law, const std::vector<std::uint64_t>& counts);

}  // namespace leafcast::reference
