#pragma once
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>

#include "jobs/commands/options.h"

/// Where commands that read print to.
namespace leafcast::jobs {

/// --format and --output.
void add_format(Options& options);

/// Calls write(stream) with the terminal, or with the file of --output, which must be none of the command's
/// inputs. Throws UsageError, IoError.
void write_output(const Options& options, const std::string& command,
                  const std::function<void(std::ostream&)>& write);

/// Columns of the terminal that is written to; elsewhere those that the environment asks for, or 80.
std::size_t output_columns(const Options& options);

}  // namespace leafcast::jobs
