#include "jobs/commands/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "engine/printable.h"
#include "io/hdf5/hdf5.h"
#include "jobs/commands/launch.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"
#include "jobs/sweep/nearest.h"
#include "workers/mpi_communicator.h"

namespace leafcast::jobs {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"plan", "SWEEP…", "show the cells, chunks, cost and memory of a sweep", plan_command},
      {"run", "SWEEP… -o DIR", "sample what the sweep asks for; the same command continues", run_command},
      {"sample", "SWEEP… -o DIR", "the same, and write the sentences: corpora", sample_command},
      {"score", "FILE…", "score sequences beside the language and its k-grams", score_command},
      {"grammar", "SWEEP…", "show what is exactly known of random grammars; export them", grammar_command},
      {"status", "DIR|FILE…", "show how far runs are, also while they run", status_command},
      {"merge", "DIR|FILE… -o results.h5", "unite runs, parts and results; pool seeds if asked",
       merge_command},
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
      "  mpirun -n N leafcast run …    N ranks of one run (--alone: N processes that know nothing of each other)\n\n"
      "Commands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<8}{:<26}{}\n", command.name, command.synopsis, command.summary);
  return text + "\nleafcast COMMAND --help shows its options; leafcast --version the version.\n";
}

}  // namespace

ExitCode report_error() {
  try {
    throw;
  } catch (const Error& e) {
    say("leafcast: {}\n", printable(e.what()));
    return e.code();
  } catch (const std::system_error& e) {
    say("leafcast: {}; check that the output can be written\n", printable(e.what()));
    return ExitCode::io_error;
  } catch (const std::bad_alloc&) {
    say("leafcast: out of memory: the sweep needs more than this machine has; see leafcast plan, or "
        "run fewer ranks a node\n");
    return ExitCode::internal;
  } catch (const std::exception& e) {
    say("leafcast: internal error: {}; please report it with the command line and the sweep\n",
        printable(e.what()));
    return ExitCode::internal;
  }
}

namespace {

/// What a command printed must have arrived.
ExitCode with_output_written(ExitCode code) {
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    throw IoError("cannot write to the output: it was closed or is full; give it somewhere to go");
  return code;
}

ExitCode dispatch(const Arguments& command_line) {
  const std::string name = command_line.size() > 1 ? command_line[1] : "";
  io::h5::prepare_library();  // while there is memory: HDF5 does not bear it that there is none
  if (name == "run") return run_command({command_line.begin() + 2, command_line.end()}, command_line);
  if (name == "sample") return sample_command({command_line.begin() + 2, command_line.end()}, command_line);
  // Everything else is the work of one process; under mpirun the others have nothing to do. Whether they were asked
  // for the same is not found out: a second process of one rank must not start MPI again.
  if (!workers::is_first_rank()) {
    if (workers::launcher_rank() == 1)
      say("note: leafcast {} is done by rank 0 alone; with {} every process does its own\n", name,
          kAloneOption);
    return ExitCode::done;
  }
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
}

}  // namespace

ExitCode run_program(const Arguments& command_line) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an output that cannot be written
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a file at the limit of its size
  rlimit files{};                 // a directory has some hundred parts, and many may be read together
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = std::max<rlim_t>(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 1 << 16));
    setrlimit(RLIMIT_NOFILE, &files);
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  try {
    return with_output_written(dispatch(take_alone(command_line)));
  } catch (const Unheard&) {
    return ExitCode::usage;
  } catch (...) {
    return report_error();
  }
}

}  // namespace leafcast::jobs
