#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/record.h"
#include "io/file/lock.h"

namespace leafcast::io {

/// A damaged file that a run has moved out of its way, to DIR/damaged, where nothing is ever overwritten.
struct SetAside {
  std::filesystem::path file, now;
  std::string problem;
  std::string consequence;  ///< what becomes of its contents
};

/// A run directory: plan.txt, sweep.ini, parts/NNNNNN.<hash>.h5, lock, and results.h5 when all is done.
/// One writer at a time. Parts are immutable: written under a temporary name, fsynced, renamed, directory
/// fsynced. The hash in a part's name is that of its bytes (XXH3, 64 bits), so damage is found before HDF5
/// sees the file.
class RunDirectory {
 public:
  /// Creates the directory or reopens it, takes the lock, and checks that the plan is the same.
  /// Damaged files are set aside: what they alone held is then missing from the record, to be computed anew.
  /// Throws DataError: a directory of another plan (with the differing cells), files that are whole but of
  /// another plan, of a newer program or overlapping; IoError: cannot be written, or in use.
  static RunDirectory open_for_writing(const std::filesystem::path& directory, const Plan& plan,
                                       const LockTiming& timing = {});
  ~RunDirectory();
  RunDirectory(RunDirectory&&) noexcept;
  RunDirectory& operator=(RunDirectory&&) noexcept;

  /// Everything in whole parts: what earlier runs have left, and what write_part has added since.
  const Record& record() const;
  /// Writes a part that holds `delta`: no-op for an empty ledger; throws ContractError for another plan or
  /// for chunks that a part has already, IoError if it cannot be written.
  void write_part(const Record& delta);
  std::filesystem::path results_path() const;
  /// What was damaged when the directory was opened, or has been set aside since.
  const std::vector<SetAside>& set_aside() const;
  /// Moves a damaged file of this directory to DIR/damaged. Throws IoError.
  void set_aside(const std::filesystem::path& file, const std::string& problem,
                 const std::string& consequence);
  /// Reads all bytes of the parts again, which may have been written long ago. Throws DataError if one is damaged.
  void check_parts() const;
  /// Throws IoError if another run has taken this directory over, or someone has removed the lock.
  void check_held() const;
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

/// What to do with plans that differ in their seeds: refuse them like any other two plans, or pool their
/// samples (engine/plan/pool.h; also of cells within one plan).
enum class Seeds { apart, pooled };

/// Reads any mixture of run directories, part files and results files into one record.
/// Throws IoError: nothing there; DataError: foreign file, damage, different plans, overlapping ledgers. The
/// same part given twice counts once, and so do parts and one that replaces them.
Record read_record(const std::vector<std::filesystem::path>& paths, Seeds seeds = Seeds::apart);

/// Where the results of a run directory, or a results file, come from: entries of its /provenance. Nothing
/// if there are no results yet, or if they cannot be read: then read_record has more to say.
std::map<std::string, std::string> read_provenance(const std::filesystem::path& path);

}  // namespace leafcast::io
