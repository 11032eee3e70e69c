#include "engine/language/languages.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/language/tree.h"

namespace leafcast {

namespace {

bool sums_fit(int d, int height, int symbols) {
  return tree_fits(d, height) && tree_power(d, height) <= ((std::int64_t{1} << 62) - 1) / (symbols - 1);
}

}  // namespace

void require_sums_fit(const ParameterReader& reader, const char* height_key, TreeShape tree, int symbols) {
  if (sums_fit(tree.d, tree.height, symbols)) return;
  while (!sums_fit(tree.d, tree.height, symbols)) --tree.height;
  throw reader.error(
      height_key,
      fmt::format(
          "a sentence's sum must stay below 2^62: with d = {} and {} symbols the largest height is {}",
          tree.d, symbols, tree.height));
}

const std::vector<LanguageKind>& language_registry() {
  static const std::vector<LanguageKind> kinds = [] {
    std::vector<LanguageKind> list = broadcast_languages();
    std::ranges::copy(grammar_languages(), std::back_inserter(list));
    return list;
  }();
  return kinds;
}

std::string language_label(const Language& language, const Parameters& parameters) {
  const LanguageKind& kind = *std::ranges::find(language_registry(), language.kind, &LanguageKind::name);
  return language.kind + " " + kind.label(language, parameters);
}

Language read_language(ParameterReader& reader) {
  const auto& registry = language_registry();
  std::vector<std::string> names;
  for (const LanguageKind& kind : registry) names.push_back(kind.name);
  const LanguageKind& kind = registry[reader.read_choice("language.kind", names)];
  for (const LanguageKind& other : registry)
    for (const std::string& key : other.keys)
      if (reader.has("language." + key) &&
          std::find(kind.keys.begin(), kind.keys.end(), key) == kind.keys.end())
        throw reader.error("language." + key,
                           fmt::format("{}; leave language.{} out, or choose another language.kind",
                                       kind.why_no_others, key));
  return kind.make(kind, reader);
}

int counted_symbol(const Language& language) {
  return std::ranges::find(language_registry(), language.kind, &LanguageKind::name)->counted;
}

bool lower_language(Parameters& parameters, const Language& language) {
  const auto kind = std::ranges::find(language_registry(), language.kind, &LanguageKind::name);
  const auto height = parameters.find("language." + kind->height_key);
  if (height == parameters.end() || language.height == 1) return false;
  height->second = std::to_string(language.height - 1);
  return true;
}

}  // namespace leafcast
