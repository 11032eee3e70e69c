#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leafcast {

/// A whole number as people write it: "81", "1e5", "1.5e3", "2^10". Empty if the text is anything else,
/// negative, not whole, or above 2^64 − 1.
std::optional<std::uint64_t> parse_whole(std::string_view text);

/// A finite real number: "0.9", "-0.5", "1e-3", "2^10". Empty if the text is anything else.
std::optional<double> parse_real(std::string_view text);

/// The shortest text that parse_real turns into the same number.
std::string format_real(double value);

/// The upper one of the two in the middle; there is a value at least.
double median(std::vector<double> values);

}  // namespace leafcast
