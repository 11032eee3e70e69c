#include "engine/writers/writers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace leafcast {

namespace {

template <class... Generators>
std::vector<GeneratorKind> kinds_of(const std::variant<Generators...>*) {
  std::vector<GeneratorKind> all;
  const auto add = [&](std::vector<GeneratorKind> kinds) {
    all.insert(all.end(), kinds.begin(), kinds.end());
  };
  (add(Generators::kinds()), ...);
  return all;
}

}  // namespace

const std::vector<GeneratorKind>& generator_registry() {
  static const std::vector<GeneratorKind> kinds = kinds_of(static_cast<const Generator*>(nullptr));
  return kinds;
}

Generator read_generator(ParameterReader& reader, const Language& language) {
  const auto& registry = generator_registry();
  std::vector<std::string> names;
  for (const GeneratorKind& kind : registry) names.push_back(kind.name);
  const GeneratorKind& kind = registry[reader.read_choice("generator.kind", names)];
  for (const GeneratorKind& other : registry)
    for (const std::string& key : other.keys)
      if (reader.has("generator." + key) && std::ranges::find(kind.keys, key) == kind.keys.end())
        throw reader.error(
            "generator." + key,
            fmt::format("generator.kind = {} does not use it, {} does; leave it out, or choose another kind",
                        kind.name, other.name));
  return kind.make(reader, language);
}

const GeneratorKind& generator_kind(const Parameters& parameters) {
  return *std::ranges::find(generator_registry(), parameters.at("generator.kind"), &GeneratorKind::name);
}

int read_depth(ParameterReader& reader, const std::string& key, std::string_view what, int height,
               std::optional<std::uint64_t> fallback) {
  const std::uint64_t depth = reader.read_whole(key, what, 0, std::numeric_limits<int>::max(), fallback);
  if (depth > static_cast<std::uint64_t>(height))
    throw reader.error(key, fmt::format("{} is at most the tree's height, {}", what, height), true);
  return static_cast<int>(depth);
}

void lower_depth(Parameters& parameters, const char* key, int depth, int height) {
  const int most = depth == height ? height - 1 : std::max(height - 2, 0);
  parameters[key] = std::to_string(std::min(depth, most));
}

}  // namespace leafcast
