#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/plan/plan.h"

namespace leafcast::jobs {

/// The most cells that a sweep may have, and hence the most values of a key.
inline constexpr std::size_t kMaxCells = 1'000'000;

/// A sweep key as the command line and the sweep files know it.
struct SweepKey {
  std::string name;         ///< full, e.g. "language.rho"
  std::string placeholder;  ///< e.g. "R" or "ising|coloring|potts|kernel"
  std::string help;         ///< one line
};
const std::vector<SweepKey>& sweep_keys();

/// One "key = value" with where it stands, for messages: "sweeps/ising.ini:9" or "--language.rho".
struct Setting {
  std::string key, value, where;
};

/// Reads sweep files (INI: [section] and key = value, or full dotted keys; # and ; start comments), applies
/// the overrides (from the command line) to each, expands lists and ranges, and returns the plan of all
/// cells. Throws UsageError with file, line, reason and remedy (the nearest known key for an unknown one);
/// IoError for a file that cannot be read. With no file the overrides alone are the sweep.
Plan read_sweeps(const std::vector<std::string>& files, const std::vector<Setting>& overrides);

}  // namespace leafcast::jobs
