#include "io/run/output_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "engine/error.h"
#include "io/run/run_files.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

bool is_same(const fs::path& one, const fs::path& other) {
  return fs::exists(one) && fs::exists(other) && fs::equivalent(one, other);
}

bool is_run(const fs::path& directory) { return fs::exists(RunFiles{directory}.plan()); }

[[noreturn]] void refuse(const fs::path& output, const std::string& reason) {
  throw UsageError(fmt::format("-o {}: {}; choose another name", output.string(), reason));
}

/// A file in a run directory or in its parts/.
void check_run(const fs::path& output, const fs::path& directory, const fs::path& name,
               const std::vector<fs::path>& inputs, bool as_results) {
  const RunFiles files{directory};
  if (is_run(directory.parent_path()) && directory.filename() == RunFiles{}.parts())
    refuse(output, "only a run itself writes parts into its directory");
  if (!is_run(directory)) return;
  if (name == RunFiles{}.results()) {
    const bool replaces_its_own =
        std::ranges::all_of(inputs, [&](const fs::path& input) { return is_same(input, directory); });
    if (!as_results || !replaces_its_own)
      refuse(output, "the place of the results of this run, and of nothing else");
  }
  for (const fs::path& own : {files.plan(), files.sweep(), files.cost(), files.lock(), files.status()})
    if (name == own.filename()) refuse(output, "a file that the run needs");
  static const std::regex corpus(R"(corpus\.(json|xxh|again)|corpus-\d{4,}\..*)");
  if (std::regex_match(name.string(), corpus)) refuse(output, "a file of the run's corpus");
}

}  // namespace

void require_harmless_output(const fs::path& output, const std::vector<fs::path>& inputs,
                             bool as_results) try {
  if (fs::is_directory(output)) refuse(output, "a directory, not a file");
  for (const fs::path& input : inputs)
    if (is_same(input, output)) refuse(output, "one of the inputs, which would be lost");
  for (const fs::path& path : {fs::weakly_canonical(fs::absolute(output).parent_path()) / output.filename(),
                               fs::weakly_canonical(fs::absolute(output))})  // and where a link leads to
    check_run(output, path.parent_path(), path.filename(), inputs, as_results);
} catch (const fs::filesystem_error& e) {
  throw IoError(fmt::format("cannot write {}: {}; check the path and its permissions", output.string(),
                            e.code().message()));
}

}  // namespace leafcast::io
