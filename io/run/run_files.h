#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/plan/ledger.h"
#include "io/record/record_file.h"

namespace leafcast::io {

/// What stands where in a run directory.
struct RunFiles {
  std::filesystem::path directory;
  std::filesystem::path plan() const { return directory / "plan.txt"; }
  std::filesystem::path sweep() const { return directory / "sweep.ini"; }
  std::filesystem::path cost() const { return directory / "cost.json"; }
  std::filesystem::path status() const { return directory / "status.json"; }
  std::filesystem::path lock() const { return directory / "lock"; }
  std::filesystem::path parts() const { return directory / "parts"; }
  std::filesystem::path results() const { return directory / "results.h5"; }
  std::filesystem::path damaged() const { return directory / "damaged"; }

  /// Throws DataError if one of the run's own files is something else, which reading could wait for or never
  /// end: a pipe, a device, a directory.
  void require_plain_files() const;
  /// Throws DataError if one of them is a symbolic link to elsewhere, so that writing would leave the
  /// directory.
  void require_within() const;
  /// Throws DataError: no run directory, or a damaged plan. The sweep's text is empty if it is missing.
  Plan read_plan() const;
  /// What is in parts/, unfinished and hidden files left out: parts by number, and files that are none.
  struct Listing {
    std::vector<std::filesystem::path> parts, strangers;
    bool operator==(const Listing&) const = default;
  };
  Listing list() const;
};

/// Name of a part: NNNNNN.<content hash>.h5.
struct PartName {
  std::uint64_t number = 0;
  std::string hash;
  std::string text() const;
  static std::optional<PartName> parse(const std::string& name);
};

/// A file that holds a record.
struct Source {
  std::filesystem::path path;
  std::filesystem::path
      run;           ///< the run directory whose part or results it is; empty if it was given by itself
  std::string hash;  ///< content hash; filled by scan()
  std::vector<std::string> replaces;
  std::uint64_t plan_hash = 0;  ///< of the plan that it must be of; used where plans are pooled
};

/// The DataError of a damaged file, which a run sets aside.
struct DamagedFile : DataError {
  DamagedFile(std::filesystem::path file, std::string reason, const std::string& remedy)
      : DataError(file.string() + ": " + reason + "; " + remedy),
        path(std::move(file)),
        problem(std::move(reason)) {}
  std::filesystem::path path;
  std::string problem;
};

/// Opens a part or results file. Throws as RecordFile, and DamageError if its name's hash is not the content's.
RecordFile open_record_file(const std::filesystem::path& path);
/// What to do about a damaged file.
std::string remedy(const Source& source);
/// Calls read(). DataErrors get the source's name; of damage, DamagedFile is thrown.
template <class Read>
auto naming(const Source& source, Read read) {
  const std::string name = source.path.string();
  try {
    return read();
  } catch (const DamageError& e) {
    throw DamagedFile(source.path, e.what(), remedy(source));
  } catch (const DataError& e) {
    throw DataError(name + ": " + e.what());
  }
}
/// Calls use(RecordFile) for a source.
template <class Use>
void with_record_file(const Source& source, Use use) {
  naming(source, [&] { use(open_record_file(source.path)); });
}

/// For a reader whose files a run has removed since it listed them, since it compacts its parts. That takes a
/// while, and meets a reader again who is faster: waits, the longer the more attempts have failed. False if
/// they were too many.
bool wait_for_compaction(int attempts);

/// Fills hash and replaces.
void scan(std::vector<Source>& sources);
/// Keeps one of equal sources, and takes out those that another replaces, which it returns.
std::vector<Source> take_out_superseded(std::vector<Source>& sources);
/// That two sources, whose ledgers are given, share a chunk, and what to do.
std::string describe_overlap(const Plan& plan, const Source& one, const Ledger& ledger, const Source& other,
                             const Ledger& other_ledger);
/// Which of the earlier sources shares which chunk with a later one, whose ledger is given.
std::string describe_overlap(const Plan& plan, std::span<const Source> earlier, const Source& later,
                             const Ledger& ledger);
/// How two plans differ, for people: the first few cells and parameters ("there" and "here").
std::string describe_difference(const Plan& there, const Plan& here);

}  // namespace leafcast::io
