#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "engine/plan/record.h"
#include "io/run/run_directory.h"
#include "jobs/commands/options.h"

/// What the commands that read results have in common.
namespace leafcast::jobs {

using Paths = std::vector<std::filesystem::path>;

/// Parses; false if only help was wanted, which is then printed.
bool parsed(Options& options, const Arguments& arguments);

/// The positional arguments. Throws UsageError if there are none.
Paths paths(const Options& options, const std::string& command);

/// A record with all that is derived from it.
struct Analysed {
  Record record;
  std::vector<Estimate> estimates;
  std::vector<Fit> fits;
};

/// Throws DataError if nothing is done yet.
Analysed analyse(Record record);
/// Reads and analyses the positional arguments, and notes on the error stream if chunks are missing.
Analysed analyse(const Options& options, const std::string& command);

}  // namespace leafcast::jobs
