#include <fmt/format.h>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/fit/fits.h"
#include "engine/plan/stages.h"
#include "io/record/results.h"
#include "io/run/output_path.h"
#include "io/run/run_directory.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/missing.h"
#include "jobs/commands/program.h"
#include "jobs/commands/provenance.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

/// The chunks of each input by itself, if they are all of this plan.
std::vector<Ledger> ledgers(const Paths& inputs, const Plan& plan) {
  std::vector<Ledger> list;
  for (const std::filesystem::path& input : inputs) {
    Record record = io::read_record({input});
    if (record.plan.hash() != plan.hash()) return {};
    list.push_back(std::move(record.ledger));
  }
  return list;
}

void say_what_was_pooled(const Plan& plan) {
  std::size_t pooled = 0;
  for (const Cell& cell : plan.cells()) pooled += cell.is_pooled() ? 1 : 0;
  if (pooled == 0)
    say("note: no two cells differ in their seeds alone, so there was nothing to combine\n");
  else
    say("{} of {} cells have the samples of several seeds\n", pooled, plan.cells().size());
}

}  // namespace

ExitCode merge_command(const Arguments& arguments, const Arguments& command_line) {
  Options options(
      "merge", "DIR|FILE…",
      "Unites runs (slices of one sweep), parts and results into one results file. Exit code 75 if "
      "chunks are missing.",
      false);
  options.add()("output,o", po::value<std::string>()->value_name("FILE"), "results file to write (required)");
  options.add()("combine-seeds",
                "count samples of other seeds as more samples of the same cells: pool cells that differ in "
                "nothing but seed and number of samples");
  if (!parsed(options, arguments)) return ExitCode::done;
  if (!options.has("output")) throw UsageError("no results file: say where to write with -o results.h5");
  const std::filesystem::path output = options.get<std::string>("output");
  const Paths inputs = paths(options, "merge");
  const bool pools = options.has("combine-seeds");
  io::require_harmless_output(output, inputs, !pools);

  const Record record = io::read_record(inputs, pools ? io::Seeds::pooled : io::Seeds::apart);
  analysis::Estimator estimator(record.plan);
  io::Derived derived;
  derived.see = [&](std::uint32_t cell, const CellTally& bins) { estimator.add(cell, bins); };
  derived.estimates = [&]() -> const std::vector<Estimate>& { return estimator.estimates(); };
  derived.each_fit = [&](const std::function<void(const Fit&)>& use) {
    analysis::each_fit(record, estimator.estimates(), use);
  };
  derived.provenance = provenance(command_line, 1);
  io::write_results(output, record, derived);
  if (pools) say_what_was_pooled(record.plan);
  say("results: {}\n", output.string());
  const std::vector<std::uint32_t> wanted = wanted_chunks(record, analysis::check_goal);
  if (record.ledger.count() == sum(wanted)) return ExitCode::done;
  say("note: {} of {} chunks are done, and errors are those of what is there; {}; run what is missing and "
      "merge "
      "again\n",
      record.ledger.count(), sum(wanted),
      describe_missing(record.plan, record.ledger, wanted, ledgers(inputs, record.plan)));
  return ExitCode::more_to_do;
}

}  // namespace leafcast::jobs
