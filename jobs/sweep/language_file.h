#pragma once
#include <string>

namespace leafcast::jobs {

/// The key of a cell that the sweep key language.file gives: the engine reads no files. A kernel's is its
/// matrix, a grammar's its rules.
std::string file_key(const std::string& language_kind);
/// Whether a cell's key is given by a file.
bool is_given_by_file(const std::string& key);
/// The value of that key. Throws IoError if the file cannot be read, UsageError with file and line for what
/// is in it.
std::string read_language_file(const std::string& language_kind, const std::string& path);

}  // namespace leafcast::jobs
