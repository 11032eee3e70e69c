#include "engine/parameters/parameters.h"

#include <algorithm>
#include <string_view>

namespace leafcast {

std::string to_line(const Parameters& parameters) {
  std::string line;
  for (const auto& [key, value] : parameters) {
    if (!line.empty()) line += '\t';
    line += key;
    line += '=';
    line += value;
  }
  return line;
}

Parameters from_line(std::string_view line) {
  Parameters parameters;
  while (!line.empty()) {
    const std::string_view field = line.substr(0, line.find('\t'));
    const auto equals = field.find('=');
    if (equals == std::string_view::npos)
      throw DataError("the plan has a line without key=value: it is damaged");
    parameters.insert_or_assign(parameters.end(), std::string(field.substr(0, equals)),
                                std::string(field.substr(equals + 1)));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
  }
  return parameters;
}

}  // namespace leafcast
