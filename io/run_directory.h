#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "io/lock.h"

namespace leafcast::io {

/// A run directory: plan.txt, sweep.ini, parts/NNNNNN.<hash>.h5, lock, and results.h5 when all is done.
/// One writer at a time. Parts are immutable: written under a temporary name, fsynced, renamed, directory
/// fsynced. The hash in a part's name is that of its bytes (XXH3, 64 bits), so damage is found before HDF5
/// sees the file.
class RunDirectory {
 public:
  /// Creates the directory or reopens it, takes the lock, and checks that the plan is the same.
  /// Throws DataError: a directory of another plan (with the differing cells); IoError: cannot be written, or
  /// in use.
  static RunDirectory open_for_writing(const std::filesystem::path& directory, const Plan& plan,
                                       const LockTiming& timing = {});
  ~RunDirectory();
  RunDirectory(RunDirectory&&) noexcept;
  RunDirectory& operator=(RunDirectory&&) noexcept;

  /// Everything in whole parts: what earlier runs have left, and what write_part has added since.
  const Record& record() const;
  /// Writes a part that holds `delta`: no-op for an empty ledger; throws std::logic_error for another plan or
  /// for chunks that a part has already, IoError if it cannot be written.
  void write_part(const Record& delta);
  std::filesystem::path results_path() const;
  /// The text of cost.json; empty if it is not there or cannot be read.
  std::string cost_text() const;
  void write_cost(const std::string& text);
  /// status.json: what the run says of itself while it lasts.
  void write_status(const std::string& text);

 private:
  RunDirectory();
  struct State;
  std::unique_ptr<State> state_;
};

/// What a run directory tells someone who only looks: who writes there, and the text of status.json (empty if
/// there is none). Reads a few small files and changes nothing. Throws IoError if there is no such directory.
struct RunView {
  std::optional<LockState> lock;
  std::string status_text;
  bool has_plan = false;
  bool has_results = false;
};
RunView look_at_run(const std::filesystem::path& directory);

/// Reads any mixture of run directories, part files and results files into one record.
/// Throws IoError: nothing there; DataError: foreign file, damage, different plans, overlapping ledgers. The
/// same part given twice counts once.
Record read_record(const std::vector<std::filesystem::path>& paths);

/// A damage found by verify: which file, what is wrong, which chunks of which cells are affected if known.
struct Damage {
  std::filesystem::path file;
  std::string problem;
};
/// Checks every part (and results.h5) of a directory, or one file. Reads all, changes nothing.
std::vector<Damage> verify(const std::filesystem::path& path);

}  // namespace leafcast::io
