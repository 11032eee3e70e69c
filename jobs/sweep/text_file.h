#pragma once
#include <cstddef>
#include <string>

namespace leafcast::jobs {

/// The text of a file that people write, at most so many bytes. Throws IoError if it cannot be read,
/// UsageError if it is larger or, with the line, if it holds bytes that are no text. Line ends become "\n"; a
/// byte order mark is dropped.
std::string read_text_file(const std::string& path, std::size_t most_bytes = std::size_t{1} << 20);

}  // namespace leafcast::jobs
