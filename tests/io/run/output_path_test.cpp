#include "io/run/output_path.h"

#include <fstream>

#include "io/record/results.h"
#include "io/run/run_directory.h"
#include "io/run/run_files.h"
#include "tests/io/fixtures.h"

namespace output_path_test {

using namespace leafcast;
using namespace leafcast::io;

TEST_CASE("nothing is written over an input, or over what belongs to a run") {
  const Scratch scratch;
  const Plan plan("", {ising_cell()}, "");
  for (const char* name : {"run", "other"})
    RunDirectory::open_for_writing(scratch / name, plan).write_part(random_record(plan, 1));
  const fs::path run = scratch / "run", results = scratch / "results.h5";
  write_results(results, random_record(plan, 1), {}, {}, {});
  const auto refused = [&](const fs::path& output, const std::vector<fs::path>& inputs,
                           bool as_results = true) {
    return message_of<UsageError>([&] { require_harmless_output(output, inputs, as_results); });
  };
  const auto allowed = [](const fs::path& output, const std::vector<fs::path>& inputs,
                          bool as_results = true) {
    CHECK_NOTHROW(require_harmless_output(output, inputs, as_results));
  };

  SECTION("new files, and old ones that are no input") {
    allowed(scratch / "new.h5", {run, results});
    allowed(results, {run});
    allowed(scratch / "none/new.h5", {run});
    allowed(run / "merged.h5", {run, scratch / "other"});
    allowed("new.h5", {run});
  }
  SECTION("an input, by any path") {
    CHECK(refused(results, {run, results}).find("one of the inputs") != std::string::npos);
    refused(scratch / "run/../results.h5", {results});
    fs::create_symlink(results, scratch / "link.h5");
    refused(results, {scratch / "link.h5"});
    refused(scratch / "link.h5", {results});
  }
  SECTION("the parts of any run") {
    for (const fs::path& directory : {run, scratch / "other"})
      CHECK(refused(directory / "parts/new.h5", {run}).find("only a run itself writes parts") !=
            std::string::npos);
    fs::create_directory_symlink(run / "parts", scratch / "elsewhere");
    refused(scratch / "elsewhere/new.h5", {run});
    refused(RunFiles{run}.list().parts[0], {run});
    fs::create_directory(scratch / "parts");
    allowed(scratch / "parts/new.h5", {run});  // no run's
  }
  SECTION("what a run needs") {
    for (const char* name : {"plan.txt", "sweep.ini", "lock", "cost.json", "status.json"})
      CHECK(refused(run / name, {run}).find("a file that the run needs") != std::string::npos);
    refused(run / "plan.txt", {results});
  }
  SECTION("results.h5 of a run, unless it is made of this run alone") {
    allowed(run / "results.h5", {run});
    allowed(run / "results.h5", {run, run / "."});
    refused(run / "results.h5", {run}, false);
    refused(run / "results.h5", {run, scratch / "other"});
    refused(run / "results.h5", {scratch / "other"});
    refused(run / "results.h5", {results});
  }
  SECTION("a directory") {
    CHECK(refused(run, {results}).find("a directory, not a file") != std::string::npos);
  }
}

}  // namespace output_path_test
