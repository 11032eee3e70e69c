#pragma once
#include <filesystem>
#include <vector>

namespace leafcast::io {

/// Refuses to write where it would destroy what was computed: over an input, or over what belongs to a run
/// directory (its parts, plan, lock …). `as_results`: the file will hold the results of the inputs as they
/// are, so that it may take the place of results.h5 in the only input's directory, as `run` would write it.
/// Throws UsageError; IoError if a path cannot be looked up.
void require_harmless_output(const std::filesystem::path& output,
                             const std::vector<std::filesystem::path>& inputs, bool as_results = false);

}  // namespace leafcast::io
