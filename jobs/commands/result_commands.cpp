// Commands that read what runs have left: table, fit, report, verify.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "analysis/estimate/goal_check.h"
#include "analysis/present/fit_tables.h"
#include "analysis/present/grammar_tables.h"
#include "analysis/present/report.h"
#include "analysis/present/table.h"
#include "engine/printable.h"
#include "engine/values.h"
#include "io/run/output_path.h"
#include "io/run/run_directory.h"
#include "io/run/verify.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/output.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

ExitCode table_command(const Arguments& arguments, const Arguments&) {
  Options options("table", "DIR|FILE…",
                  "Prints estimates with standard errors, beside exact values where they are known.", false);
  add_format(options);
  options.add()(
      "over-grammars",
      "average over grammars that differ in their seeds alone, with the error that their spread gives");
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Analysed all = analyse(options, "table");
  const std::size_t columns = output_columns(options);
  const bool average = options.has("over-grammars");
  const auto averages = analysis::averages_over_grammars(all.record, all.estimates);
  if (average && averages.empty())
    throw UsageError("there are no grammars to average over: only cells of language.kind = rhm have them");
  write_output(options, "table", [&](std::ostream& out) {
    if (average) return analysis::write_averages(out, format, all.record, averages, columns);
    analysis::write_table(out, format, all.record, all.estimates, columns);
  });
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
  analysis::Provenance origin{{}, provenance(command_line, 1)};
  for (const std::filesystem::path& path : paths(options, "report"))
    origin.runs.emplace_back(path.string(), io::read_provenance(path));
  analysis::write_report(page, all.record, all.estimates, all.fits, origin);
  say("report: {}\n", page);
  return ExitCode::done;
}

namespace {

void print_text(const std::filesystem::path& path, const io::Verification& found) {
  for (const io::Damage& damage : found.damages)
    fmt::print("{}: {}\n  affected: {}\n", printable(damage.file.string()), printable(damage.problem),
               printable(damage.affected));
  if (!found.damages.empty())
    for (const io::MissingChunks& missing : found.missing)
      fmt::print("  missing: {}\n", printable(describe(missing)));
  for (const std::string& note : found.notes) fmt::print("note: {}\n", printable(note));
  if (found.damages.empty())
    fmt::print("no damage found in {}: {} of {} chunks are done\n", path.string(), found.done, found.chunks);
  else
    fmt::print("{} damage{} found in {}: {} of {} chunks are in whole files\n", found.damages.size(),
               found.damages.size() == 1 ? "" : "s", path.string(), found.done, found.chunks);
}

nlohmann::json as_json(const std::filesystem::path& path, const io::Verification& found) {
  nlohmann::json damages = nlohmann::json::array(), missing = nlohmann::json::array();
  for (const io::Damage& damage : found.damages)
    damages.push_back(
        {{"file", damage.file.string()}, {"problem", damage.problem}, {"affected", damage.affected}});
  for (const io::MissingChunks& cell : found.missing) {
    nlohmann::json intervals = nlohmann::json::array();
    for (const auto& interval : cell.missing)
      intervals.push_back({boost::icl::first(interval), boost::icl::last(interval)});
    missing.push_back(
        {{"cell", cell.cell}, {"label", cell.label}, {"chunks", cell.chunks}, {"missing", intervals}});
  }
  return {{"path", path.string()},  {"damages", damages}, {"done", found.done},
          {"chunks", found.chunks}, {"missing", missing}, {"notes", found.notes}};
}

}  // namespace

ExitCode verify_command(const Arguments& arguments, const Arguments&) {
  Options options("verify", "DIR|FILE…",
                  "Reads every part and results file, names whatever is damaged, and says what that affects.",
                  false);
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                "how to print");
  if (!parsed(options, arguments)) return ExitCode::done;
  const std::string format = options.get<std::string>("format");
  if (format != "text" && format != "json")
    throw UsageError(fmt::format("--format {}: verify prints text or json", format));
  bool damaged = false;
  nlohmann::json list = nlohmann::json::array();
  for (const std::filesystem::path& path : paths(options, "verify")) {
    const io::Verification found = io::verify(path, analysis::check_goal);
    damaged = damaged || !found.damages.empty();
    if (format == "text")
      print_text(path, found);
    else
      list.push_back(as_json(path, found));
  }
  if (format == "json")
    fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return damaged ? ExitCode::bad_data : ExitCode::done;
}

}  // namespace leafcast::jobs
