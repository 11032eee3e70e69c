#include "engine/parameters/parameter_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/values.h"

namespace leafcast {

const std::string* ParameterReader::find(const std::string& key) const {
  const auto found = given_.find(key);
  return found == given_.end() ? nullptr : &found->second;
}

void ParameterReader::refuse_missing(const std::string& key, std::string_view what) const {
  throw CellError{key, "", fmt::format("this cell needs it ({})", what)};
}

CellError ParameterReader::error(const std::string& key, std::string reason,
                                 bool impossible_combination) const {
  const std::string* text = find(key);
  const auto canonical = canonical_.find(key);
  return {key,
          text                            ? *text
          : canonical != canonical_.end() ? canonical->second
                                          : "",
          std::move(reason), impossible_combination};
}

std::uint64_t ParameterReader::read_whole(const std::string& key, std::string_view what, std::uint64_t least,
                                          std::uint64_t most, std::optional<std::uint64_t> fallback) {
  const std::string* text = find(key);
  if (!text && !fallback) refuse_missing(key, what);
  const auto value = text ? parse_whole(*text) : fallback;
  if (!value || *value < least || *value > most)
    throw error(key, fmt::format("{} is a whole number from {} to {}", what, least, most));
  canonical_[key] = fmt::format("{}", *value);
  return *value;
}

double ParameterReader::read_real(const std::string& key, std::string_view what) {
  const std::string* text = find(key);
  if (!text) refuse_missing(key, what);
  const auto value = parse_real(*text);
  if (!value) throw error(key, fmt::format("{} is a number such as 0.5", what));
  canonical_[key] = format_real(*value);
  return *value;
}

int ParameterReader::read_choice(const std::string& key, const std::vector<std::string>& choices) {
  const std::string* text = find(key);
  const auto choice = text ? std::find(choices.begin(), choices.end(), *text) : choices.begin();
  if (choice == choices.end()) throw error(key, fmt::format("it is one of {}", fmt::join(choices, ", ")));
  canonical_[key] = *choice;
  return static_cast<int>(choice - choices.begin());
}

bool ParameterReader::read_switch(const std::string& key, bool fallback) {
  return fallback ? read_choice(key, {"on", "off"}) == 0 : read_choice(key, {"off", "on"}) == 1;
}

std::string ParameterReader::read_text(const std::string& key, std::string_view what) {
  const std::string* text = find(key);
  if (!text) refuse_missing(key, what);
  return canonical_[key] = *text;
}

std::vector<std::string> ParameterReader::unread() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : given_)
    if (!canonical_.contains(key) && !dropped_.contains(key)) keys.push_back(key);
  return keys;
}

}  // namespace leafcast
