#include "analysis/text/cell_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "engine/language/languages.h"
#include "engine/parameters/parameter_table.h"

namespace leafcast::analysis {

namespace {

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
  const Parameter* row = find_parameter(key);
  return row && row->reading.place > 0;
}

std::size_t section(const std::string& key) {
  return describes_language(key) ? 0 : key.starts_with("generator.") ? 1 : 2;
}

/// Whether a value goes without saying: that of the row, or of the language.
bool is_silent(const Cell& cell, const Parameter& row, const std::string& value) {
  if (row.key == "language.classes") return cell.language().grammar().classes() == cell.language().symbols();
  if (row.key == "observe.symbol") return value == std::to_string(counted_symbol(cell.language()));
  return value == row.reading.silent;
}

}  // namespace

bool describes_language(const std::string& key) {
  return key.starts_with("language.") || key == "observe.symbol";
}

std::vector<Part> parts(const Cell& cell) {
  std::vector<const Parameter*> rows;
  for (const Parameter& row : parameter_table())
    if (row.reading.place > 0 && cell.parameters().contains(row.key)) rows.push_back(&row);
  std::ranges::stable_sort(
      rows, {}, [](const Parameter* row) { return std::pair(section(row->key), row->reading.place); });
  std::vector<Part> list;
  for (const Parameter* row : rows) {
    const std::string &key = row->key, &value = cell.parameters().at(key);
    list.push_back({key, is_silent(cell, *row, value) ? ""
                         : key == "seed"              ? cell.seed_text()
                         : key == "language.grammar"
                             ? short_grammar(cell.language().grammar())
                             : fmt::format(fmt::runtime(row->reading.format),
                                           key == "language.matrix" ? short_matrix(value) : value)});
  }
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
  std::set<std::string> keys;
  for (const Parameter& row : parameter_table()) {
    if (row.reading.place == 0) continue;
    std::set<std::string> values;
    for (const Cell* cell : cells) {
      const auto parameter = cell->parameters().find(row.key);
      if (parameter != cell->parameters().end())
        values.insert(
            row.key == "observe.symbol" && is_silent(*cell, row, parameter->second) ? "" : parameter->second);
      else if (!row.unsaid.empty())  // who says it differs from those where it goes without saying
        values.insert(row.unsaid);
    }
    if (values.size() > 1) keys.insert(row.key);
  }
  return keys;
}

}  // namespace leafcast::analysis
