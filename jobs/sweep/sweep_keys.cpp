#include "jobs/sweep/sweep_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/error.h"
#include "engine/printable.h"
#include "jobs/sweep/ini.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace {

std::string join_kinds(const std::vector<KindKeys>& kinds) {
  std::string joined;
  for (const KindKeys& kind : kinds) joined += (joined.empty() ? "" : "|") + kind.kind;
  return joined;
}

/// Whether the sweep language has the key, and not a file.
bool is_said(const Parameter& parameter) { return parameter.form != ValueForm::given; }

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// The key meant: of the same name in another section, else the fewest edits away.
std::string suggest_key(const std::string& unknown) {
  std::vector<std::string> names, namesakes;
  for (const SweepKey& key : sweep_keys()) {
    names.push_back(key.name);
    if (last_part(key.name) == last_part(unknown)) namesakes.push_back(key.name);
  }
  return find_nearest(unknown, namesakes.empty() ? names : namesakes);
}

}  // namespace

const std::vector<SweepKey>& sweep_keys() {
  static const std::vector<SweepKey> keys = [] {
    std::vector<SweepKey> list;
    for (const Parameter& parameter : parameter_table())
      if (is_said(parameter)) list.push_back({parameter.key, parameter.placeholder, parameter.help});
    for (SweepKey& key : list)
      if (key.name == "language.kind")
        key.placeholder = join_kinds(language_kinds());
      else if (key.name == "generator.kind")
        key.placeholder = join_kinds(generator_kinds());
    return list;
  }();
  return keys;
}

ValueForm value_form(const std::string& key) { return find_parameter(key)->form; }

std::vector<std::string> word_choices(const std::string& key) {
  std::vector<std::string> choices;
  std::istringstream words(std::ranges::find(sweep_keys(), key, &SweepKey::name)->placeholder);
  for (std::string word; std::getline(words, word, '|');) choices.push_back(word);
  return choices;
}

std::vector<std::string> sweep_sections() {
  std::vector<std::string> sections;
  for (const SweepKey& key : sweep_keys()) {
    const auto dot = key.name.find('.');
    if (dot != std::string::npos && (sections.empty() || sections.back() != key.name.substr(0, dot)))
      sections.push_back(key.name.substr(0, dot));
  }
  return sections;
}

void check_key(const Setting& setting) {
  if (const Parameter* known = find_parameter(setting.key); known && is_said(*known)) return;
  const std::string key = shortened(setting.key);
  refuse(setting, fmt::format("there is no key {}; did you mean {}?", key, suggest_key(key)));
}

}  // namespace leafcast::jobs
