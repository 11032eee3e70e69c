#pragma once
#include <string>

namespace leafcast::jobs {

/// The text of a file that people write, at most 1 MiB. Throws IoError if it cannot be read, UsageError if it
/// is larger or, with the line, if it holds bytes that are no text. Line ends become "\n"; a byte order mark
/// is dropped.
std::string read_text_file(const std::string& path);

}  // namespace leafcast::jobs
