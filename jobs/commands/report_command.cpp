// The page, or the pages, of results.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "analysis/present/comparisons.h"
#include "analysis/present/report.h"
#include "io/run/output_path.h"
#include "io/run/run_directory.h"
#include "io/run/run_files.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/options.h"
#include "jobs/commands/program.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"
#include "jobs/commands/selection.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

constexpr std::size_t kManyCells = 500;  // more than one page is for

std::size_t count_sampled(const Record& record) {
  std::size_t count = 0;
  for (std::uint32_t cell = 0; cell < record.plan.cells().size(); ++cell)
    count += record.ledger.count(cell) > 0;
  return count;
}

/// Whether a name is that of a directory: it ends in a slash, or there is one.
bool names_directory(const std::string& output) {
  std::error_code ignored;
  return output.ends_with('/') || std::filesystem::is_directory(output, ignored);
}

void require_harmless_directory(const std::filesystem::path& directory, const Paths& inputs) {
  if (std::filesystem::exists(io::RunFiles{directory}.plan()))
    throw UsageError(fmt::format("-o {}: the directory of a run; choose another, as in -o {}",
                                 directory.string(), (directory / "report/").string()));
  io::require_harmless_output(directory / "index.html", inputs);
}

/// The keys of --compare, of which the last name will do.
std::vector<std::string> compared_keys(const Options& options, const Plan& plan) {
  std::vector<std::string> keys;
  if (!options.has("compare")) return keys;
  const std::vector<std::string> known = analysis::comparable_keys(plan);
  for (const std::string& name : list_of(options, "compare")) {
    std::vector<std::string> meant;
    for (const std::string& key : known)
      if (key == name || key.ends_with("." + name)) meant.push_back(key);
    if (known.empty())
      throw UsageError(fmt::format("--compare {}: the cells of this run differ in nothing", name));
    if (meant.empty())
      throw UsageError(fmt::format("--compare {}: the cells of this run do not differ in that, but in {}",
                                   name, fmt::join(known, ", ")));
    if (meant.size() > 1)
      throw UsageError(fmt::format("--compare {}: which of {}?", name, fmt::join(meant, ", ")));
    keys.push_back(meant.front());
  }
  return keys;
}

}  // namespace

ExitCode report_command(const Arguments& arguments, const Arguments& command_line) {
  Options options(
      "report", "DIR|FILE…",
      "Writes a self-contained page, or a directory of them, and every figure with its data beside it.",
      false);
  options.add()(
      "output,o", po::value<std::string>()->value_name("FILE|DIR/"),
      "the page to write, or a directory (ends in /, or is one): index.html with maps, and pages of at most "
      "5 MB with all cells. Default: report.html, or report/ for more than 500 cells");
  add_law(options);
  add_languages(options);
  options.add()(
      "figures", po::value<std::string>()->value_name("TEXT,…"),
      "only figures whose name has one of these in it, of all languages: e.g. 'variance', 'law-', 'required'");
  options.add()(
      "compare", po::value<std::string>()->value_name("KEY,…"),
      "also figures over a key in which cells differ, e.g. d or language.rho: statistics, and k*/n with a power law");
  if (!parsed(options, arguments)) return ExitCode::done;
  const Paths inputs = paths(options, "report");
  const bool is_chosen = options.has("output");
  std::string output = is_chosen ? options.get<std::string>("output") : "report.html";
  bool is_directory = is_chosen && names_directory(output);
  const auto require_harmless = [&] {
    if (is_directory)
      require_harmless_directory(output, inputs);
    else
      io::require_harmless_output(output, inputs);
  };
  require_harmless();
  Analysed all = analyse(options, "report");
  keep_languages(options, all);
  keep_laws(options, all.fits);
  const analysis::ReportChoice choice{
      options.has("figures") ? list_of(options, "figures") : std::vector<std::string>(),
      compared_keys(options, all.record.plan)};
  if (!is_chosen && count_sampled(all.record) > kManyCells) {
    output = "report/";
    is_directory = true;
    require_harmless();
  }
  analysis::Provenance origin{{}, provenance(command_line, 1)};
  for (const std::filesystem::path& path : inputs)
    origin.runs.emplace_back(path.string(), io::read_provenance(path));
  if (is_directory) {
    const std::filesystem::path folder = std::filesystem::path(output) / "";
    const std::size_t pages = analysis::write_report_pages(folder.parent_path(), all.record, all.estimates,
                                                           all.fits, origin, choice);
    say("report: {} ({} pages)\n", (folder / "index.html").string(), pages);
    return ExitCode::done;
  }
  if (const std::size_t left_out =
          analysis::write_report(output, all.record, all.estimates, all.fits, origin, choice);
      left_out > 0)
    say("note: {} rows of tables have no room on one page of 5 MB: -o DIR/ writes pages with all of them\n",
        left_out);
  say("report: {}\n", output);
  return ExitCode::done;
}

}  // namespace leafcast::jobs
