#include "engine/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace leafcast {

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// value·factor + summand unless it is above 2^64 − 1.
bool advance(std::uint64_t& value, std::uint64_t factor, std::uint64_t summand) {
  if (factor != 0 && value > (kLargest - summand) / factor) return false;
  value = value * factor + summand;
  return true;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  if (text.empty()) return {};
  std::uint64_t value = 0;
  for (const char c : text)
    if (!is_digit(c) || !advance(value, 10, static_cast<std::uint64_t>(c - '0'))) return {};
  return value;
}

std::optional<std::uint64_t> parse_power(std::string_view base_text, std::string_view exponent_text) {
  const auto base = parse_digits(base_text), exponent = parse_digits(exponent_text);
  if (!base || !exponent) return {};
  if (*base <= 1) return *exponent == 0 ? 1 : *base;
  std::uint64_t value = 1;
  for (std::uint64_t e = 0; e < *exponent; ++e)
    if (!advance(value, *base, 0)) return {};
  return value;
}

/// digits [. digits] e [+|-] digits, exactly.
std::optional<std::uint64_t> parse_scientific(std::string_view mantissa, std::string_view exponent_text) {
  std::string digits(mantissa);
  int shift = 0;
  if (const auto point = digits.find('.'); point != std::string::npos) {
    if (point == 0 || point + 1 == digits.size()) return {};
    digits.erase(point, 1);
    shift = -static_cast<int>(digits.size() - point);
  }
  const bool negative = exponent_text.starts_with('-');
  if (negative || exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  const auto exponent = parse_digits(exponent_text);
  if (!exponent || *exponent > 1000) return {};
  shift += negative ? -static_cast<int>(*exponent) : static_cast<int>(*exponent);
  for (; shift < 0 && digits.size() > 1 && digits.back() == '0'; ++shift) digits.pop_back();
  auto value = parse_digits(digits);
  if (!value || *value == 0) return value;
  if (shift < 0) return {};
  for (; shift > 0; --shift)
    if (!advance(*value, 10, 0)) return {};
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  if (const auto caret = text.find('^'); caret != text.npos)
    return parse_power(text.substr(0, caret), text.substr(caret + 1));
  if (const auto e = text.find_first_of("eE"); e != text.npos)
    return parse_scientific(text.substr(0, e), text.substr(e + 1));
  return parse_digits(text);
}

std::optional<double> parse_real(std::string_view text) {
  if (text.find('^') != text.npos) {
    const auto whole = parse_whole(text);
    return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return {};
  return value;
}

std::string format_real(double value) {
  if (value == 0) return "0";  // not "-0"
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace leafcast
