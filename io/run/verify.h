#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/plan/goal.h"
#include "engine/plan/ledger.h"

namespace leafcast::io {

/// A file that commands refuse: what is wrong with it, and what that puts at stake.
struct Damage {
  std::filesystem::path file;
  std::string problem;
  std::string affected;
  bool is_unreadable = false;  ///< nobody knows whether it is damaged: permissions, a broken disk
};

/// The chunks of a cell that no whole file holds: not done yet, or lost.
struct MissingChunks {
  std::uint32_t cell = 0;  ///< index in the plan
  std::string label;
  std::uint32_t chunks = 0;  ///< of the cell, as far as they are wanted (engine/plan/stages.h)
  Ledger::Intervals missing;
};

/// What verify has found.
struct Verification {
  std::vector<Damage> damages;
  /// In whole files, and wanted of the plan, as far as is known; both 0 if no plan can be read.
  std::uint64_t done = 0, chunks = 0;
  std::vector<MissingChunks> missing;  ///< of a directory: cell by cell, those of the plan that are not done
  std::vector<std::string> notes;      ///< what stands there and is no damage: lock, unfinished files …
};

/// Checks every file of a run directory by itself and against the others, or one part or results file. Reads
/// all, changes nothing. `check` judges cells with goals; it may be empty if there are none. Throws IoError:
/// nothing there; DataError: a directory that is no run's.
Verification verify(const std::filesystem::path& path, const GoalCheck& check = {});

/// `wanted`: chunks that are to be done, by cell.
std::vector<MissingChunks> missing_chunks(const Plan& plan, const Ledger& done,
                                          const std::vector<std::uint32_t>& wanted);
/// "12 of 64 chunks of cell 3 (ising …): 4-9, 20-25": the first few intervals.
std::string describe(const MissingChunks& missing);

}  // namespace leafcast::io
