#include "jobs/commands/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <span>
#include <sstream>

#include "engine/error.h"
#include "engine/values.h"
#include "io/file/atomic_file.h"
#include "io/run/output_path.h"
#include "jobs/commands/inputs.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

void add_format(Options& options) {
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|csv|json"),
                "how to print");
  options.add()("output,o", po::value<std::string>()->value_name("FILE"),
                "write to FILE instead of the terminal");
}

void write_output(const Options& options, const std::string& command,
                  const std::function<void(std::ostream&)>& write) {
  if (!options.has("output")) {
    write(std::cout);
    std::cout.flush();
    if (!std::cout) throw IoError("cannot write to the output: it was closed or is full");
    return;
  }
  const std::string name = options.get<std::string>("output");
  if (!options.positional().empty()) io::require_harmless_output(name, paths(options, command));
  std::ostringstream text;
  write(text);
  const std::string written = text.str();
  io::write_atomically(name, std::as_bytes(std::span(written)));
}

/// Columns of the terminal that is written to; elsewhere those that the environment asks for, or 80.
std::size_t output_columns(const Options& options) {
  constexpr std::size_t kUsual = 80, kLeast = 40, kMost = 1000;
  winsize size{};
  if (!options.has("output") && isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0)
    return std::clamp<std::size_t>(size.ws_col, kLeast, kMost);
  const char* wanted = std::getenv("COLUMNS");
  const auto columns = wanted ? parse_whole(wanted) : std::nullopt;
  return columns ? std::clamp<std::size_t>(*columns, kLeast, kMost) : kUsual;
}

}  // namespace leafcast::jobs
