#include <fmt/format.h>

#include <sstream>

#include "engine/error.h"
#include "engine/language/languages.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::uint64_t kMaxChildren = 1 << 20;

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

/// K = (1 − a, a; b, 1 − b): the first symbol flips with probability a, the second with b.
Channel make_binary(ParameterReader& reader) {
  const auto read_flip = [&](const char* key, const char* symbol) {
    const double flip = reader.read_real(key, fmt::format("the probability that {} flips", symbol));
    if (!(flip >= 0 && flip <= 1)) throw reader.error(key, "a probability lies in [0, 1]");
    return flip;
  };
  const double plus = read_flip("language.flip-plus", "+"), minus = read_flip("language.flip-minus", "-");
  if (plus + minus == 0)
    throw reader.error(
        "language.flip-plus",
        "where nothing flips, the law of the root is not determined; let one of them be above 0, "
        "or use language.kind = ising with rho = 1",
        true);
  Eigen::MatrixXd kernel(2, 2);
  kernel << 1 - plus, plus, minus, 1 - minus;
  return Channel::general(kernel);
}

TreeShape read_tree(ParameterReader& reader) {
  const auto d = static_cast<int>(reader.read_whole("language.d", "the number of children", 2, kMaxChildren));
  return {d, static_cast<int>(reader.read_whole("language.height", "a tree's height", 1, 1'000'000))};
}

template <Channel (*make_channel)(ParameterReader&)>
Language make_broadcast(const LanguageKind& kind, ParameterReader& reader) {
  const TreeShape tree = read_tree(reader);
  Channel channel = make_channel(reader);
  require_sums_fit(reader, "language.height", tree, channel.q());
  return {kind.name, tree.d, tree.height, std::move(channel), kind.constrained};
}

std::string value(const Parameters& parameters, const char* key) {
  return parameters.at(std::string("language.") + key);
}
std::string tree_label(const Parameters& parameters) {
  return fmt::format("d={} h={}", value(parameters, "d"), value(parameters, "height"));
}
std::string ising_label(const Language&, const Parameters& parameters) {
  return fmt::format("d={} ρ={} h={}", value(parameters, "d"), value(parameters, "rho"),
                     value(parameters, "height"));
}
std::string coloring_label(const Language&, const Parameters& parameters) {
  return fmt::format("q={} {}", value(parameters, "q"), tree_label(parameters));
}
std::string potts_label(const Language&, const Parameters& parameters) {
  return fmt::format("q={} λ={} {}", value(parameters, "q"), value(parameters, "lambda"),
                     tree_label(parameters));
}
std::string kernel_label(const Language& language, const Parameters& parameters) {
  return fmt::format("q={} {}", language.symbols(), tree_label(parameters));
}

std::string binary_label(const Language&, const Parameters& parameters) {
  return fmt::format("a={} b={} {}", value(parameters, "flip-plus"), value(parameters, "flip-minus"),
                     tree_label(parameters));
}

constexpr int kPlusOfIsing = 1;  // −1 is symbol 0; of binary, + is

}  // namespace

std::vector<LanguageKind> broadcast_languages() {
  return {
      {"ising",
       {"d", "height", "rho"},
       "ising has two symbols and λ = rho",
       false,
       make_broadcast<make_ising>,
       ising_label,
       "height",
       kPlusOfIsing},
      {"coloring",
       {"d", "height", "q"},
       "a coloring is given by its q colors: λ = -1/(q-1)",
       true,
       make_broadcast<make_coloring>,
       coloring_label},
      {"potts",
       {"d", "height", "q", "lambda"},
       "a potts channel is given by q and lambda",
       false,
       make_broadcast<make_potts>,
       potts_label},
      {"kernel",
       {"d", "height", "matrix"},
       "a kernel's matrix says everything",
       false,
       make_broadcast<make_kernel>,
       kernel_label},
      {"binary",
       {"d", "height", "flip-plus", "flip-minus"},
       "a binary channel is given by how often either symbol flips",
       false,
       make_broadcast<make_binary>,
       binary_label},
  };
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
