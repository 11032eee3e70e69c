#pragma once
#include <string>

namespace leafcast::jobs {

/// Reads a stochastic matrix: a row a line, numbers separated by blanks or commas, # comments; returns it as
/// language.matrix has it ("0.9 0.1; 0.2 0.8"). Throws UsageError with file and line (not square, ragged,
/// more than 64 symbols, no probability, a row that does not sum to 1); IoError if the file cannot be read.
std::string read_kernel_file(const std::string& path);

}  // namespace leafcast::jobs
