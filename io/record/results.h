#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::io {

/// Writes results.h5 (layout: io/FORMAT.md; it is part of the program's contract). Atomic: temporary name,
/// fsync, rename. Everything outside /provenance is a function of the record alone, byte for byte.
/// `provenance`: name → text (program version, git state, command line, compiler, libraries, hosts, SLURM
/// ids). `each_fit`: makes all fits, one after the other, those of one law together, and shows them. `checkpoint`: until
/// the file is in its place.
using EachFit = std::function<void(const std::function<void(const Fit&)>& use)>;  ///< empty: there are none
void write_results(const std::filesystem::path& path, const Record& record,
                   const std::vector<Estimate>& estimates, const EachFit& each_fit,
                   const std::map<std::string, std::string>& provenance, const Checkpoint& checkpoint = {});

}  // namespace leafcast::io
