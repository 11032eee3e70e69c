#include "jobs/program.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>

#include "jobs/nearest.h"
#include "jobs/provenance.h"
#include "workers/mpi_communicator.h"

namespace leafcast::jobs {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"plan", "SWEEP…", "show the cells, chunks, cost and memory of a sweep", plan_command},
      {"run", "SWEEP… -o DIR", "sample what the sweep asks for; the same command continues", run_command},
      {"status", "DIR", "show how far a run is", status_command},
      {"merge", "DIR|FILE… -o results.h5", "unite runs, parts and results of one plan", merge_command},
      {"table", "DIR|FILE", "print estimates with errors and exact values", table_command},
      {"fit", "DIR|FILE", "fit the asymptotic laws", fit_command},
      {"report", "DIR|FILE -o report.html", "write a page with plots, tables and fits", report_command},
      {"verify", "DIR|FILE", "check every file for damage", verify_command},
  };
  return all;
}

namespace {

std::string usage() {
  std::string text =
      "leafcast: Monte Carlo for hierarchical synthetic languages\n\n"
      "  leafcast COMMAND …            one process\n"
      "  mpirun -n N leafcast run …    N ranks\n\nCommands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<8}{:<26}{}\n", command.name, command.synopsis, command.summary);
  return text + "\nleafcast COMMAND --help shows its options; leafcast --version the version.\n";
}

}  // namespace

ExitCode report_error() {
  try {
    throw;
  } catch (const Error& e) {
    fmt::print(stderr, "leafcast: {}\n", e.what());
    return e.code();
  } catch (const std::bad_alloc&) {
    fmt::print(stderr,
               "leafcast: out of memory: the sweep needs more than this machine has; see leafcast plan, or "
               "run fewer ranks a node\n");
    return ExitCode::internal;
  } catch (const std::exception& e) {
    fmt::print(stderr, "leafcast: internal error: {}; please report it with the command line and the sweep\n",
               e.what());
    return ExitCode::internal;
  }
}

ExitCode run_program(const Arguments& command_line) {
  try {
    const std::string name = command_line.size() > 1 ? command_line[1] : "";
    if (name == "run") return run_command({command_line.begin() + 2, command_line.end()}, command_line);
    // Everything else is the work of one process; under mpirun the others have nothing to do.
    if (!workers::is_first_rank()) return ExitCode::done;
    if (name.empty() || name == "--help" || name == "-h" || name == "help") {
      fmt::print("{}", usage());
      return name.empty() ? ExitCode::usage : ExitCode::done;
    }
    if (name == "--version") {
      fmt::print("{}\n", version_text());
      return ExitCode::done;
    }
    std::vector<std::string> names;
    for (const Command& command : commands()) {
      if (name == command.name)
        return command.run({command_line.begin() + 2, command_line.end()}, command_line);
      names.emplace_back(command.name);
    }
    throw UsageError(fmt::format("unknown command {}: did you mean {}? leafcast --help lists all", name,
                                 find_nearest(name, names)));
  } catch (...) {
    return report_error();
  }
}

}  // namespace leafcast::jobs
