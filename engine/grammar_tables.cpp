#include "engine/grammar_tables.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/tree.h"

namespace leafcast {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr int kSymbolsOfWord = 4;

/// Fills a row of an alias table: columns of equal probability, each shared by two outcomes (Vose, IEEE TSE
/// 17, 1991).
void fill_alias_row(std::span<const double> law, std::uint32_t columns, std::uint32_t* keep,
                    std::uint32_t* alias) {
  std::vector<double> share(columns, 0.0);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t c = 0; c < columns; ++c) {
    if (c < law.size()) share[c] = law[c] * columns;
    (share[c] < 1 ? small : large).push_back(c);
    alias[c] = c;
  }
  // A column without an outcome of its own has one, even if rounding left no large one.
  const auto likeliest = static_cast<std::uint32_t>(std::ranges::max_element(law) - law.begin());
  while (!small.empty()) {
    const std::uint32_t c = small.back();
    small.pop_back();
    if (large.empty()) {
      if (share[c] == 0) alias[c] = likeliest;
      keep[c] = share[c] == 0 ? 0 : ~std::uint32_t{0};
      continue;
    }
    const std::uint32_t other = large.back();
    keep[c] = static_cast<std::uint32_t>(std::min(share[c] * 0x1p32, 0x1p32 - 1));
    alias[c] = other;
    share[other] -= 1 - share[c];
    if (share[other] < 1) {
      large.pop_back();
      small.push_back(other);
    }
  }
  for (const std::uint32_t c : large) keep[c] = ~std::uint32_t{0};
}

std::uint32_t packed(std::span<const std::uint8_t> tuple, int word) {
  std::uint32_t bits = 0;
  for (int i = 0; i < kSymbolsOfWord; ++i) {
    const auto child = static_cast<std::size_t>(word * kSymbolsOfWord + i);
    if (child < tuple.size()) bits |= std::uint32_t{tuple[child]} << (8 * i);
  }
  return bits;
}

RuleDraw make_draw(const RuleSet& set) {
  RuleDraw draw{};
  const auto parents = static_cast<std::size_t>(set.parents());
  for (std::size_t a = 0; a < parents; ++a)
    draw.columns = std::max(draw.columns, set.first[a + 1] - set.first[a]);
  draw.aliased = !set.is_uniform();
  draw.words = (set.children + kSymbolsOfWord - 1) / kSymbolsOfWord;
  draw.tuples.resize(static_cast<std::size_t>(draw.words) * parents * draw.columns);
  if (draw.aliased) {
    draw.keep.resize(parents * draw.columns);
    draw.alias.resize(draw.keep.size());
  }
  for (std::size_t a = 0; a < parents; ++a) {
    const std::size_t row = a * draw.columns, count = set.first[a + 1] - set.first[a];
    for (std::size_t r = 0; r < count; ++r)
      for (int w = 0; w < draw.words; ++w)
        draw.tuples[static_cast<std::size_t>(w) * parents * draw.columns + row + r] =
            packed(set.tuple(static_cast<int>(set.first[a] + r)), w);
    if (!draw.aliased) continue;
    fill_alias_row({set.probability.data() + set.first[a], count}, draw.columns, &draw.keep[row],
                   &draw.alias[row]);
    for (std::size_t c = row; c < row + draw.columns; ++c) draw.alias[c] += static_cast<std::uint32_t>(row);
  }
  return draw;
}

constexpr std::uint64_t kMostLowestTuples = 1 << 15;  // 128 KiB

std::optional<LowestDraw> make_lowest(const Grammar& grammar) {
  if (grammar.children() != 2 || grammar.height() < 2) return {};
  const RuleSet &low = grammar.rules(1), &high = grammar.rules(2);
  if (!low.is_uniform() || !high.is_uniform()) return {};
  const std::uint64_t m = low.first[1], ways = high.first[1] * m * m;
  if (ways * static_cast<std::uint64_t>(high.parents()) > kMostLowestTuples) return {};
  LowestDraw lowest{{static_cast<std::uint32_t>(ways), false, 1, {}, {}, {}}, {}};
  for (int a = 0; a < high.parents(); ++a)
    for (auto r = high.first[static_cast<std::size_t>(a)]; r < high.first[static_cast<std::size_t>(a) + 1];
         ++r) {
      const auto pair = high.tuple(static_cast<int>(r));
      for (std::uint64_t way = 0; way < m * m; ++way) {
        const std::uint32_t left = packed(low.tuple(static_cast<int>(low.first[pair[0]] + way / m)), 0),
                            right = packed(low.tuple(static_cast<int>(low.first[pair[1]] + way % m)), 0);
        lowest.leaves.tuples.push_back(left | right << 16);
        lowest.parents.push_back(packed(pair, 0));
      }
    }
  return lowest;
}

/// Rows of laws of one symbol.
RuleDraw make_symbol_draw(const MatrixXd& laws) {
  RuleSet set{1, {0}, {}, {}};
  for (Eigen::Index a = 0; a < laws.rows(); ++a) {
    for (Eigen::Index b = 0; b < laws.cols(); ++b) {
      set.symbols.push_back(static_cast<std::uint8_t>(b));
      set.probability.push_back(laws(a, b));
    }
    set.first.push_back(static_cast<std::uint32_t>(set.probability.size()));
  }
  return make_draw(set);
}

TupleTrie make_trie(const RuleSet& set, int symbols) {
  const std::size_t stride = static_cast<std::size_t>(symbols) + 1,
                    children = static_cast<std::size_t>(set.children);
  constexpr std::int32_t kNowhere = -1;
  TupleTrie trie;
  std::vector<std::size_t> seen;  // [state]: children that lead to it
  const auto add_state = [&](std::size_t depth) {
    const std::size_t state = trie.step.size();
    trie.step.resize(state + stride, kNowhere);
    seen.push_back(depth);
    return static_cast<std::int32_t>(state);
  };
  add_state(0);
  for (int a = 0; a < set.parents(); ++a)
    for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
         ++r) {
      std::size_t state = 0;
      const auto tuple = set.tuple(static_cast<int>(r));
      for (std::size_t i = 0; i + 1 < children; ++i) {
        const std::size_t at = state + tuple[i];
        if (trie.step[at] == kNowhere) {
          const std::int32_t next = add_state(i + 1);
          trie.step[at] = next;
        }
        state = static_cast<std::size_t>(trie.step[at]);
      }
      trie.step[state + tuple.back()] = a;
    }
  // What no rule begins with: one state for each number of children, so that the last one finds no parent.
  std::vector<std::int32_t> lost(children + 1, kUngrammatical);
  for (std::size_t i = 1; i < children; ++i) lost[i] = add_state(i);
  for (std::size_t state = 0; state < seen.size(); ++state)
    for (std::size_t c = 0; c < stride; ++c)
      if (trie.step[state * stride + c] == kNowhere) trie.step[state * stride + c] = lost[seen[state] + 1];
  return trie;
}

/// Law of the next block's root given the last one's, for one LCA of height w + j: [last][next]. Where the
/// last root cannot stand there, nothing is known of the next one.
MatrixXd next_root(const GrammarLaws& laws, int s, int w, int j, const VectorXd& lca,
                   std::span<const int> places) {
  const MatrixXd last = laws.descent(w + j - 1, w, tree_power(s, j - 1) - 1),
                 first = laws.descent(w + j - 1, w, 0);
  MatrixXd joint = MatrixXd::Zero(last.cols(), first.cols());
  for (const int p : places)
    joint +=
        last.transpose() * laws.siblings(w + j, lca, p, p + 1) * first / static_cast<double>(places.size());
  const VectorXd unknown = joint.colwise().sum() / joint.sum();
  for (Eigen::Index a = 0; a < joint.rows(); ++a) {
    const double sum = joint.row(a).sum();
    if (sum > 0)
      joint.row(a) /= sum;
    else
      joint.row(a) = unknown.transpose();
  }
  return joint;
}

LcaLaw lca_law(const Cell& cell) {
  const auto* block = std::get_if<BlockGenerator>(&cell.generator());
  return block ? block->lca : LcaLaw::sampled;
}

std::vector<MatrixXd> block_laws(const Cell& cell, const GrammarLaws& laws, int w) {
  const Language& language = cell.language();
  const int s = language.d, levels = language.height - w;
  std::vector<MatrixXd> across;
  if (levels == 0) return across;
  if (lca_law(cell) == LcaLaw::fixed) {
    for (std::int64_t b = 1, last = tree_power(s, levels); b < last; ++b) {
      int j = 1;
      std::int64_t node = b;
      for (; node % s == 0; node /= s) ++j;
      const int place = static_cast<int>(node % s) - 1;
      across.push_back(next_root(laws, s, w, j, laws.law(w + j, node / s), {&place, 1}));
    }
    return across;
  }
  std::vector<int> places(static_cast<std::size_t>(s) - 1);
  for (int p = 0; p + 1 < s; ++p) places[static_cast<std::size_t>(p)] = p;
  MatrixXd mix = MatrixXd::Zero(language.symbols(), language.symbols());
  double left = 1;  // probability of an LCA above j: s^{-j}
  for (int j = 1; j <= levels; ++j) {
    mix += (left - left / s) * next_root(laws, s, w, j, laws.mean_law(w + j), places);
    left /= s;
  }
  if (lca_law(cell) == LcaLaw::sampled_reset)
    mix += left * VectorXd::Ones(mix.rows()) * laws.mean_law(w).transpose();
  else
    mix /= 1 - left;
  across.push_back(mix);
  return across;
}

}  // namespace

int grammar_block_height(const Cell& cell) {
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator())) return block->context_depth;
  if (const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator())) return writer->memory_depth;
  return cell.language().height;
}

std::int64_t own_boundaries(const Language& language, int block_height) {
  return tree_power(language.d, language.height - block_height) - 1;
}

std::uint64_t grammar_memory_bits(const Cell& cell) {
  const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator());
  if (!writer) return 0;
  const auto bits = [](int values) {
    return static_cast<std::uint64_t>(std::bit_width(static_cast<unsigned>(values - 1)));
  };
  const Language& language = cell.language();
  const auto m = static_cast<std::uint64_t>(writer->memory_depth);
  // The most are pending when the first leaf of a block has been written; a block's root is kept for the next
  // block's.
  const std::uint64_t pending = m * static_cast<std::uint64_t>(language.d - 1);
  const std::uint64_t root = writer->memory_depth < language.height ? 1 : 0;
  return (pending + root) * bits(language.symbols()) + m * bits(language.d);
}

GrammarTables::GrammarTables(const Cell& c)
    : cell(c),
      q(c.language().symbols()),
      d(c.language().d),
      height(c.language().height),
      leaves(c.language().leaves()),
      laws(cell.language().grammar()),
      block_height(grammar_block_height(c)) {
  const Grammar& grammar = cell.language().grammar();
  for (int j = 1; j <= height; ++j) {
    draws.push_back(make_draw(grammar.rules(j)));
    tries.push_back(make_trie(grammar.rules(j), q));
  }
  if (block_height >= 2) lowest = make_lowest(grammar);
  first_root = make_symbol_draw(laws.law(block_height, 0).transpose());
  for (const MatrixXd& law : block_laws(cell, laws, block_height)) across.push_back(make_symbol_draw(law));
  const bool bounded = std::holds_alternative<KgramGenerator>(cell.generator());
  if (bounded || cell.observe().entropy) beliefs.emplace(grammar, bounded);
}

}  // namespace leafcast
