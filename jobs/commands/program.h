#pragma once
#include "engine/error.h"
#include "jobs/commands/options.h"

namespace leafcast::jobs {

/// One subcommand; the arguments are those after its name. `command_line` is the whole, for the record.
struct Command {
  const char* name;
  const char* synopsis;
  const char* summary;
  ExitCode (*run)(const Arguments& arguments, const Arguments& command_line);
};
const std::vector<Command>& commands();

ExitCode plan_command(const Arguments& arguments, const Arguments& command_line);
ExitCode run_command(const Arguments& arguments, const Arguments& command_line);
ExitCode sample_command(const Arguments& arguments, const Arguments& command_line);
ExitCode grammar_command(const Arguments& arguments, const Arguments& command_line);
ExitCode score_command(const Arguments& arguments, const Arguments& command_line);
ExitCode status_command(const Arguments& arguments, const Arguments& command_line);
ExitCode merge_command(const Arguments& arguments, const Arguments& command_line);
ExitCode table_command(const Arguments& arguments, const Arguments& command_line);
ExitCode fit_command(const Arguments& arguments, const Arguments& command_line);
ExitCode report_command(const Arguments& arguments, const Arguments& command_line);
ExitCode verify_command(const Arguments& arguments, const Arguments& command_line);

/// Runs the program and gives its exit code. Errors become one message on the error stream.
ExitCode run_program(const Arguments& command_line);
/// Prints "leafcast: …" for the exception being handled and gives its exit code.
ExitCode report_error();

}  // namespace leafcast::jobs
