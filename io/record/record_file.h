#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/plan/plan.h"
#include "io/hdf5/hdf5.h"
#include "io/hdf5/isolated.h"

namespace leafcast::io {

/// The layout of parts and results: io/FORMAT.md. Raise it with every change there. Each file has the lowest
/// version that can express it, so that earlier programs read what they can. 2: cells of several seeds; 3:
/// splitting; 4: cells with goals; 5: entropies, writers of their own structure; 6: grammars,
/// pairs.
inline constexpr std::int32_t kFormatVersion = 6;

enum class FileType { part, results };

/// Bytes that are no whole leafcast file: the reason only. Whoever knows the file adds its name and the
/// remedy.
struct DamageError : DataError {
  using DataError::DataError;
};

/// HDF5 bytes and, behind their end, where HDF5 ignores it, a line with their hash. So damage anywhere is
/// found before the HDF5 library, which is not proof against it, sees a byte.
std::vector<std::byte> sealed(std::vector<std::byte> image);

/// Throws DataError if the tallies of a plan that was read are more than this machine's memory.
void require_memory(const Plan& plan);

/// A part or results file in the making. Equal records give equal bytes.
class RecordImage {
 public:
  /// Lays down everything that parts and results share. A part holds the cells that have chunks; results, all
  /// cells. Throws std::logic_error if a tally does not have the shape that its cell implies.
  RecordImage(FileType type, const Record& record);
  h5::Group root() const { return file_.root(); }
  const h5::Axis& cell_axis() const { return cell_; }
  std::vector<std::byte> finish() const { return sealed(file_.image()); }

 private:
  h5::File file_;
  std::vector<std::uint32_t> cells_;  ///< plan indices of the cells in the file
  h5::Axis cell_;
};

/// Bytes of a part file. `replaces`: content hashes of the parts that it makes superfluous (compaction).
std::vector<std::byte> encode_part(const Record& record, const std::vector<std::string>& replaces = {});

/// A part or results file, opened from its bytes. Trusts nothing in them: HDF5 reads them in a process of its
/// own.
class RecordFile {
 public:
  /// Throws DamageError: empty, no HDF5 file, not sealed, hash does not match; DataError: of another kind of
  /// file or of a newer leafcast; IoError: no process can be started.
  explicit RecordFile(std::span<const std::byte> bytes)
      : RecordFile(bytes, ReadingLimits::of(bytes.size())) {}
  RecordFile(std::span<const std::byte> bytes, const ReadingLimits& limits);

  FileType type() const { return type_; }
  const std::string& plan_hash() const { return plan_hash_; }  ///< 16 hexadecimal digits
  std::vector<std::string> replaces() const;
  /// Of a results file: the entries of /provenance that leafcast writes, as far as they are there. It is text
  /// that nothing vouches for.
  std::map<std::string, std::string> provenance() const;
  Plan plan() const;
  /// The chunks that the file holds, of the given plan. Throws DataError if it is of another plan.
  Ledger ledger(const Plan& plan) const;
  /// Adds the file's sums. Throws DataError: another plan, or a chunk that the record has; DamageError:
  /// anything that contradicts the plan or itself (the record is then half changed: drop it).
  void add_to(Record& record) const;

 private:
  IsolatedFile file_;
  FileType type_ = FileType::part;
  std::string plan_hash_;
  std::uint64_t most_rows_ = 0;  ///< that a table of a file of this size can have
};

}  // namespace leafcast::io
