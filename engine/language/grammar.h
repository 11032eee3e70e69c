#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leafcast {

/// Numbers that symbols of a grammar may have are below this: a symbol is a byte.
inline constexpr int kMaxGrammarSymbols = 256;

/// The rules by which the nodes of one height write the tuple of their children. Every tuple is written by
/// one parent at most, so that sentences are parsed from the leaves up without ambiguity.
struct RuleSet {
  int children;                       ///< s, symbols of a tuple
  std::vector<std::uint32_t> first;   ///< [parent 0…parents]: its rules are first[a] … first[a + 1] − 1
  std::vector<std::uint8_t> symbols;  ///< [rule][child]
  std::vector<double> probability;    ///< [rule], given the parent; sums to 1 for each

  int parents() const { return static_cast<int>(first.size()) - 1; }
  int rules() const { return static_cast<int>(probability.size()); }
  std::span<const std::uint8_t> tuple(int rule) const {
    return {symbols.data() + static_cast<std::size_t>(rule) * children, static_cast<std::size_t>(children)};
  }
  /// Whether all parents have equally many rules, all equally probable.
  bool is_uniform() const;
};

/// An unambiguous context-free grammar of fixed geometry: L levels of rules that write s symbols each, the
/// same number v of symbols at every level but the root's, which has its own (MATH.md §8, §11). Heights count
/// from the leaves: rules(1) write the leaves' tuples, rules(L) are the root's.
class Grammar {
 public:
  /// A grammar of the Random Hierarchy Model (Cagnetta et al., arXiv 2307.02129). At every level as many
  /// distinct tuples as there are rules are drawn without replacement, uniformly, and cut into groups of m,
  /// one for each parent. Levels are independent, and a level's rules depend on its height, v, m, s, its
  /// number of parents and the seed alone: grammars that differ in L share their lower levels.
  struct Random {
    int symbols;   ///< v
    int rules;     ///< m, of a parent
    int children;  ///< s
    int height;    ///< L
    int classes;   ///< symbols that the root may have, each as likely
    std::uint64_t seed;
    double zipf_exponent = 0;  ///< a: at zipf_level the r-th rule of every parent has p_r ∝ r^−(1+a)
    int zipf_level = 0;        ///< a height 1…L; 0: all rules are equiprobable
  };
  /// Throws UsageError: m > v^{s−1} (or the classes' rules do not fit), too many rules to hold.
  static Grammar random(const Random& wanted);

  /// Reads text(), or what people write alike: keywords `symbols`, `children`, `height`, `classes` (as
  /// symbols unless said), `root` (uniform unless said), then for every height "level J" and its rules, "0 ->
  /// 4 7 : 0.25" a line; a parent whose rules have no probabilities has equiprobable ones. Lines may be
  /// joined by ";", and what follows "#" is a remark. Throws UsageError with the place: an ambiguous grammar
  /// (the tuple and its two parents are named), a symbol without rules, probabilities that do not sum to 1
  /// within 1e-9 (they are then renormalised) …
  static Grammar from_text(std::string_view text);
  /// In full, every probability with the digits that give it back exactly.
  std::string text() const;
  /// The same in one line.
  std::string line() const;
  /// Reads what line() wrote, to the bit: probabilities whose sum is 1 but for rounding are taken as they stand.
  static Grammar from_line(std::string_view line);

  int symbols() const { return symbols_; }
  int children() const { return children_; }
  int height() const { return static_cast<int>(rules_.size()); }
  int classes() const { return static_cast<int>(root_.size()); }
  const Eigen::VectorXd& root() const { return root_; }  ///< law of the root's symbol
  const RuleSet& rules(int height) const { return rules_[static_cast<std::size_t>(height) - 1]; }
  /// Of the children of nodes of this height: v.
  int parents(int height) const { return rules(height).parents(); }
  /// m, if every symbol of every level has as many rules; 0 otherwise.
  int rules_of_symbol() const;
  /// Whether moreover all of them are equally probable: the grammars that most exact averages speak of.
  bool is_uniform() const;
  /// The law of a node's symbol, averaged over the nodes of its height 0 … L.
  const Eigen::VectorXd& mean_law(int height) const { return mean_law_[static_cast<std::size_t>(height)]; }

 private:
  static Grammar read(std::string_view text, bool is_line);
  Grammar(int symbols, int children, Eigen::VectorXd root, std::vector<RuleSet> rules);
  int symbols_ = 0, children_ = 0;
  Eigen::VectorXd root_;
  std::vector<RuleSet> rules_;             // [height − 1]
  std::vector<Eigen::VectorXd> mean_law_;  // [height]
};

/// m distinct tuples of each of `parents` symbols must be found among v^s: the greatest m.
std::uint64_t most_rules(int symbols, int children, int parents);

}  // namespace leafcast
