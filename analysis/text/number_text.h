#pragma once
#include <cstdint>
#include <string>

namespace leafcast::analysis {

/// A value with its standard error in the last digits, 1377.2(31) for 1377.2 ± 3.1; six digits if there is no
/// error to show, with a question mark if the error is unknown. Empty for NaN.
std::string value_text(double value, double error);

/// So many significant digits. Empty for NaN.
std::string number_text(double value, int digits = 6);

/// Leaves of a sentence: 6561, and 2.1e14.
std::string leaves_text(double n);

/// "1.2e-88" → "1.2×10⁻⁸⁸", "<1e-99" → "<10⁻⁹⁹", wherever a number ends so: for print, where there are superscripts.
std::string with_powers(const std::string& text);

/// A deviation in standard errors with its sign, "+0.3". Empty for NaN.
std::string z_text(double z);

/// 20000, but 1e6 and 2.5e9.
std::string count_text(std::uint64_t count);

/// "0.45 s", "45 s", "12.5 min", "3.4 h", "2.1 d". Empty for NaN.
std::string duration_text(double seconds);

/// A probability with two digits, "<1e-99" where it underflows. Empty for NaN.
std::string probability_text(double p);
/// "p = 0.03", "p < 1e-99". Empty for NaN.
std::string p_value_text(double p);

/// Columns that a terminal shows: two for wide characters, none for accents that combine.
std::size_t display_width(const std::string& utf8);

}  // namespace leafcast::analysis
