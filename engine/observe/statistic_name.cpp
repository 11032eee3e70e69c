#include "engine/observe/statistic_name.h"

#include <unordered_set>

namespace leafcast {

namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace

const std::string* StatisticName::kept(std::string_view text) {
  static std::unordered_set<std::string, Hash, std::equal_to<>> names;  // whose elements stay where they are
  const auto found = names.find(text);
  return found != names.end() ? &*found : &*names.emplace(text).first;
}

}  // namespace leafcast
