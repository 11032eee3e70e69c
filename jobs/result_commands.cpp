// Commands that read what runs have left: merge, table, fit, report, verify.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "analysis/estimates.h"
#include "analysis/fits.h"
#include "analysis/report.h"
#include "analysis/table.h"
#include "engine/printable.h"
#include "io/results.h"
#include "io/run_directory.h"
#include "jobs/program.h"
#include "jobs/progress.h"
#include "jobs/provenance.h"
#include "jobs/say.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

using Paths = std::vector<std::filesystem::path>;

/// Parses; false if only help was wanted.
bool parsed(Options& options, const Arguments& arguments) {
  options.parse(arguments);
  if (options.wants_help()) fmt::print("{}", options.help());
  return !options.wants_help();
}

Paths paths(const Options& options, const std::string& command) {
  const std::vector<std::string> given = options.positional();
  if (given.empty())
    throw UsageError(
        fmt::format("leafcast {} needs a run directory or a file: see leafcast {} --help", command, command));
  return {given.begin(), given.end()};
}

struct Analysed {
  Record record;
  std::vector<Estimate> estimates;
  std::vector<Fit> fits;
};

Analysed analyse(const Options& options, const std::string& command) {
  Analysed all;
  all.record = io::read_record(paths(options, command));
  if (all.record.ledger.count() == 0)
    throw DataError("no chunk is done yet: wait for the run's first part, or start it with leafcast run");
  all.estimates = analysis::estimates(all.record);
  all.fits = analysis::fits(all.record, all.estimates);
  if (!all.record.complete())
    say("note: {} of {} chunks are done; errors are those of what is there\n", all.record.ledger.count(),
        all.record.plan.total_chunks());
  return all;
}

void add_format(Options& options) {
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|csv|json"),
                "how to print");
  options.add()("output,o", po::value<std::string>()->value_name("FILE"),
                "write to FILE instead of the terminal");
}

template <class Write>
void write_output(const Options& options, Write write) {
  if (!options.has("output")) {
    write(std::cout);
    std::cout.flush();
    if (!std::cout) throw IoError("cannot write to the output: it was closed or is full");
    return;
  }
  const std::string name = options.get<std::string>("output");
  std::ofstream file(name);
  if (file) write(file);
  file.flush();
  if (!file)
    throw IoError(fmt::format("cannot write {}: check the folder, its permissions and the space left", name));
}

}  // namespace

ExitCode merge_command(const Arguments& arguments, const Arguments& command_line) {
  Options options("merge", "DIR|FILE…",
                  "Unites runs (slices of one sweep), parts and results into one results file.", false);
  options.add()("output,o", po::value<std::string>()->value_name("FILE"), "results file to write (required)");
  if (!parsed(options, arguments)) return ExitCode::done;
  if (!options.has("output")) throw UsageError("no results file: say where to write with -o results.h5");
  const Analysed all = analyse(options, "merge");
  io::write_results(options.get<std::string>("output"), all.record, all.estimates, all.fits,
                    provenance(command_line, 1));
  return all.record.complete() ? ExitCode::done : ExitCode::more_to_do;
}

ExitCode table_command(const Arguments& arguments, const Arguments&) {
  Options options("table", "DIR|FILE…",
                  "Prints estimates with standard errors, beside exact values where they are known.", false);
  add_format(options);
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Analysed all = analyse(options, "table");
  write_output(options,
               [&](std::ostream& out) { analysis::write_table(out, format, all.record, all.estimates); });
  return ExitCode::done;
}

ExitCode fit_command(const Arguments& arguments, const Arguments&) {
  Options options("fit", "DIR|FILE…", "Fits the asymptotic laws, beside their predicted coefficients.",
                  false);
  add_format(options);
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Analysed all = analyse(options, "fit");
  write_output(options, [&](std::ostream& out) { analysis::write_fits(out, format, all.fits); });
  return ExitCode::done;
}

ExitCode report_command(const Arguments& arguments, const Arguments& command_line) {
  Options options("report", "DIR|FILE…",
                  "Writes one self-contained page, and every figure with its data beside it.", false);
  options.add()("output,o", po::value<std::string>()->default_value("report.html")->value_name("FILE"),
                "page to write");
  if (!parsed(options, arguments)) return ExitCode::done;
  const Analysed all = analyse(options, "report");
  const std::string page = options.get<std::string>("output");
  analysis::write_report(page, all.record, all.estimates, all.fits, provenance(command_line, 1));
  say("report: {}\n", page);
  return ExitCode::done;
}

ExitCode verify_command(const Arguments& arguments, const Arguments&) {
  Options options("verify", "DIR|FILE…", "Reads every part and results file and names whatever is damaged.",
                  false);
  if (!parsed(options, arguments)) return ExitCode::done;
  std::size_t damages = 0;
  for (const std::filesystem::path& path : paths(options, "verify"))
    for (const io::Damage& damage : io::verify(path)) {
      fmt::print("{}: {}\n", printable(damage.file.string()), printable(damage.problem));
      ++damages;
    }
  if (damages == 0) fmt::print("no damage found\n");
  return damages == 0 ? ExitCode::done : ExitCode::bad_data;
}

}  // namespace leafcast::jobs
