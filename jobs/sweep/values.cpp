#include "jobs/sweep/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/printable.h"
#include "engine/values.h"
#include "jobs/sweep/ini.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/sweep_keys.h"

namespace leafcast::jobs {

namespace {

constexpr std::size_t kMaxItems = kMaxCells;
constexpr int kMaxDecimals = 15;  // a double's
constexpr double kMaxScaled = 9007199254740992.0;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    parts.emplace_back(trim(std::string_view(text).substr(begin, end == text.npos ? end : end - begin)));
    if (end == text.npos) return parts;
    begin = end + 1;
  }
}

bool is_range(const std::string& item) { return item.find("..") != item.npos; }

struct RangeText {
  std::string first, last;
  std::optional<std::string> step;
};

RangeText split_range(const std::string& item) {
  const auto dots = item.find("..");
  RangeText range{std::string(trim(item.substr(0, dots))), std::string(trim(item.substr(dots + 2))), {}};
  if (const auto colon = range.last.find(':'); colon != range.last.npos) {
    range.step = trim(std::string_view(range.last).substr(colon + 1));
    range.last = trim(std::string_view(range.last).substr(0, colon));
  }
  return range;
}

/// Reads "height", "height-1", "height+2" into the bound's index.
bool parse_height(std::string_view text, Bound& bound) {
  constexpr std::string_view kHeight = "height";
  if (!text.starts_with(kHeight)) return false;
  bound.of_height = true;
  text = trim(text.substr(kHeight.size()));
  if (text.empty()) return true;
  const auto offset = parse_whole(trim(text.substr(1)));
  if ((text[0] != '-' && text[0] != '+') || !offset || *offset > kMaxItems) return false;
  bound.offset = (text[0] == '-' ? -1 : 1) * static_cast<std::int64_t>(*offset);
  return true;
}

std::optional<Bound> parse_bound(const std::string& text, bool may_speak_of_height) {
  Bound bound;
  std::string_view index = text;
  if (const auto caret = text.find('^'); caret != text.npos) {
    const auto base = parse_whole(trim(index.substr(0, caret)));
    if (!base || *base < 2) return {};
    bound.base = *base;
    index = trim(index.substr(caret + 1));
  }
  if (may_speak_of_height && parse_height(index, bound)) return bound;
  const auto number = parse_whole(index);
  if (!number) return {};
  bound.number = *number;
  return bound;
}

/// The index of the bound at this height; empty if it is negative.
std::optional<std::uint64_t> index_at(const Bound& bound, std::uint64_t height) {
  if (!bound.of_height) return bound.number;
  if (bound.offset < 0 && height < static_cast<std::uint64_t>(-bound.offset)) return {};
  return height + static_cast<std::uint64_t>(bound.offset);
}

/// base^index; empty above 2^64 − 1.
std::optional<std::uint64_t> value_of(std::uint64_t base, std::uint64_t index) {
  return base == 0 ? index : parse_whole(fmt::format("{}^{}", base, index));
}

/// How many digits stand behind the point in the shortest decimal form.
int count_decimals(double value) {
  char buffer[32];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));  // -d.ddde-XX
  const auto e = text.find('e'), point = std::min(text.find('.'), e - 1);
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  return std::max(0, static_cast<int>(e - 1 - point) - exponent);
}

}  // namespace

ValueList::ValueList(const Setting& setting) : setting_(setting) {
  const ValueForm form = value_form(setting.key);
  if (setting.value.empty()) refuse(setting, "there is no value; give one");
  if (form == ValueForm::text) {
    if (!is_printable(setting.value)) refuse(setting, "a title is one line of text in UTF-8");
    items_.emplace_back(setting.value);
    return;
  }
  for (const std::string& item : split(setting.value, ',')) {
    if (item.empty()) refuse(setting, "an item of the list is empty; take out the comma too much");
    switch (form) {
      case ValueForm::words:
        add_word(item);
        break;
      case ValueForm::whole:
        add_whole(item, false);
        break;
      case ValueForm::depth:
        add_whole(item, true);
        break;
      case ValueForm::real:
      case ValueForm::goals:
        is_range(item) ? add_real_range(item) : add({item});
        break;
      case ValueForm::names:
      case ValueForm::given:
      case ValueForm::text:
        add({item});
        break;
    }
  }
  swept_ = swept_ || items_.size() > 1;
}

void ValueList::add(std::vector<std::string> values) {
  if (items_.size() + values.size() > kMaxItems)
    refuse(setting_, fmt::format("there are more than {} values; sweep fewer", kMaxItems));
  for (std::string& value : values) items_.emplace_back(std::move(value));
}

void ValueList::add_word(const std::string& word) {
  const std::vector<std::string> choices = word_choices(setting_.key);
  if (std::find(choices.begin(), choices.end(), word) != choices.end()) return add({word});
  const std::string shown = shortened(word);
  const std::string& nearest = find_nearest(shown, choices);
  const bool similar = edit_distance(shown, nearest) <= nearest.size() / 2;
  refuse(setting_, fmt::format("it is one of {}{}", fmt::join(choices, ", "),
                               similar ? fmt::format("; did you mean {}?", nearest) : ""));
}

void ValueList::add_whole(const std::string& item, bool may_speak_of_height) {
  WholeRange range;
  if (is_range(item)) {
    const RangeText text = split_range(item);
    const auto first = parse_bound(text.first, may_speak_of_height),
               last = parse_bound(text.last, may_speak_of_height);
    if (!first || !last)
      refuse(setting_, fmt::format("a range is written 4..12, 4..12:2 or 2^4..2^11, of whole numbers{}",
                                   may_speak_of_height ? " or up to the height of the tree, 0..height" : ""));
    if (first->base != 0 && last->base != 0 && first->base != last->base)
      refuse(setting_, "a range of powers has one base: 2^4..2^11");
    if (text.step && text.step->starts_with('*')) {
      const auto factor = parse_real(trim(std::string_view(*text.step).substr(1)));
      if (!factor || !(*factor > 1))
        refuse(setting_, "the factor of a range is a number above 1: 4..4000:*1.5");
      range = {*first, *last, 1, *factor};
    } else {
      const auto step = text.step ? parse_whole(*text.step) : 1;
      if (!step || *step == 0)
        refuse(setting_,
               "the step of a range is a whole number from 1, or a factor above 1: 4..12:2, 4..4000:*1.5");
      range = {*first, *last, *step};
    }
    swept_ = true;
  } else {
    const auto bound = may_speak_of_height ? parse_bound(item, true) : std::nullopt;
    if (!bound || !bound->of_height) return add({item});  // a plain number; the cell checks it
    range = {*bound, *bound};
  }
  if (range.first.of_height || range.last.of_height) {
    items_.emplace_back(range);
  } else {
    std::vector<std::string> values;
    append_range(range, 0, true, values);
    add(std::move(values));
  }
}

void ValueList::append_range(const WholeRange& range, std::uint64_t height, bool refuse_empty,
                             std::vector<std::string>& values) const {
  // Exponents step if both ends are powers; else the numbers themselves.
  const bool powers = range.first.base != 0 && range.last.base != 0 && range.factor == 0;
  const auto end = [&](const Bound& bound) {
    const auto index = index_at(bound, height);
    return index && !powers ? value_of(bound.base, *index) : index;
  };
  const std::uint64_t base = powers ? range.first.base : 0;
  const auto last = end(range.last);
  // A first end below 0 (height-3 in a small tree) begins at 0; a lone one gives nothing.
  const auto first = !index_at(range.first, height) ? 0 : end(range.first);
  if (index_at(range.last, height) && (!first || !last || !value_of(base, *last)))
    refuse(setting_, "a number of the range is above 2^64");
  if (!last || *first > *last) {
    if (refuse_empty)
      refuse(setting_,
             fmt::format(
                 "the range is empty{}: it runs from the smaller to the larger number",
                 range.first.of_height || range.last.of_height ? fmt::format(" at height {}", height) : ""));
    return;
  }
  if (range.factor > 0) return append_ratios(*first, *last, range.factor, values);
  const std::uint64_t steps = (*last - *first) / range.step;
  if (steps >= kMaxItems || values.size() + steps >= kMaxItems)
    refuse(setting_,
           fmt::format("there are more than {} values; sweep fewer, or with a step: 0..1e9:1e6", kMaxItems));
  for (std::uint64_t i = 0; i <= steps; ++i)
    values.push_back(fmt::format("{}", *value_of(base, *first + i * range.step)));
}

void ValueList::append_ratios(std::uint64_t first, std::uint64_t last, double factor,
                              std::vector<std::string>& values) const {
  if (first == 0) refuse(setting_, "a range by a factor begins above 0: 1..4000:*1.5");
  const double whole = std::log(static_cast<double>(last) / static_cast<double>(first));
  const double steps = std::ceil(whole / std::log(factor) - 1e-9);
  if (steps >= static_cast<double>(kMaxItems - values.size()))
    refuse(setting_, fmt::format("there are more than {} values; take a larger factor", kMaxItems));
  std::uint64_t before = 0;
  for (double i = 0; i <= steps; ++i) {
    const double here = std::round(static_cast<double>(first) * std::exp(whole * i / steps));
    const bool at_end = i == steps || here >= static_cast<double>(last);
    const std::uint64_t value = i == 0 ? first : at_end ? last : static_cast<std::uint64_t>(here);
    if (value == before) continue;  // small numbers are closer than the factor
    values.push_back(fmt::format("{}", value));
    before = value;
  }
}

void ValueList::add_real_range(const std::string& item) {
  swept_ = true;
  const RangeText text = split_range(item);
  const auto first = parse_real(text.first), last = parse_real(text.last);
  if (!first || !last || !text.step)
    refuse(setting_, "a range of numbers is written with its step: 0.5..0.9:0.1");
  const auto step = parse_real(*text.step);
  if (!step || !(*step > 0)) refuse(setting_, "the step of a range is a number above 0: 0.5..0.9:0.1");
  if (*first > *last) refuse(setting_, "the range is empty: it runs from the smaller to the larger number");

  // In units of the last decimal all three are integers, and an integer over a power of ten is the nearest
  // double to the decimal fraction: 0.7, not 0.7000000000000001.
  const int digits = std::max({count_decimals(*first), count_decimals(*last), count_decimals(*step)});
  const double unit = std::pow(10, std::min(digits, kMaxDecimals));
  const double from = std::round(*first * unit), to = std::round(*last * unit), by = std::round(*step * unit);
  if (digits > kMaxDecimals || std::abs(from) > kMaxScaled || std::abs(to) > kMaxScaled || by > kMaxScaled)
    refuse(setting_, "the numbers of the range have too many digits; write them out as a list");
  const double steps = std::floor((to - from) / by);
  if (steps >= static_cast<double>(kMaxItems))
    refuse(setting_, fmt::format("there are more than {} values; sweep fewer", kMaxItems));
  std::vector<std::string> values;
  for (int i = 0; i <= static_cast<int>(steps); ++i) values.push_back(format_real((from + i * by) / unit));
  add(std::move(values));
}

bool ValueList::speaks_of_height() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Item& item) { return std::holds_alternative<WholeRange>(item); });
}

std::vector<std::string> ValueList::expand(std::uint64_t height, bool height_alone) const {
  std::vector<std::string> values;
  for (const Item& item : items_) {
    if (const auto* text = std::get_if<std::string>(&item))
      values.push_back(*text);
    else
      append_range(std::get<WholeRange>(item), height, height_alone, values);
  }
  return values;
}

}  // namespace leafcast::jobs
