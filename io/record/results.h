#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "engine/plan/record.h"

namespace leafcast::io {

/// What results hold besides the record.
struct Derived {
  /// Shown the sums of each cell that has some, in order, as they are written; may be empty.
  std::function<void(std::uint32_t cell, const CellTally& bins)> see;
  /// The estimates; asked for once, when all sums have been shown. May be empty.
  std::function<const std::vector<Estimate>&()> estimates;
  /// Makes all fits after that, one after the other, those of one law together, and shows them. May be empty.
  std::function<void(const std::function<void(const Fit&)>& use)> each_fit;
  /// Name → text: program version, git state, command line, compiler, libraries, hosts, SLURM ids.
  std::map<std::string, std::string> provenance;
};

/// Writes results.h5 (layout: io/FORMAT.md; it is part of the program's contract), reading the record's sums once. Atomic:
/// temporary name, fsync, rename. Everything outside /provenance is a function of the record and of what is derived from
/// it, byte for byte. `checkpoint`: until the file is in its place.
void write_results(const std::filesystem::path& path, const Record& record, const Derived& derived,
                   const Checkpoint& checkpoint = {});
/// With all of it made before.
void write_results(const std::filesystem::path& path, const Record& record,
                   const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                   const std::map<std::string, std::string>& provenance);

}  // namespace leafcast::io
