#include "jobs/sweep/ini.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "engine/error.h"
#include "engine/printable.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace {

std::string_view strip_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if ((line[i] == '#' || line[i] == ';') && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
      return line.substr(0, i);
  return line;
}

std::string read_section(std::string_view line, const std::string& where,
                         const std::vector<std::string>& sections) {
  if (!line.ends_with(']'))
    throw UsageError(fmt::format("{}: {}: a section's name ends with ]", where, shortened(line)));
  std::string section(trim(line.substr(1, line.size() - 2)));
  if (std::find(sections.begin(), sections.end(), section) == sections.end())
    throw UsageError(fmt::format("{}: [{}] is no section of a sweep: they are {}; did you mean [{}]?", where,
                                 shortened(section), fmt::join(sections, ", "),
                                 find_nearest(shortened(section), sections)));
  return section;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void refuse(const Setting& setting, const std::string& reason) {
  const std::string short_key = setting.key.substr(setting.key.rfind('.') + 1);
  throw UsageError(
      fmt::format("{} = {} ({}): {}", shortened(short_key), shortened(setting.value), setting.where, reason));
}

std::vector<Setting> parse_ini(const std::string& text, const std::string& name,
                               const std::vector<std::string>& sections) {
  std::vector<Setting> settings;
  std::map<std::string, int> lines;  // key → line
  std::string section;
  std::istringstream in(text);
  int number = 0;
  for (std::string raw; std::getline(in, raw);) {
    const std::string where = fmt::format("{}:{}", name, ++number);
    const std::string_view line = trim(strip_comment(raw));
    if (line.empty()) continue;
    if (line.front() == '[') {
      section = read_section(line, where, sections);
      continue;
    }
    const auto equals = line.find('=');
    if (equals == line.npos || equals == 0)
      throw UsageError(
          fmt::format("{}: {}: a line is a [section], key = value, or a # comment", where, shortened(line)));
    const std::string key(trim(line.substr(0, equals)));
    Setting setting{section.empty() ? key : section + "." + key, std::string(trim(line.substr(equals + 1))),
                    where};
    if (setting.value.empty()) refuse(setting, "there is no value; write one, or leave the line out");
    const auto [first, is_new] = lines.emplace(setting.key, number);
    if (!is_new)
      refuse(setting,
             fmt::format("{} already stands in line {}; keep one of them (a list \"a, b\" sweeps both)",
                         shortened(setting.key), first->second));
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace leafcast::jobs
