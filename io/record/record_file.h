#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/plan/record.h"
#include "io/file/posix.h"
#include "io/hdf5/hdf5.h"
#include "io/record/moments.h"
#include "io/record/seal.h"

namespace leafcast::io {

/// The layout of parts and results: io/FORMAT.md. Raise it with every change there. Each file has the lowest
/// version that can express it, so that earlier programs read what they can. 2: cells of several seeds; 3:
/// splitting; 4: cells with goals; 5: entropies, writers of their own structure; 6: grammars,
/// pairs; 7: functionals; 8: parts with compressed plans.
inline constexpr std::int32_t kFormatVersion = 8;

enum class FileType { part, results };

/// Throws DataError if a cell of a plan that was read is too large for this machine's memory.
void require_memory(const Plan& plan);

/// A part or results file in the making. Equal records give equal bytes.
class RecordImage {
 public:
  /// Lays down everything that parts and results share, reading the record's sums one cell after the other. A part
  /// holds the cells that have chunks; results, all cells. Throws ContractError if a tally does not have the shape
  /// that its cell implies. `use`: is shown the sums of every cell as it is written; may be empty.
  using Use = std::function<void(std::uint32_t cell, const CellTally& bins)>;
  RecordImage(h5::File file, FileType type, const Record& record, const Use& use = {});
  h5::Group root() const { return file_.root(); }
  const h5::Axis& cell_axis() const { return *cell_; }
  /// Of a file in memory.
  std::vector<std::byte> finish() const { return sealed(file_.image()); }
  /// Of a file on the disk: all is written. errno of the first write that failed, or 0.
  int close();

 private:
  h5::File file_;
  std::optional<h5::Axis> cell_;
};

/// Writes a file atomically, by way of an image on the disk, however large the record. `fill` is given the image and
/// adds the rest. `to`: where the file goes, by its content hash; it is in the directory of `beside`, by whose name
/// errors call it. Throws IoError.
using Fill = std::function<void(RecordImage&)>;
std::filesystem::path write_record(const std::filesystem::path& beside, FileType type, const Record& record,
                                   const RecordImage::Use& use, const Fill& fill,
                                   const std::function<std::filesystem::path(const std::string& hash)>& to);

/// Adds what only parts have: hashes of chunks, and content hashes of the parts that it makes superfluous
/// (compaction).
void add_part_columns(RecordImage& image, std::vector<ChunkHash> hashes,
                      const std::vector<std::string>& replaces);
/// Bytes of a small part file.
std::vector<std::byte> encode_part(const Record& record, const std::vector<std::string>& replaces = {});

/// A part or results file that is open for reading. HDF5 sees it once its seal holds, and whatever it says is checked
/// against the plan.
class RecordFile {
 public:
  /// Throws DamageError: empty, no HDF5 file, not sealed, hash does not match; DataError: of another kind of
  /// file or of a newer leafcast.
  explicit RecordFile(std::span<const std::byte> bytes);
  /// The same of a file on the disk, which stays open. Throws IoError if it cannot be read.
  explicit RecordFile(const std::filesystem::path& path);

  FileType type() const { return type_; }
  const std::string& plan_hash() const { return plan_hash_; }  ///< 16 hexadecimal digits
  const std::string& content_hash() const { return content_hash_; }
  std::vector<std::string> replaces() const;
  /// Of a results file: the entries of /provenance that leafcast writes, as far as they are there. It is text
  /// that nothing vouches for.
  std::map<std::string, std::string> provenance() const;
  Plan plan() const;
  /// The chunks that the file holds, of the given plan. Throws DataError if it is of another plan.
  Ledger ledger(const Plan& plan) const;
  /// Hashes of its chunks. Throws DamageError.
  std::vector<ChunkHash> hashes(const Ledger& ledger) const;
  /// Adds the file's sums, in memory. Throws DataError: another plan, or a chunk that the record has; DamageError:
  /// anything that contradicts the plan or itself (the record is then half changed: drop it).
  void add_to(Record& record) const;
  /// Reads the bytes of a file on the disk again. Throws DamageError if they are no longer what they were.
  void check_unchanged() const;
  /// Reads all sums and hashes and forgets them. Throws as add_to.
  void check(const Plan& plan) const;

 private:
  friend class FileSums;
  std::string path_;  ///< empty: in memory
  Descriptor descriptor_{-1};
  std::string content_hash_;
  std::optional<h5::File> file_;
  FileType type_ = FileType::part;
  std::string plan_hash_;
  std::uint64_t bytes_ = 0, most_rows_ = 0;  ///< that a table of a file of this size can have

  void open(h5::File file, std::uint64_t bytes);
  /// Runs a reader, turning HDF5's complaints into ours.
  template <class Read>
  auto reading(Read read) const;
};

/// The sums of an open file, cell by cell.
class FileSums {
 public:
  /// The file must outlive it. Throws DataError if it is of another plan, DamageError.
  FileSums(const RecordFile& file, const Plan& plan);
  /// Plan indices of its cells, in order.
  const std::vector<std::uint32_t>& cells() const { return cells_; }
  /// Of cells()[first] … cells()[first + count − 1]. Throws DamageError.
  std::vector<CellTally> read(std::size_t first, std::size_t count) const;
  /// Lets go of what is kept between two calls.
  void rest() const { reader_->rest(); }

 private:
  const RecordFile& file_;
  std::vector<std::uint32_t> cells_;
  std::optional<MomentsReader> reader_;
};

}  // namespace leafcast::io
