#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/checkpoint.h"
#include "engine/sequences/vocabulary.h"
#include "io/file/posix.h"

/// Sequence files: what `sample` writes and `score` reads. All are specified in FORMAT.md.
namespace leafcast::io {

enum class SequenceFormat {
  npy,   ///< NumPy array [sequence][position], int8 (leaves), uint8 or uint16
  raw,   ///< little-endian tokens, described by <file>.json
  hdf5,  ///< /sequences [sequence][position], chunked and compressed, described by attributes
  text   ///< a line a sequence: token numbers separated by blanks, or one character a leaf
};
const char* format_name(SequenceFormat format);
/// ".npy", ".bin", ".h5", ".txt"
const char* format_extension(SequenceFormat format);
std::optional<SequenceFormat> format_of_name(const std::string& name);

/// What a file says of its sequences. Files of others may say little: what is unknown is empty or 0.
struct SequenceHeader {
  std::optional<StreamKind> stream;
  Parameters parameters;            ///< of the cell that wrote them (cell.h)
  std::uint64_t samples = 0;        ///< sequences; 0 if not known before the end (text)
  std::uint64_t length = 0;         ///< tokens of each; 0 if they differ
  int vocabulary = 0;               ///< number of tokens
  std::int64_t segment_tokens = 0;  ///< tokens between two memory states, of streams that have them
};
/// The header as JSON, with the vocabulary's words; and back. Throws DataError.
std::string header_json(const SequenceHeader& header);
SequenceHeader header_of_json(const std::string& text);

/// Some sequences, one after the other: sequence i is tokens[starts[i]] … tokens[starts[i + 1] − 1].
struct Sequences {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> starts{0};
  std::size_t size() const { return starts.size() - 1; }
  std::span<const std::int32_t> operator[](std::size_t i) const {
    return std::span(tokens).subspan(starts[i], starts[i + 1] - starts[i]);
  }
};

/// Reads a sequence file in pieces of bounded memory.
class SequenceReader {
 public:
  /// The format is found from the content; of headerless text or arrays the caller must know the stream.
  /// Throws IoError; DataError: no sequence file, damaged, truncated, or not what its header says.
  static std::unique_ptr<SequenceReader> open(const std::filesystem::path& path);
  virtual ~SequenceReader() = default;
  const SequenceHeader& header() const { return header_; }
  SequenceFormat format() const { return format_; }
  /// The next sequences, at most about `tokens` tokens of them but at least one; none at the end. Throws as
  /// open does.
  virtual Sequences read(std::size_t tokens) = 0;

 protected:
  SequenceHeader header_;
  SequenceFormat format_ = SequenceFormat::raw;
};

struct RowLayout;
class RowHash;

/// A file of rows of one length, which many may write at once, each at its place. HDF5 files are first rows
/// of a plain array, and packed when all are there.
class RowFile {
 public:
  /// Creates the file in its full size, unless it is there with that size: rows that were written stay. Its
  /// header and the JSON beside it are written anew if they are not as they should be. `ours`: a regular file of
  /// another size has been cut or overwritten since, and gets its size back; else it is refused. Throws IoError;
  /// DataError if something else is there.
  static void create(const std::filesystem::path& path, SequenceFormat format, const SequenceHeader& header,
                     bool ours = false);
  /// Bytes of the whole file (before packing).
  static std::uint64_t bytes(SequenceFormat format, const SequenceHeader& header);
  /// What is wrong with the file as a whole, and with the JSON beside it; empty if nothing is. Throws IoError.
  static std::string problem(const std::filesystem::path& path, SequenceFormat format,
                             const SequenceHeader& header);
  /// Hash of these rows, as hash() gives it when they are written.
  static std::uint64_t hash_of(SequenceFormat format, const SequenceHeader& header,
                               std::span<const std::uint16_t> tokens);
  /// Hash of rows of a file, as hash() gave it when they were written; 0 if they are not all there. Throws
  /// IoError.
  static std::uint64_t hash(const std::filesystem::path& path, SequenceFormat format,
                            const SequenceHeader& header, std::uint64_t first, std::uint64_t rows);

  RowFile(const std::filesystem::path& path, SequenceFormat format, const SequenceHeader& header);
  ~RowFile();
  RowFile(RowFile&&) noexcept;
  /// Writes rows first, first + 1 … ; tokens[row][position]. Throws IoError.
  void write(std::uint64_t first, std::span<const std::uint16_t> tokens);
  /// Makes what was written durable. Throws IoError.
  void sync();
  /// XXH3 (64 bits, never 0) of the bytes of all rows that were written since it was last asked, in that order.
  std::uint64_t hash();

 private:
  std::filesystem::path path_;
  Descriptor fd_;
  std::unique_ptr<RowLayout> layout_;
  std::uint64_t length_;
  std::vector<std::byte> buffer_;
  std::unique_ptr<RowHash> hash_;
};

/// Turns the plain rows at `rows` into a compressed HDF5 file, atomically, in bounded memory. `checkpoint`: between
/// blocks, and before the file appears. Returns the file's hash (XXH3, 64 bits). Throws IoError.
std::uint64_t pack_hdf5(const std::filesystem::path& rows, const std::filesystem::path& to,
                        const SequenceHeader& header, const Checkpoint& checkpoint = {});
/// XXH3 (64 bits) of a whole file, in bounded memory. Throws IoError.
std::uint64_t file_hash(const std::filesystem::path& path);

}  // namespace leafcast::io
