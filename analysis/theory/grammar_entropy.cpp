#include "analysis/theory/grammar_entropy.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "engine/kernels/tables/rule_index.h"
#include "engine/language/tree.h"

namespace leafcast::analysis {

namespace {

using ExactRuleIndex = BasicRuleIndex<double>;

/// Vectors by symbol, their entries above 0 only, that many contexts leave: proportional ones are one, and
/// their sizes add up. What is asked of them is homogeneous, so nothing is lost.
class Messages {
 public:
  using Sparse = std::vector<std::pair<std::uint8_t, double>>;  // ascending symbols, summing to 1

  void add(const Sparse& weights) {
    double size = 0;
    for (const auto& [symbol, weight] : weights) size += weight;
    if (!(size > 0)) return;
    Key key;
    Sparse law;
    for (const auto& [symbol, weight] : weights) {
      if (!(weight > 0)) continue;
      key.push_back(std::int64_t{symbol} << 48 | std::llround(weight / size * kResolution));
      law.emplace_back(symbol, weight / size);
    }
    const auto [entry, is_new] = entries_.try_emplace(std::move(key), Entry{std::move(law), 0});
    entry->second.size += size;
  }
  std::size_t count() const { return entries_.size(); }
  template <class Use>
  void each(Use use) const {
    for (const auto& [key, entry] : entries_) use(entry.law, entry.size);
  }

 private:
  static constexpr double kResolution = 0x1p43;
  using Key = std::vector<std::int64_t>;
  struct Entry {
    Sparse law;
    double size;
  };
  std::map<Key, Entry> entries_;
};

/// Sums over rules, group by group, for messages on one child.
class Propagation {
 public:
  Propagation(const Grammar& grammar, double most_steps) : grammar_(grammar), left_(most_steps) {}

  bool exhausted() const { return left_ < 0; }

  /// out(target) = Σ parent(a) p_r [group]: `above` are messages of the parent.
  Messages descend(int height, int target, const Messages& above) {
    const auto index = make_rule_index<double>(grammar_.rules(height), -1, target);
    Messages below;
    above.each([&](const Messages::Sparse& law, double size) {
      const std::vector<double> dense = spread(law, size);
      each_group(
          index,
          [&](const auto& entry) { return std::pair(entry.target, entry.weight * dense[entry.parent]); },
          below);
    });
    return below;
  }
  /// out(parent) = Σ p_r μ(r_p) [group].
  Messages climb(int height, int place, const Messages& child) {
    const auto index = make_rule_index<double>(grammar_.rules(height), place, grammar_.children());
    Messages above;
    child.each([&](const Messages::Sparse& law, double size) {
      const std::vector<double> dense = spread(law, size);
      each_group(
          index, [&](const auto& entry) { return std::pair(entry.parent, entry.weight * dense[entry.soft]); },
          above);
    });
    return above;
  }
  Messages join(int height, int place, int target, const Messages& left, const Eigen::VectorXd& prior) {
    const auto index = make_rule_index<double>(grammar_.rules(height), place, target);
    Messages below;
    left.each([&](const Messages::Sparse& law, double size) {
      const std::vector<double> dense = spread(law, size);
      each_group(
          index,
          [&](const auto& entry) {
            return std::pair(entry.target, entry.weight * dense[entry.soft] * prior[entry.parent]);
          },
          below);
    });
    return below;
  }

 private:
  static std::vector<double> spread(const Messages::Sparse& law, double size) {
    std::vector<double> dense(kMaxGrammarSymbols);
    for (const auto& [symbol, weight] : law) dense[symbol] = weight * size;
    return dense;
  }
  template <class Term>
  void each_group(const ExactRuleIndex& index, Term term, Messages& into) {
    left_ -= static_cast<double>(index.entries.size());
    if (exhausted()) return;
    for (std::size_t g = 0; g < index.groups(); ++g) {
      for (auto e = index.first[g]; e < index.first[g + 1]; ++e) {
        const auto [symbol, weight] = term(index.entries[e]);
        if (!(weight > 0)) continue;
        if (sums_[symbol] == 0) touched_.push_back(symbol);
        sums_[symbol] += weight;
      }
      if (touched_.empty()) continue;
      std::ranges::sort(touched_);
      Messages::Sparse sparse;
      for (const std::uint8_t symbol : touched_) {
        sparse.emplace_back(symbol, sums_[symbol]);
        sums_[symbol] = 0;
      }
      touched_.clear();
      into.add(sparse);
    }
  }

  const Grammar& grammar_;
  double left_;
  std::vector<double> sums_ = std::vector<double>(kMaxGrammarSymbols);
  std::vector<std::uint8_t> touched_;
};

Messages single(const Eigen::VectorXd& law) {
  Messages messages;
  Messages::Sparse sparse;
  for (Eigen::Index c = 0; c < law.size(); ++c)
    if (law[c] > 0) sparse.emplace_back(static_cast<std::uint8_t>(c), law[c]);
  messages.add(sparse);
  return messages;
}

NextLeaf measure(const Messages& laws) {
  NextLeaf next{0, 0, 0, laws.count()};
  laws.each([&](const Messages::Sparse& law, double size) {
    for (const auto& [symbol, p] : law) next.entropy -= size * p * std::log(p);
    const auto compatible = static_cast<double>(law.size());
    next.mean_log_compatible += size * std::log(compatible);
    next.mean_compatible += size * compatible;
  });
  return next;
}

}  // namespace

std::optional<NextLeaf> next_leaf(const Grammar& grammar, const GrammarLaws& laws, std::int64_t leaf,
                                  std::int64_t context, double most_steps) {
  const int s = grammar.children(), top = grammar.height();
  const std::int64_t left = std::max<std::int64_t>(0, leaf - context);
  const auto ancestor = [&](std::int64_t of, int height) { return of / tree_power(s, height); };
  const auto place = [&](std::int64_t of, int height) {
    return static_cast<int>(ancestor(of, height - 1) % s);
  };
  if (left == leaf) return measure(single(laws.law(0, leaf)));
  Propagation go(grammar, most_steps);
  Messages down;
  int height = top;
  if (left == 0) {
    down = single(grammar.root());
  } else {
    while (height > 1 && ancestor(left, height - 1) == ancestor(leaf, height - 1)) --height;
    int j = 0;  // the largest subtree that begins at the window's edge: its leaves tell its symbol
    while (j + 1 < height && place(left, j + 1) == 0) ++j;
    Messages up;
    for (int c = 0; c < grammar.symbols(); ++c) up.add({{static_cast<std::uint8_t>(c), 1.0}});
    for (++j; j < height && !go.exhausted(); ++j) up = go.climb(j, place(left, j), up);
    down = go.join(height, place(left, height), place(leaf, height), up,
                   laws.law(height, ancestor(leaf, height)));
    --height;
  }
  for (int j = height; j >= 1 && !go.exhausted(); --j) down = go.descend(j, place(leaf, j), down);
  if (go.exhausted()) return std::nullopt;
  return measure(down);
}

std::vector<NextLeaf> last_leaf_by_level(const Grammar& grammar, const GrammarLaws& laws) {
  std::vector<NextLeaf> levels;
  const std::int64_t last = tree_power(grammar.children(), grammar.height()) - 1;
  for (int j = 0; j <= grammar.height(); ++j) {
    const auto leaf = next_leaf(grammar, laws, last, tree_power(grammar.children(), j) - 1);
    if (!leaf) break;  // further levels have more contexts still
    levels.push_back(*leaf);
  }
  return levels;
}

double sentence_entropy(const Grammar& grammar) {
  const auto information = [](double p) { return p > 0 ? -p * std::log(p) : 0; };
  double entropy = 0;
  for (const double p : grammar.root()) entropy += information(p);
  for (int j = 1; j <= grammar.height(); ++j) {
    const RuleSet& set = grammar.rules(j);
    const double nodes = std::pow(grammar.children(), grammar.height() - j);
    for (int a = 0; a < set.parents(); ++a) {
      double rules = 0;
      for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
           ++r)
        rules += information(set.probability[r]);
      entropy += nodes * grammar.mean_law(j)[a] * rules;
    }
  }
  return entropy;
}

double annealed_compatible(int symbols, int rules, int children, int level) {
  const double v = symbols, m = rules, tuples = std::pow(v, children);
  const double rest = tuples - 1 - m * (v - 1);
  return 1 + (v - 1) * (tuples - m * v) / rest * std::pow(m * (v - 1) / (tuples - 1), level) +
         (v - 1) * (m - 1) / rest;
}

}  // namespace leafcast::analysis
