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
#include "io/record/seal.h"

namespace leafcast::io {

/// The layout of parts and results: io/FORMAT.md. Raise it with every change there. Each file has the lowest
/// version that can express it, so that earlier programs read what they can. 2: cells of several seeds; 3:
/// splitting; 4: cells with goals; 5: entropies, writers of their own structure; 6: grammars,
/// pairs.
inline constexpr std::int32_t kFormatVersion = 7;

enum class FileType { part, results };

/// Throws DataError if the tallies of a plan that was read are more than this machine's memory.
void require_memory(const Plan& plan);

/// A part or results file in the making. Equal records give equal bytes.
class RecordImage {
 public:
  /// Lays down everything that parts and results share. A part holds the cells that have chunks; results, all
  /// cells. Throws ContractError if a tally does not have the shape that its cell implies.
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

/// A part or results file, opened from its bytes. HDF5 sees them once their seal holds, and whatever it says
/// is checked against the plan.
class RecordFile {
 public:
  /// Throws DamageError: empty, no HDF5 file, not sealed, hash does not match; DataError: of another kind of
  /// file or of a newer leafcast.
  explicit RecordFile(std::span<const std::byte> bytes);

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
  h5::File file_;
  FileType type_ = FileType::part;
  std::string plan_hash_;
  std::uint64_t most_rows_ = 0;  ///< that a table of a file of this size can have
};

}  // namespace leafcast::io
