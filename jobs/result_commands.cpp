// Commands that read what runs have left: status, table, fit, report, verify.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "analysis/report.h"
#include "analysis/table.h"
#include "io/output_path.h"
#include "io/run_directory.h"
#include "jobs/inputs.h"
#include "jobs/program.h"
#include "jobs/progress.h"
#include "jobs/provenance.h"
#include "jobs/say.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

void add_format(Options& options) {
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|csv|json"),
                "how to print");
  options.add()("output,o", po::value<std::string>()->value_name("FILE"),
                "write to FILE instead of the terminal");
}

template <class Write>
void write_output(const Options& options, const std::string& command, Write write) {
  if (!options.has("output")) {
    write(std::cout);
    std::cout.flush();
    if (!std::cout) throw IoError("cannot write to the output: it was closed or is full");
    return;
  }
  const std::string name = options.get<std::string>("output");
  io::require_harmless_output(name, paths(options, command));
  std::ofstream file(name);
  if (file) write(file);
  file.flush();
  if (!file)
    throw IoError(fmt::format("cannot write {}: check the folder, its permissions and the space left", name));
}

}  // namespace

ExitCode status_command(const Arguments& arguments, const Arguments&) {
  Options options("status", "DIR", "Shows how far a run is, from the parts that it has written.", false);
  if (!parsed(options, arguments)) return ExitCode::done;
  const Record record = io::read_record(paths(options, "status"));
  const Plan& plan = record.plan;
  if (!plan.title().empty()) fmt::print("{}\n", plan.title());
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell)
    fmt::print("{:3.0f}%  {}/{}  {}\n",
               100.0 * static_cast<double>(record.ledger.count(cell)) / plan.chunks(cell),
               record.ledger.count(cell), plan.chunks(cell), plan.cells()[cell].label());
  fmt::print("{} of {} chunks are in parts{}\n", record.ledger.count(), plan.total_chunks(),
             record.complete() ? ": complete" : "");
  return record.complete() ? ExitCode::done : ExitCode::more_to_do;
}

ExitCode table_command(const Arguments& arguments, const Arguments&) {
  Options options("table", "DIR|FILE…",
                  "Prints estimates with standard errors, beside exact values where they are known.", false);
  add_format(options);
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Analysed all = analyse(options, "table");
  write_output(options, "table",
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
  write_output(options, "fit", [&](std::ostream& out) { analysis::write_fits(out, format, all.fits); });
  return ExitCode::done;
}

ExitCode report_command(const Arguments& arguments, const Arguments& command_line) {
  Options options("report", "DIR|FILE…",
                  "Writes one self-contained page, and every figure with its data beside it.", false);
  options.add()("output,o", po::value<std::string>()->default_value("report.html")->value_name("FILE"),
                "page to write");
  if (!parsed(options, arguments)) return ExitCode::done;
  const std::string page = options.get<std::string>("output");
  io::require_harmless_output(page, paths(options, "report"));
  const Analysed all = analyse(options, "report");
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
      fmt::print("{}: {}\n", damage.file.string(), damage.problem);
      ++damages;
    }
  if (damages == 0) fmt::print("no damage found\n");
  return damages == 0 ? ExitCode::done : ExitCode::bad_data;
}

}  // namespace leafcast::jobs
