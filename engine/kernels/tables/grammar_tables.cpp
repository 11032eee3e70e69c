#include "engine/kernels/tables/grammar_tables.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/language/tree.h"

namespace leafcast {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr int kSymbolsOfWord = 4;

/// A row of an alias table, RuleDraw::choice: columns of equal probability, each shared by two outcomes
/// (Vose, IEEE TSE 17, 1991).
std::vector<std::uint32_t> alias_row(std::span<const double> law, std::uint32_t columns) {
  std::vector<double> share(columns, 0.0);
  std::vector<std::uint32_t> small, large, alias(columns);
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
      continue;
    }
    const std::uint32_t other = large.back();
    alias[c] = other;
    share[other] -= 1 - share[c];
    if (share[other] < 1) {
      large.pop_back();
      small.push_back(other);
    }
  }
  const std::uint32_t mask = alias_mask(columns);
  for (std::uint32_t c = 0; c < columns; ++c) {
    // A column that is its own alias needs no threshold.
    const double kept = alias[c] == c ? 0 : std::round(share[c] * 0x1p32 / (mask + 1.0)) * (mask + 1.0);
    alias[c] |= static_cast<std::uint32_t>(std::min(kept, 0x1p32 - 1)) & ~mask;
  }
  return alias;
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
  for (std::size_t a = 0; a < parents; ++a) {
    const std::size_t row = a * draw.columns, count = set.first[a + 1] - set.first[a];
    for (std::size_t r = 0; r < count; ++r)
      for (int w = 0; w < draw.words; ++w)
        draw.tuples[static_cast<std::size_t>(w) * parents * draw.columns + row + r] =
            packed(set.tuple(static_cast<int>(set.first[a] + r)), w);
    if (draw.aliased)
      std::ranges::copy(alias_row({set.probability.data() + set.first[a], count}, draw.columns),
                        std::back_inserter(draw.choice));
  }
  return draw;
}

/// All ways in which a symbol comes to its four grandchildren, which are followed by the two children.
RuleSet two_levels(const RuleSet& high, const RuleSet& low) {
  RuleSet set{6, {0}, {}, {}};
  for (int a = 0; a < high.parents(); ++a) {
    for (auto r = high.first[static_cast<std::size_t>(a)]; r < high.first[static_cast<std::size_t>(a) + 1];
         ++r) {
      const auto pair = high.tuple(static_cast<int>(r));
      for (auto left = low.first[pair[0]]; left < low.first[pair[0] + 1u]; ++left)
        for (auto right = low.first[pair[1]]; right < low.first[pair[1] + 1u]; ++right) {
          for (const auto part :
               {low.tuple(static_cast<int>(left)), low.tuple(static_cast<int>(right)), pair})
            std::ranges::copy(part, std::back_inserter(set.symbols));
          set.probability.push_back(high.probability[r] * low.probability[left] * low.probability[right]);
        }
    }
    set.first.push_back(static_cast<std::uint32_t>(set.probability.size()));
  }
  return set;
}

constexpr std::uint64_t kMostEntries = 1 << 16;  // 256 KiB a table

bool worth_two_levels(const RuleSet& high, const RuleSet& low) {
  if (high.children != 2) return false;
  const auto most_rules = [](const RuleSet& set) {
    std::uint64_t most = 0;
    for (std::size_t a = 0; a + 1 < set.first.size(); ++a)
      most = std::max<std::uint64_t>(most, set.first[a + 1] - set.first[a]);
    return most;
  };
  const std::uint64_t m = most_rules(low);
  return most_rules(high) * m * m * static_cast<std::uint64_t>(high.parents()) <= kMostEntries;
}

std::vector<Expansion> make_expansions(const Grammar& grammar, int height) {
  std::vector<Expansion> expansions;
  for (int to = 0, from; to < height; to = from) {
    const RuleSet& low = grammar.rules(to + 1);
    const bool two = to + 2 <= height && worth_two_levels(grammar.rules(to + 2), low);
    from = to + (two ? 2 : 1);
    expansions.push_back({from, to, make_draw(two ? two_levels(grammar.rules(from), low) : low)});
  }
  return expansions;
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

std::vector<MatrixXd> block_laws(const Cell& cell, const GrammarLaws& laws, int w) {
  const Language& language = cell.language();
  const int s = language.d, levels = language.height - w;
  std::vector<MatrixXd> across;
  if (levels == 0) return across;
  if (cell.traits().blocks.lca == LcaLaw::fixed) {
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
    mix += (left - left / s) * next_root(laws, s, w, j, language.grammar().mean_law(w + j), places);
    left /= s;
  }
  if (cell.traits().blocks.lca == LcaLaw::sampled_reset)
    mix += left * VectorXd::Ones(mix.rows()) * language.grammar().mean_law(w).transpose();
  else
    mix /= 1 - left;
  across.push_back(mix);
  return across;
}

}  // namespace

std::uint64_t grammar_memory_bits(const Cell& cell) {
  const GeneratorTraits traits = cell.traits();
  if (!traits.counts_memory) return 0;
  const auto bits = [](int values) {
    return static_cast<std::uint64_t>(std::bit_width(static_cast<unsigned>(values - 1)));
  };
  const Language& language = cell.language();
  const auto m = static_cast<std::uint64_t>(traits.blocks.height);
  // The most are pending when the first leaf of a block has been written; a block's root is kept for the next
  // block's.
  const std::uint64_t pending = m * static_cast<std::uint64_t>(language.d - 1);
  const std::uint64_t root = traits.blocks.height < language.height ? 1 : 0;
  return (pending + root) * bits(language.symbols()) + m * bits(language.d);
}

GrammarTables::GrammarTables(const Cell& c)
    : cell(c),
      q(c.language().symbols()),
      d(c.language().d),
      height(c.language().height),
      leaves(c.language().leaves()),
      laws(cell.language().grammar()),
      block_height(c.traits().blocks.height) {
  const Grammar& grammar = cell.language().grammar();
  for (int j = 1; j <= height; ++j) tries.push_back(make_trie(grammar.rules(j), q));
  expansions = make_expansions(grammar, block_height);
  first_root = make_symbol_draw(laws.law(block_height, 0).transpose());
  for (const MatrixXd& law : block_laws(cell, laws, block_height)) across.push_back(make_symbol_draw(law));
  const bool bounded = std::holds_alternative<KgramGenerator>(cell.generator());
  if (bounded || cell.observe().entropy) beliefs.emplace(grammar, bounded);
}

}  // namespace leafcast
