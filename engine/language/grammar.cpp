#include "engine/language/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <unordered_set>

#include "engine/error.h"
#include "engine/int128.h"
#include "engine/printable.h"
#include "engine/streams/scalar_stream.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::uint64_t kMostRules = std::uint64_t{1} << 24;  // of all levels together
constexpr double kSumTolerance = 1e-9;
constexpr std::uint64_t kGrammarStreams = 0x6772616d6d6172;  // in place of a cell's id: "grammar"

/// v^s, or the greatest number if that is less.
std::uint64_t tuples(int symbols, int children) {
  std::uint64_t count = 1;
  for (int i = 0; i < children; ++i) {
    if (count > ~std::uint64_t{0} / static_cast<std::uint64_t>(symbols)) return ~std::uint64_t{0};
    count *= static_cast<std::uint64_t>(symbols);
  }
  return count;
}

/// Uniform in 0 … limit − 1, without bias (Lemire, ACM TOMACS 29, 2019).
std::uint64_t below(ScalarStream& stream, std::uint64_t limit) {
  UInt128 product = static_cast<UInt128>(stream.bits()) * limit;
  for (const std::uint64_t threshold = -limit % limit; static_cast<std::uint64_t>(product) < threshold;)
    product = static_cast<UInt128>(stream.bits()) * limit;
  return static_cast<std::uint64_t>(product >> 64);
}

/// Distinct tuples in random order, one symbol a byte.
std::vector<std::uint8_t> draw_tuples(ScalarStream& stream, std::size_t count, int symbols, int children) {
  std::unordered_set<std::string> seen;
  seen.reserve(count);
  std::vector<std::uint8_t> list;
  list.reserve(count * static_cast<std::size_t>(children));
  std::string tuple(static_cast<std::size_t>(children), '\0');
  while (seen.size() < count) {
    for (char& symbol : tuple) symbol = static_cast<char>(below(stream, static_cast<std::uint64_t>(symbols)));
    if (seen.insert(tuple).second) list.insert(list.end(), tuple.begin(), tuple.end());
  }
  return list;
}

/// p_r ∝ r^−(1+a), r = 1 … m.
std::vector<double> zipf_law(int rules, double exponent) {
  std::vector<double> law;
  for (int r = 1; r <= rules; ++r) law.push_back(std::pow(r, -(1 + exponent)));
  const double sum = std::accumulate(law.rbegin(), law.rend(), 0.0);
  for (double& p : law) p /= sum;
  return law;
}

std::string tuple_text(std::span<const std::uint8_t> tuple) {
  std::string text = "(";
  for (const std::uint8_t symbol : tuple) text += (text.size() > 1 ? ", " : "") + std::to_string(symbol);
  return text + ")";
}

// ---- reading

/// One level in the making.
struct ReadRule {
  int parent;
  std::vector<std::uint8_t> tuple;
  std::optional<double> probability;
  std::string where;
};

class GrammarReader {
 public:
  /// A line is one of Grammar::line(), rather than people's.
  GrammarReader(std::string_view text, bool is_line) : text_(text), is_line_(is_line) {}

  struct Parts {
    int symbols, children;
    std::vector<double> root;
    std::vector<RuleSet> rules;
  };

  Parts read() {
    each_line([&](const std::string& line) { read_line(line); });
    if (!symbols_ || !children_ || !height_)
      fail("it is no grammar: it says \"symbols V\", \"children S\" and \"height L\" before its rules");
    Parts parts{*symbols_, *children_, root(), {}};
    for (int j = 1; j <= *height_; ++j) parts.rules.push_back(make_rules(j));
    return parts;
  }

 private:
  template <class Use>
  void each_line(Use use) {
    std::size_t begin = 0;
    for (number_ = 1; begin < text_.size(); ++number_) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      std::string_view line = text_.substr(begin, end - begin);
      line = line.substr(0, line.find('#'));
      for (std::size_t at = 0; at <= line.size();) {
        const std::size_t stop = std::min(line.find(';', at), line.size());
        use(std::string(line.substr(at, stop - at)));
        at = stop + 1;
      }
      begin = end + 1;
    }
  }

  [[noreturn]] void fail(const std::string& reason) const { throw UsageError(reason); }
  [[noreturn]] void fail_here(const std::string& reason) const {
    throw UsageError(fmt::format("line {}: {}", number_, reason));
  }
  std::string where() const { return fmt::format("line {}", number_); }

  void read_line(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word)) return;
    if (const auto rule = parse_whole(word)) return read_rule(static_cast<std::uint64_t>(*rule), words);
    if (word == "symbols") return read_once(symbols_, words, word, 2, kMaxGrammarSymbols);
    if (word == "children") return read_once(children_, words, word, 2, 1 << 10);
    if (word == "height") return read_once(height_, words, word, 1, 62);
    if (word == "classes") return read_once(classes_, words, word, 1, kMaxGrammarSymbols);
    if (word == "level") return read_level(words);
    if (word == "root") return read_root(words);
    fail_here(
        fmt::format("\"{}\" is no keyword: a grammar has symbols, children, height, classes, root, level, "
                    "and rules such as 0 -> 4 7 : 0.25",
                    shortened(word)));
  }

  void read_once(std::optional<int>& value, std::istringstream& words, const std::string& name, int least,
                 int most) {
    if (value) fail_here(fmt::format("{} is said twice", name));
    std::string word, rest;
    words >> word;
    const auto number = parse_whole(word);
    if (!number || static_cast<std::uint64_t>(least) > *number ||
        *number > static_cast<std::uint64_t>(most) || words >> rest)
      fail_here(fmt::format("{} is a whole number from {} to {}", name, least, most));
    value = static_cast<int>(*number);
  }

  void read_level(std::istringstream& words) {
    require_shape();
    std::string word, rest;
    words >> word;
    const auto number = parse_whole(word);
    if (!number || *number < 1 || *number > static_cast<std::uint64_t>(*height_) || words >> rest)
      fail_here(
          fmt::format("levels are numbered by the height of the nodes that rules expand, 1 to {}", *height_));
    level_ = static_cast<int>(*number);
    if (!read_[static_cast<std::size_t>(level_) - 1].empty())
      fail_here(fmt::format("level {} is said twice", level_));
  }

  void read_root(std::istringstream& words) {
    require_shape();
    if (!root_.empty()) fail_here("root is said twice");
    for (std::string word; words >> word;) {
      const auto p = parse_real(word);
      if (!p || !(*p >= 0 && *p <= 1))
        fail_here(fmt::format("\"{}\" is no probability of the root's symbol", shortened(word)));
      root_.push_back(*p);
    }
    if (root_.size() != static_cast<std::size_t>(parents(*height_)))
      fail_here(fmt::format("the root has {} symbols and {} probabilities: give one for each",
                            parents(*height_), root_.size()));
    normalise(root_, "the root's symbols");
  }

  void read_rule(std::uint64_t parent, std::istringstream& words) {
    require_shape();
    if (level_ == 0) fail_here("a rule stands below the level that it is of: write \"level J\" first");
    if (parent >= static_cast<std::uint64_t>(parents(level_)))
      fail_here(fmt::format("symbols of height {} are numbered 0 to {}", level_, parents(level_) - 1));
    std::string word;
    if (!(words >> word) || word != "->")
      fail_here("a rule reads PARENT -> its children's symbols, as 0 -> 4 7");
    ReadRule rule{static_cast<int>(parent), {}, {}, where()};
    while (words >> word && word != ":") {
      const auto symbol = parse_whole(word);
      if (!symbol || *symbol >= static_cast<std::uint64_t>(*symbols_))
        fail_here(
            fmt::format("\"{}\" is no symbol: symbols are numbered 0 to {}", shortened(word), *symbols_ - 1));
      rule.tuple.push_back(static_cast<std::uint8_t>(*symbol));
    }
    if (rule.tuple.size() != static_cast<std::size_t>(*children_))
      fail_here(fmt::format("a rule writes {} symbols, this one {}", *children_, rule.tuple.size()));
    if (word == ":") {
      std::string rest;
      const auto p = words >> word ? parse_real(word) : std::nullopt;
      if (!p || !(*p > 0 && *p <= 1) || words >> rest)
        fail_here("a rule's probability is above 0 and at most 1; leave out rules that are never used");
      rule.probability = *p;
    }
    if (++rules_ > kMostRules) fail_here(fmt::format("a grammar has at most {} rules", kMostRules));
    read_[static_cast<std::size_t>(level_) - 1].push_back(std::move(rule));
  }

  void require_shape() {
    if (!symbols_ || !children_ || !height_) fail_here("say symbols, children and height first");
    read_.resize(static_cast<std::size_t>(*height_));
  }
  int parents(int height) const { return height == *height_ ? classes_.value_or(*symbols_) : *symbols_; }

  static double sum(const std::vector<double>& law) { return std::accumulate(law.begin(), law.end(), 0.0); }

  /// Renormalises what people have rounded. Decimals sum to 1 but for a last bit that division may not mend (0.7, 0.2
  /// and 0.1 never do): they are left as they stand then, so that what was read once is the same when it is read again.
  void normalise(std::vector<double>& law, const std::string& of) const {
    const double all = sum(law), rounding = 0x1p-52 * static_cast<double>(law.size());
    if (std::abs(all - 1) > kSumTolerance)
      throw UsageError(
          fmt::format("the probabilities of {} sum to {:.10g}: they must sum to 1; correct them, or leave "
                      "all of them out for "
                      "equal ones",
                      of, all));
    const bool is_rounded = std::abs(all - 1) <= rounding;
    if (all == 1 || (is_rounded && is_line_)) return;
    std::vector<double> scaled = law;
    for (double& p : scaled) p /= all;
    if (sum(scaled) == 1) {
      law = std::move(scaled);
    } else if (!is_rounded) {
      law = std::move(scaled);
      normalise(law, of);
    }
  }

  std::vector<double> root() const {
    if (!root_.empty()) return root_;
    const auto classes = static_cast<std::size_t>(parents(*height_));
    return std::vector<double>(classes, 1.0 / static_cast<double>(classes));
  }

  RuleSet make_rules(int height) {
    static const std::vector<ReadRule> none;
    const std::vector<ReadRule>& list = read_.empty() ? none : read_[static_cast<std::size_t>(height) - 1];
    std::map<std::string, const ReadRule*> writers;  // by tuple, a byte a symbol
    std::vector<std::vector<const ReadRule*>> by_parent(static_cast<std::size_t>(parents(height)));
    for (const ReadRule& rule : list) {
      const auto [other, is_new] = writers.try_emplace({rule.tuple.begin(), rule.tuple.end()}, &rule);
      if (!is_new)
        fail(fmt::format(
            "{}: the grammar is ambiguous: at level {} the tuple {} is written by {} and, on {}, by {}; a "
            "tuple has one parent",
            rule.where, height, tuple_text(rule.tuple), rule.parent, other->second->where,
            other->second->parent));
      by_parent[static_cast<std::size_t>(rule.parent)].push_back(&rule);
    }
    RuleSet set{*children_, {0}, {}, {}};
    for (std::size_t a = 0; a < by_parent.size(); ++a) {
      if (by_parent[a].empty())
        fail(fmt::format(
            "the grammar is incomplete: symbol {} has no rule at level {}; every symbol of a level has "
            "rules",
            a, height));
      std::vector<double> law;
      for (const ReadRule* rule : by_parent[a]) {
        set.symbols.insert(set.symbols.end(), rule->tuple.begin(), rule->tuple.end());
        if (rule->probability) law.push_back(*rule->probability);
      }
      if (!law.empty() && law.size() != by_parent[a].size())
        fail(fmt::format(
            "level {}: some rules of symbol {} have a probability and some have none; give all of them or "
            "none",
            height, a));
      if (law.empty()) law.assign(by_parent[a].size(), 1.0 / static_cast<double>(by_parent[a].size()));
      normalise(law, fmt::format("symbol {}'s rules at level {}", a, height));
      set.probability.insert(set.probability.end(), law.begin(), law.end());
      set.first.push_back(static_cast<std::uint32_t>(set.probability.size()));
    }
    return set;
  }

  std::string_view text_;
  bool is_line_;
  int number_ = 0, level_ = 0;
  std::uint64_t rules_ = 0;
  std::optional<int> symbols_, children_, height_, classes_;
  std::vector<double> root_;
  std::vector<std::vector<ReadRule>> read_;  // [height − 1]
};

bool all_equal(std::span<const double> law) {
  return std::ranges::all_of(law, [&](double p) { return p == law.front(); });
}

}  // namespace

std::uint64_t most_rules(int symbols, int children, int parents) {
  return tuples(symbols, children) / static_cast<std::uint64_t>(parents);
}

bool RuleSet::is_uniform() const {
  for (int a = 0; a < parents(); ++a)
    if (first[static_cast<std::size_t>(a) + 1] - first[static_cast<std::size_t>(a)] != first[1]) return false;
  return all_equal(probability);
}

Grammar::Grammar(int symbols, int children, Eigen::VectorXd root, std::vector<RuleSet> rules)
    : symbols_(symbols), children_(children), root_(std::move(root)), rules_(std::move(rules)) {
  mean_law_.assign(rules_.size() + 1, root_);
  for (int j = height(); j >= 1; --j) {
    const RuleSet& set = this->rules(j);
    Eigen::VectorXd& law = mean_law_[static_cast<std::size_t>(j) - 1];
    law = Eigen::VectorXd::Zero(symbols);
    for (int a = 0; a < set.parents(); ++a)
      for (auto r = set.first[static_cast<std::size_t>(a)]; r < set.first[static_cast<std::size_t>(a) + 1];
           ++r)
        for (const std::uint8_t symbol : set.tuple(static_cast<int>(r)))
          law[symbol] += mean_law(j)[a] * set.probability[r] / children;
  }
}

Grammar Grammar::random(const Random& wanted) {
  const auto rules_at = [&](int height) {
    return static_cast<std::uint64_t>(height == wanted.height ? wanted.classes : wanted.symbols) *
           static_cast<std::uint64_t>(wanted.rules);
  };
  std::uint64_t total = 0;
  for (int j = 1; j <= wanted.height; ++j) {
    if (rules_at(j) > tuples(wanted.symbols, wanted.children))
      throw UsageError(
          fmt::format("{} rules for each of {} symbols: there are only {} tuples of {} among {} symbols, so "
                      "the most is m = {}",
                      wanted.rules, j == wanted.height ? wanted.classes : wanted.symbols,
                      tuples(wanted.symbols, wanted.children), wanted.children, wanted.symbols,
                      most_rules(wanted.symbols, wanted.children, std::max(wanted.symbols, wanted.classes))));
    total += rules_at(j);
  }
  if (total > kMostRules)
    throw UsageError(
        fmt::format("a grammar of {} rules: it has at most {}; lower v, m or L", total, kMostRules));

  std::vector<RuleSet> rules;
  for (int j = 1; j <= wanted.height; ++j) {
    ScalarStream stream(
        {wanted.seed, kGrammarStreams, static_cast<std::uint32_t>(j), 0, StreamPurpose::grammar});
    RuleSet& set = rules.emplace_back(RuleSet{wanted.children, {0}, {}, {}});
    const auto count = static_cast<std::size_t>(rules_at(j));
    set.symbols = draw_tuples(stream, count, wanted.symbols, wanted.children);
    const std::vector<double> law =
        j == wanted.zipf_level
            ? zipf_law(wanted.rules, wanted.zipf_exponent)
            : std::vector<double>(static_cast<std::size_t>(wanted.rules), 1.0 / wanted.rules);
    for (std::size_t r = 0; r < count; r += law.size()) {
      set.probability.insert(set.probability.end(), law.begin(), law.end());
      set.first.push_back(static_cast<std::uint32_t>(r + law.size()));
    }
  }
  return {wanted.symbols, wanted.children, Eigen::VectorXd::Constant(wanted.classes, 1.0 / wanted.classes),
          std::move(rules)};
}

Grammar Grammar::from_text(std::string_view text) { return read(text, false); }
Grammar Grammar::from_line(std::string_view line) { return read(line, true); }

Grammar Grammar::read(std::string_view text, bool is_line) {
  GrammarReader::Parts parts = GrammarReader(text, is_line).read();
  return {parts.symbols, parts.children,
          Eigen::Map<const Eigen::VectorXd>(parts.root.data(), static_cast<Eigen::Index>(parts.root.size())),
          std::move(parts.rules)};
}

int Grammar::rules_of_symbol() const {
  const std::uint32_t m = rules_[0].first[1];
  for (const RuleSet& set : rules_)
    for (std::size_t a = 0; a + 1 < set.first.size(); ++a)
      if (set.first[a + 1] - set.first[a] != m) return 0;
  return static_cast<int>(m);
}

bool Grammar::is_uniform() const {
  return rules_of_symbol() > 0 && std::ranges::all_of(rules_, &RuleSet::is_uniform);
}

std::string Grammar::text() const {
  std::string text = fmt::format("symbols {}\nchildren {}\nheight {}\n", symbols_, children_, height());
  if (classes() != symbols_) text += fmt::format("classes {}\n", classes());
  if (!all_equal({root_.data(), static_cast<std::size_t>(root_.size())})) {
    text += "root";
    for (const double p : root_) text += ' ' + format_real(p);
    text += '\n';
  }
  for (int j = height(); j >= 1; --j) {
    const RuleSet& set = rules(j);
    text += fmt::format("level {}\n", j);
    for (int a = 0; a < set.parents(); ++a) {
      const std::uint32_t begin = set.first[static_cast<std::size_t>(a)],
                          end = set.first[static_cast<std::size_t>(a) + 1];
      const bool plain = set.probability[begin] == 1.0 / (end - begin) &&
                         all_equal({set.probability.data() + begin, end - begin});
      for (std::uint32_t r = begin; r < end; ++r) {
        text += fmt::format("{} ->", a);
        for (const std::uint8_t symbol : set.tuple(static_cast<int>(r))) text += fmt::format(" {}", symbol);
        if (!plain) text += " : " + format_real(set.probability[r]);
        text += '\n';
      }
    }
  }
  return text;
}

std::string Grammar::line() const {
  std::string line = text();
  if (!line.empty()) line.pop_back();
  std::ranges::replace(line, '\n', ';');
  return line;
}

}  // namespace leafcast
