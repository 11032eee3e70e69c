#include "analysis/text/cell_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

namespace leafcast::analysis {

namespace {

/// How a parameter reads. Keys that do not stand here (languages to come) read "name=value", after those that
/// do.
struct Form {
  std::string key;
  const char* format;
  const char* silent = "";  ///< the value that goes without saying
};

constexpr const char* kClusterBy = "generator.cluster-by";

const std::vector<Form>& forms() {
  static const std::vector<Form> list = {
      {"language.kind", "{}"},
      {"language.v", "v={}"},
      {"language.m", "m={}"},
      {"language.s", "s={}"},
      {"language.L", "L={}"},
      {"language.classes", "classes={}"},
      {"language.rules", "{}", "uniform"},
      {"language.zipf-exponent", "a={}"},
      {"language.zipf-level", "level {}"},
      {"language.grammar", "{}"},
      {"language.grammar-seed", "grammar {}"},
      {"language.q", "q={}"},
      {"language.d", "d={}"},
      {"language.rho", "ρ={}"},
      {"language.lambda", "λ={}"},
      {"language.matrix", "K=[{}]"},
      {"language.height", "h={}"},
      {"generator.kind", "{}"},
      {"generator.context", "k={}"},
      {kClusterBy, "by {}", "siblings"},
      {"generator.training", "P={}"},
      {"generator.test", "test {}", "10000"},
      {"generator.smoothing", "{}", "kneser-ney"},
      {"generator.concentration", "α={}"},
      {"generator.context-unit", "{}", "leaves"},
      {"generator.structure", "structure {}", "fixed"},
      {"generator.encoding", "{}"},
      {"generator.context-depth", "w={}"},
      {"generator.memory-depth", "m={}"},
      {"generator.memory", "{}"},
      {"generator.lca", "{}"},
      {"generator.method", "{}", "sequence"},
      {"generator.particles", "N={}", "1024"},
      {"observe.symbol", "symbol {}", "0"},
      {"seed", "", "1"},  // Cell::seed_text
  };
  return list;
}

std::uint32_t short_hash(const std::string& text) {
  std::uint32_t hash = 2166136261;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return hash >> 8;
}

/// A matrix of more than a few numbers by its size and a hash.
std::string short_matrix(const std::string& rows) {
  constexpr std::size_t kLegible = 40;
  if (rows.size() <= kLegible) return rows;
  const auto size = 1 + std::count(rows.begin(), rows.end(), ';');
  return fmt::format("{}×{} #{:06x}", size, size, short_hash(rows));
}

/// A grammar from a file by its shape and a hash.
std::string short_grammar(const Grammar& grammar) {
  return fmt::format("v={} s={} L={} #{:06x}", grammar.symbols(), grammar.children(), grammar.height(),
                     short_hash(grammar.line()));
}

bool tells_apart(const std::string& key) {
  return key.starts_with("language.") || key.starts_with("generator.") || key == "observe.symbol" ||
         key == "seed";
}

std::size_t section(const std::string& key) {
  return describes_language(key) ? 0 : key.starts_with("generator.") ? 1 : 2;
}

}  // namespace

bool describes_language(const std::string& key) {
  return key.starts_with("language.") || key == "observe.symbol";
}

std::vector<Part> parts(const Cell& cell) {
  std::vector<Part> list;
  for (const Form& form : forms()) {
    const auto parameter = cell.parameters().find(form.key);
    if (parameter == cell.parameters().end()) continue;
    const std::string& value = parameter->second;
    list.push_back({form.key, value == form.silent ? ""
                              : form.key == "seed" ? cell.seed_text()
                              : form.key == "language.classes" &&
                                      cell.language().grammar().classes() == cell.language().symbols()
                                  ? ""
                              : form.key == "language.grammar" ? short_grammar(cell.language().grammar())
                              : form.key == "language.matrix"
                                  ? fmt::format(fmt::runtime(form.format), short_matrix(value))
                                  : fmt::format(fmt::runtime(form.format), value)});
  }
  for (const auto& [key, value] : cell.parameters()) {
    const auto known = [&k = key](const auto& entry) { return entry.key == k; };
    if (tells_apart(key) && std::none_of(list.begin(), list.end(), known))
      list.push_back({key, key.substr(key.find('.') + 1) + "=" + value});
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Part& a, const Part& b) { return section(a.key) < section(b.key); });
  return list;
}

std::string text(const Cell& cell, const std::function<bool(const std::string&)>& wanted) {
  std::string joined;
  for (const Part& part : parts(cell)) {
    if (part.text.empty() || !wanted(part.key)) continue;
    joined += (joined.empty() ? "" : " ") + part.text;
  }
  return joined;
}

bool describes_grammars(const std::string& key) {
  return describes_language(key) && key != "language.grammar-seed";
}

std::string language_text(const Cell& cell) { return text(cell, describes_language); }
std::string family_text(const Cell& cell) {
  return text(cell,
              [](const std::string& key) { return describes_grammars(key) && key != "language.height"; });
}

std::string generator_text(const Cell& cell, const std::set<std::string>& without) {
  return text(cell, [&](const std::string& key) { return section(key) > 0 && !without.contains(key); });
}

std::string group_text(const Cell& cell, const std::set<std::string>& without) {
  return text(cell, [&](const std::string& key) { return section(key) == 0 && !without.contains(key); }) +
         " · " + generator_text(cell, without);
}

std::string group_key(const Cell& cell, const std::set<std::string>& without) {
  std::string key;
  for (const auto& [name, value] : cell.parameters())
    if (tells_apart(name) && !without.contains(name)) key += name + "=" + value + "\n";
  return key;
}

std::set<std::string> varying_keys(const std::vector<const Cell*>& cells) {
  std::map<std::string, std::set<std::string>> values;
  for (const Cell* cell : cells)
    for (const auto& [key, value] : cell->parameters())
      if (tells_apart(key)) values[key].insert(value);
  // A key that cells leave out where it goes without saying: who sets it differs from them.
  std::set<std::string> keys;
  for (const auto& [key, set] : values)
    if (set.size() > 1 || (key == kClusterBy && !std::ranges::all_of(cells, [](const Cell* cell) {
                             return cell->parameters().contains(kClusterBy);
                           })))
      keys.insert(key);
  return keys;
}

}  // namespace leafcast::analysis
