#include "jobs/commands/inputs.h"

#include <fmt/format.h>

#include "analysis/estimate/estimates.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/fit/fits.h"
#include "engine/error.h"
#include "engine/plan/stages.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

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

Analysed analyse(Record record) {
  if (record.ledger.count() == 0)
    throw DataError("no chunk is done yet: wait for the run's first part, or start it with leafcast run");
  Analysed all{std::move(record), {}, {}};
  all.estimates = analysis::estimates(all.record);
  all.fits = analysis::fits(all.record, all.estimates);
  return all;
}

Analysed analyse(const Options& options, const std::string& command) {
  Analysed all = analyse(io::read_record(paths(options, command)));
  const std::uint64_t wanted = sum(wanted_chunks(all.record, analysis::check_goal));
  if (all.record.ledger.count() < wanted)
    say("note: {} of {} chunks are done; errors are those of what is there\n", all.record.ledger.count(),
        wanted);
  return all;
}

}  // namespace leafcast::jobs
