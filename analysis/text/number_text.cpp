#include "analysis/text/number_text.h"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cmath>
#include <cwchar>
#include <regex>

namespace leafcast::analysis {

namespace {

int decimal_exponent(double x) { return static_cast<int>(std::floor(std::log10(std::abs(x)))); }

double power_of_ten(int e) { return std::pow(10.0, e); }

/// "1e+06" → "1e6".
std::string tidy_exponent(std::string text) {
  const auto e = text.find('e');
  if (e == std::string::npos) return text;
  std::string exponent = text.substr(e + 1);
  const bool negative = exponent[0] == '-';
  exponent.erase(0, std::min(exponent.find_first_not_of("+-0"), exponent.size() - 1));
  return text.substr(0, e) + 'e' + (negative ? "-" : "") + exponent;
}

/// Whether a look for powers is worth its while.
bool has_power(const std::string& text) {
  for (std::size_t e = text.find('e', 1); e != std::string::npos; e = text.find('e', e + 1))
    if (text[e - 1] == ')' || (text[e - 1] >= '0' && text[e - 1] <= '9')) return true;
  return false;
}

}  // namespace

std::string value_text(double value, double error) {
  if (std::isnan(value)) return "";
  if (std::isnan(error)) return number_text(value) + "(?)";
  if (error == 0 || !std::isfinite(error)) return number_text(value);

  int decimals = 1 - decimal_exponent(error);  // two digits of the error
  if (std::round(error * power_of_ten(decimals)) >= 100) --decimals;
  const double largest = std::max(std::abs(value), error);
  if (largest < 1e6 && decimals <= 7) {
    if (decimals > 0) return fmt::format("{:.{}f}({:.0f})", value, decimals, error * power_of_ten(decimals));
    return fmt::format("{:.0f}({:.0f})", value, error);
  }
  int exponent = decimal_exponent(largest);
  const double digits = power_of_ten(std::max(decimals + exponent, 0));
  if (std::round(largest / power_of_ten(exponent) * digits) >= 10 * digits) ++exponent;  // 9.99… becomes 10
  decimals = std::max(decimals + exponent, 0);
  return fmt::format("{:.{}f}({:.0f}){}", value / power_of_ten(exponent), decimals,
                     error / power_of_ten(exponent) * power_of_ten(decimals),
                     exponent == 0 ? "" : fmt::format("e{}", exponent));
}

std::string number_text(double value, int digits) {
  return std::isnan(value) ? "" : tidy_exponent(fmt::format("{:.{}g}", value, digits));
}

std::string leaves_text(double n) {
  constexpr double kAllDigits = 1e7;
  return number_text(n, n < kAllDigits ? 7 : 2);
}

std::string with_powers(const std::string& text) {
  // A number is not part of a name or a hash: "f1e5", "rho=1e-3.ini".
  static const std::regex kPower(R"((^|[^\w.#])(-?)(\d+(?:\.\d+)?(?:\(\d+\))?)e(-?)0*(\d{1,3})(?![\w.]?\w))");
  static const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string shown;
  if (!has_power(text)) return text;
  auto rest = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), kPower), none; match != none; ++match) {
    const std::string mantissa = (*match)[3];
    shown.append(rest, (*match)[0].first);
    shown += (*match)[1].str() + (*match)[2].str() + (mantissa == "1" ? "" : mantissa + "×") + "10";
    if ((*match)[4].length() > 0) shown += "⁻";
    for (const char digit : (*match)[5].str()) shown += digits[digit - '0'];
    rest = (*match)[0].second;
  }
  return shown.append(rest, text.cend());
}

std::string z_text(double z) {
  if (std::isnan(z)) return "";
  return std::abs(z) < 0.05
             ? "0.0"
             : tidy_exponent(std::abs(z) < 1e4 ? fmt::format("{:+.1f}", z) : fmt::format("{:+.0e}", z));
}

std::string count_text(std::uint64_t count) {
  if (count < 1'000'000) return std::to_string(count);
  return tidy_exponent(fmt::format("{:.4g}", static_cast<double>(count)));
}

std::string duration_text(double seconds) {
  struct Unit {
    double size;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
  for (const Unit& unit : kUnits)
    if (seconds >= 2 * unit.size) return number_text(seconds / unit.size, 3) + ' ' + unit.name;
  return std::isnan(seconds) ? "" : number_text(seconds, 3) + " s";
}

std::string probability_text(double p) {
  if (std::isnan(p)) return "";
  return p < 1e-99 ? "<1e-99" : tidy_exponent(fmt::format("{:.2g}", p));
}

std::string p_value_text(double p) {
  const std::string text = probability_text(p);
  if (text.empty()) return "";
  return text[0] == '<' ? "p < " + text.substr(1) : "p = " + text;
}

std::size_t display_width(const std::string& utf8) {
  static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const auto begins = [](char c) { return (c & 0xC0) != 0x80; };
  if (!kUtf8 || std::all_of(utf8.begin(), utf8.end(), [](char c) { return c >= ' '; }))
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), begins));
  const locale_t before = uselocale(kUtf8);
  std::size_t width = 0;
  std::mbstate_t state{};
  for (std::size_t at = 0; at < utf8.size();) {
    wchar_t character = 0;
    const std::size_t size = std::mbrtowc(&character, utf8.data() + at, utf8.size() - at, &state);
    const bool valid = size > 0 && size <= utf8.size() - at;
    if (!valid) state = {};
    width += valid ? static_cast<std::size_t>(std::max(wcwidth(character), 0)) : 1;
    at += valid ? size : 1;
  }
  uselocale(before);
  return width;
}

}  // namespace leafcast::analysis
