#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/plan.h"

namespace leafcast::io {

/// A file that commands refuse: what is wrong with it, and what that puts at stake.
struct Damage {
  std::filesystem::path file;
  std::string problem;
  std::string affected;
};

/// The chunks of a cell that no whole file holds: not done yet, or lost.
struct MissingChunks {
  std::uint32_t cell = 0;  ///< index in the plan
  std::string label;
  std::uint32_t chunks = 0;  ///< of the cell
  Ledger::Intervals missing;
};

/// What verify has found.
struct Verification {
  std::vector<Damage> damages;
  std::uint64_t done = 0, chunks = 0;  ///< in whole files, and of the plan; both 0 if no plan can be read
  std::vector<MissingChunks> missing;  ///< of a directory: cell by cell, those of the plan that are not done
  std::vector<std::string> notes;      ///< what stands there and is no damage: lock, unfinished files …
};

/// Checks every file of a run directory by itself and against the others, or one part or results file. Reads
/// all, changes nothing. Throws IoError: nothing there; DataError: a directory that is no run's.
Verification verify(const std::filesystem::path& path);

std::vector<MissingChunks> missing_chunks(const Plan& plan, const Ledger& done);
/// "12 of 64 chunks of cell 3 (ising …): 4-9, 20-25": the first few intervals.
std::string describe(const MissingChunks& missing);

}  // namespace leafcast::io
