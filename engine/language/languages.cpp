#include "engine/language/languages.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>

#include "engine/error.h"
#include "engine/language/tree.h"
#include "engine/values.h"

namespace leafcast {

namespace {

int read_symbols(ParameterReader& reader) {
  return static_cast<int>(reader.read_whole("language.q", "the number of symbols", 2, kMaxSymbols));
}

Channel make_ising(ParameterReader& reader) {
  const double rho = reader.read_real("language.rho", "a correlation");
  if (!(rho >= 0 && rho <= 1)) throw reader.error("language.rho", "a correlation lies in [0, 1]");
  return Channel::symmetric(2, rho);
}

Channel make_coloring(ParameterReader& reader) {
  const int q = read_symbols(reader);
  return Channel::symmetric(q, -1.0 / (q - 1));
}

Channel make_potts(ParameterReader& reader) {
  const int q = read_symbols(reader);
  const double lambda = reader.read_real("language.lambda", "a second eigenvalue");
  if (!(lambda >= -1 && lambda <= 1))
    throw reader.error("language.lambda", "a second eigenvalue lies in [-1/(q-1), 1]");
  try {
    Channel channel = Channel::symmetric(q, lambda);
    reader.replace("language.lambda", format_real(channel.lambda()));
    return channel;
  } catch (const UsageError&) {
    throw reader.error(
        "language.lambda",
        fmt::format("with q = {} a second eigenvalue lies in [-1/{}, 1]: a node's children can avoid its "
                    "symbol at most always (language.kind = coloring)",
                    q, q - 1),
        true);
  }
}

Channel make_kernel(ParameterReader& reader) {
  const std::string text = reader.read_text("language.matrix", "the rows of a stochastic matrix");
  try {
    const Eigen::MatrixXd matrix = parse_matrix(text);
    reader.replace("language.matrix", format_matrix(matrix));
    return Channel::general(matrix);
  } catch (const UsageError& e) {
    throw reader.error("language.matrix", e.what());
  }
}

// ---- the tree

constexpr std::uint64_t kMaxChildren = 1 << 20;

/// n < 2^62, and S = q·N_c − n ranges over [−n, (q−1)n], so (q−1)n < 2^62 too.
bool sums_fit(int d, int height, int symbols) {
  return tree_fits(d, height) && tree_power(d, height) <= ((std::int64_t{1} << 62) - 1) / (symbols - 1);
}

struct TreeShape {
  int d, height;
};
TreeShape read_tree(ParameterReader& reader) {
  const auto d = static_cast<int>(reader.read_whole("language.d", "the number of children", 2, kMaxChildren));
  return {d, static_cast<int>(reader.read_whole("language.height", "a tree's height", 1, 1'000'000))};
}

void require_sums_fit(const ParameterReader& reader, const char* height_key, TreeShape tree, int symbols) {
  if (sums_fit(tree.d, tree.height, symbols)) return;
  while (!sums_fit(tree.d, tree.height, symbols)) --tree.height;
  throw reader.error(
      height_key,
      fmt::format(
          "a sentence's sum must stay below 2^62: with d = {} and {} symbols the largest height is {}",
          tree.d, symbols, tree.height));
}

template <Channel (*make_channel)(ParameterReader&)>
Language make_broadcast(const LanguageKind& kind, ParameterReader& reader) {
  const TreeShape tree = read_tree(reader);
  Channel channel = make_channel(reader);
  require_sums_fit(reader, "language.height", tree, channel.q());
  return {kind.name, tree.d, tree.height, std::move(channel), kind.constrained};
}

// ---- grammars

/// The grammar that a key makes; cells of one grammar share it.
template <class Make>
std::shared_ptr<const Grammar> shared_grammar(const std::string& key, Make make) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Grammar>> known;
  const std::lock_guard lock(mutex);
  std::weak_ptr<const Grammar>& entry = known[key];
  if (auto grammar = entry.lock()) return grammar;
  std::erase_if(known, [&](const auto& other) { return other.first != key && other.second.expired(); });
  auto grammar = std::make_shared<const Grammar>(make());
  known[key] = grammar;
  return grammar;
}

constexpr std::uint64_t kMaxRules = std::uint64_t{1} << 24, kMaxTuple = 1 << 10, kMaxLevels = 62;

Grammar::Random read_random_grammar(ParameterReader& reader) {
  Grammar::Random wanted{};
  wanted.symbols =
      static_cast<int>(reader.read_whole("language.v", "the number of symbols", 2, kMaxGrammarSymbols));
  wanted.rules =
      static_cast<int>(reader.read_whole("language.m", "a symbol's number of rules", 1, kMaxRules));
  wanted.children =
      static_cast<int>(reader.read_whole("language.s", "the length of a rule's tuple", 2, kMaxTuple));
  wanted.height = static_cast<int>(reader.read_whole("language.L", "the number of levels", 1, kMaxLevels));
  wanted.classes =
      static_cast<int>(reader.read_whole("language.classes", "the number of symbols of the root", 1,
                                         kMaxGrammarSymbols, static_cast<std::uint64_t>(wanted.symbols)));
  wanted.seed = reader.read_whole("language.grammar-seed", "a grammar's seed", 0,
                                  std::numeric_limits<std::uint64_t>::max(), 1);
  const bool zipf = reader.read_choice("language.rules", {"uniform", "zipf"}) == 1;
  for (const char* key : {"language.zipf-exponent", "language.zipf-level"})
    if (!zipf && reader.has(key))
      throw reader.error(key, "the rules are equiprobable; set language.rules = zipf, or leave it out", true);
  if (zipf) {
    wanted.zipf_exponent = reader.read_real("language.zipf-exponent", "the exponent a of p_r ∝ r^-(1+a)");
    if (!(wanted.zipf_exponent > -1 && wanted.zipf_exponent <= 100))
      throw reader.error("language.zipf-exponent",
                         "the exponent a of p_r ∝ r^-(1+a) lies above -1 and is at most 100");
    const auto level = reader.read_whole("language.zipf-level",
                                         "the height of the nodes whose rules are Zipf's", 1, kMaxLevels, 1);
    if (level > static_cast<std::uint64_t>(wanted.height))
      throw reader.error(
          "language.zipf-level",
          fmt::format("levels are numbered by height, from 1 (whose rules write leaves) to L = {}",
                      wanted.height),
          true);
    wanted.zipf_level = static_cast<int>(level);
  }
  const std::uint64_t most =
      most_rules(wanted.symbols, wanted.children, std::max(wanted.symbols, wanted.classes));
  if (static_cast<std::uint64_t>(wanted.rules) > most)
    throw reader.error(
        "language.m",
        fmt::format("a tuple has one parent, and there are v^s = {}^{} tuples for {} symbols: the most is "
                    "m = {}; lower m, or raise v or s",
                    wanted.symbols, wanted.children, std::max(wanted.symbols, wanted.classes), most),
        true);
  return wanted;
}

Language make_rhm(const LanguageKind& kind, ParameterReader& reader) {
  std::shared_ptr<const Grammar> grammar;
  const char* height_key = "language.L";
  if (reader.has("language.grammar")) {
    for (const std::string& key : kind.keys)
      if (key != "grammar" && reader.has("language." + key))
        throw reader.error("language." + key,
                           "the grammar's file says everything; leave this out, or language.file");
    height_key = "language.grammar";
    const std::string text = reader.read_text("language.grammar", "the rules of a grammar");
    try {
      grammar = shared_grammar(text, [&] { return Grammar::from_text(text); });
    } catch (const UsageError& e) {
      throw reader.error("language.grammar", e.what());
    }
    reader.replace("language.grammar", grammar->line());
  } else {
    const Grammar::Random wanted = read_random_grammar(reader);
    const std::string key =
        fmt::format("{} {} {} {} {} {} {} {}", wanted.symbols, wanted.rules, wanted.children, wanted.height,
                    wanted.classes, wanted.seed, format_real(wanted.zipf_exponent), wanted.zipf_level);
    require_sums_fit(reader, height_key, {wanted.children, wanted.height}, wanted.symbols);
    try {
      grammar = shared_grammar(key, [&] { return Grammar::random(wanted); });
    } catch (const UsageError& e) {
      throw reader.error("language.m", e.what(), true);
    }
  }
  require_sums_fit(reader, height_key, {grammar->children(), grammar->height()}, grammar->symbols());
  const int children = grammar->children(), height = grammar->height();
  return {kind.name, children, height, std::move(grammar), kind.constrained};
}

}  // namespace

const std::vector<LanguageKind>& language_registry() {
  static const std::vector<LanguageKind> kinds = {
      {"ising",
       {"d", "height", "rho"},
       "ising has two symbols and λ = rho",
       false,
       make_broadcast<make_ising>},
      {"coloring",
       {"d", "height", "q"},
       "a coloring is given by its q colors: λ = -1/(q-1)",
       true,
       make_broadcast<make_coloring>},
      {"potts",
       {"d", "height", "q", "lambda"},
       "a potts channel is given by q and lambda",
       false,
       make_broadcast<make_potts>},
      {"kernel",
       {"d", "height", "matrix"},
       "a kernel's matrix says everything",
       false,
       make_broadcast<make_kernel>},
      {"rhm",
       {"v", "m", "s", "L", "classes", "grammar-seed", "rules", "zipf-exponent", "zipf-level", "grammar"},
       "a grammar is given by v symbols, m rules each, tuples of s and L levels, or by its file",
       true,
       make_rhm},
  };
  return kinds;
}

Eigen::MatrixXd parse_matrix(const std::string& text) {
  std::vector<std::vector<double>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line, ';');) {
    std::vector<double>& row = rows.emplace_back();
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const auto value = parse_real(word);
      if (!value)
        throw UsageError(
            fmt::format("row {} of the kernel holds \"{}\": it is no number", rows.size(), word));
      row.push_back(*value);
    }
    if (row.size() != rows.front().size())
      throw UsageError(fmt::format("row {} of the kernel has {} entries, row 1 has {}: rows must be alike",
                                   rows.size(), row.size(), rows.front().size()));
  }
  if (rows.empty() || rows.front().empty()) throw UsageError("the kernel is empty");
  Eigen::MatrixXd matrix(rows.size(), rows.front().size());
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = 0; b < rows[a].size(); ++b) matrix(a, b) = rows[a][b];
  return matrix;
}

std::string format_matrix(const Eigen::MatrixXd& matrix) {
  std::string text;
  for (Eigen::Index a = 0; a < matrix.rows(); ++a)
    for (Eigen::Index b = 0; b < matrix.cols(); ++b)
      text += (b > 0 ? " " : a > 0 ? "; " : "") + format_real(matrix(a, b));
  return text;
}

}  // namespace leafcast
