#include "analysis/theory/block_chain.h"

#include <cmath>
#include <cstdint>
#include <variant>

#include "engine/language/tree.h"
#include "engine/sequences/vocabulary.h"

namespace leafcast::analysis {

namespace {

using Memory = BlockChain::Memory;

/// Tokens from a subtree's first leaf up to its last leaf, this one not counted (MATH.md §5): d^j − 1 leaves
/// and d^{j−1} − 1 marks.
std::int64_t window_of_subtree(int d, int j, ContextUnit unit) {
  const std::int64_t leaves = tree_power(d, j) - 1;
  return unit == ContextUnit::leaves || j == 0 ? leaves : leaves + tree_power(d, j - 1) - 1;
}

Theory theory(const Language& language, const TrueGenerator&) { return {language.height, {}}; }

/// Each leaf is drawn from its true law given the window, so window and leaf together have their true joint
/// law, and so has every subtree that the window of its last leaf covers. If the window never shows more than
/// the leaf before, the sentence is a chain of blocks w = 0.
Theory theory(const Language& language, const KgramGenerator& kgram) {
  const std::int64_t k = kgram.context;
  const int d = language.d, h = language.height;
  int covered = h;
  while (covered > 0 && window_of_subtree(d, covered, kgram.unit) > k) --covered;
  // A writer of its own structure knows where it stands if it sees all marks, or the begin mark where there
  // are none.
  const bool own_structure = kgram.structure == Structure::sampled;
  const bool sees_position = !own_structure || h > 1 || k >= sentence_tokens(d, h);
  if (covered == h && sees_position) return {h, {}};
  if (own_structure) return {-1, {}};

  BlockChain chain{0, Memory::root, LcaLaw::fixed};
  if (k == 0) {
    chain.fresh_from = 1;
    return {covered, chain};
  }
  if (kgram.unit == ContextUnit::tokens) {
    if (k == 1) chain.fresh_from = 2;  // a mark hides the leaf before it
    if (k == 1 || (k == 2 && d == 2)) return {covered, chain};
    return {covered, {}};
  }
  if (k == 1) return {covered, chain};
  return {covered, {}};
}

Theory theory(const Language& language, const BlockGenerator& block) {
  const int w = block.context_depth;
  if (w == language.height) return {w, {}};
  return {w, BlockChain{w, block.memory == BlockMemory::root ? Memory::root : Memory::leaves, block.lca}};
}

Theory theory(const Language&, const LearnerGenerator&) { return {-1, {}}; }

Theory theory(const Language& language, const ReasoningGenerator& reasoning) {
  const int m = reasoning.memory_depth;
  if (m == language.height) return {m, {}};
  return {m, BlockChain{m, reasoning.encoding == Encoding::path ? Memory::root : Memory::children,
                        LcaLaw::sampled}};
}

}  // namespace

Theory theory_of(const Cell& cell) {
  return std::visit([&](const auto& generator) { return theory(cell.language(), generator); },
                    cell.generator());
}

Joint joint_at(const BlockChain& chain, int d, int B, int level) {
  Joint joint{std::vector<double>(static_cast<std::size_t>(B) + 1, 0.0)};
  if (chain.lca == LcaLaw::fixed) {
    (level < chain.fresh_from ? joint.of_level[static_cast<std::size_t>(level)] : joint.fresh) = 1;
    return joint;
  }
  // GKMSS Definition 2.2: P(j) = (d−1) d^{B−j} / (d^B − 1). With reset: P(j) = (d−1)/d^j, and d^{−B} for a
  // fresh root.
  const bool reset = chain.lca == LcaLaw::sampled_reset;
  const double beyond = std::pow(d, -B);
  for (int j = 1; j <= B; ++j)
    joint.of_level[static_cast<std::size_t>(j)] = (d - 1) * std::pow(d, -j) / (reset ? 1 : 1 - beyond);
  if (reset) joint.fresh = beyond;
  return joint;
}

}  // namespace leafcast::analysis
