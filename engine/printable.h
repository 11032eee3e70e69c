#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace leafcast {

/// Whether nothing in the text could steer a terminal or break a line: UTF-8 without control characters.
bool is_printable(std::string_view text);

/// The text, with every byte that is_printable objects to as \x1b. For messages, which may quote files of
/// strangers.
std::string printable(std::string_view text);

/// At most so many bytes of the text, then an ellipsis.
std::string shortened(std::string_view text, std::size_t most = 80);

}  // namespace leafcast
