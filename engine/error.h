#pragma once
#include <stdexcept>
#include <string>

namespace leafcast {

/// Exit codes of the program (sysexits.h where one fits). Libraries throw; only main() turns a code into an
/// exit.
enum class ExitCode : int {
  done = 0,
  usage = 64,
  bad_data = 65,
  internal = 70,
  io_error = 74,
  more_to_do = 75
};

/// An error a user can act on: what is wrong, why, and what to do. The text reads "problem: reason; remedy".
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string text) : std::runtime_error(std::move(text)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A sweep, option or parameter that cannot be used (exit 64).
struct UsageError : Error {
  explicit UsageError(std::string text) : Error(ExitCode::usage, std::move(text)) {}
};

/// A file that is foreign, damaged or of another plan (exit 65).
struct DataError : Error {
  explicit DataError(std::string text) : Error(ExitCode::bad_data, std::move(text)) {}
};

/// The operating system refused to read or write (exit 74).
struct IoError : Error {
  explicit IoError(std::string text) : Error(ExitCode::io_error, std::move(text)) {}
};

/// Told to stop before it was done (exit 75): what is written stays, and the same command continues.
struct Interrupted : Error {
  explicit Interrupted(std::string text) : Error(ExitCode::more_to_do, std::move(text)) {}
};

}  // namespace leafcast
