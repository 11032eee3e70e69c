#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/cell.h"
#include "engine/vocabulary.h"

/// Sequence files: what `sample` writes and `score` reads. All are specified in FORMAT.md.
namespace leafcast::io {

enum class SequenceFormat {
  hdf5,  ///< /sequences [sample][position], chunked and compressed, described by attributes
  npy,   ///< NumPy array [sample][position], int8, uint8 or uint16
  raw,   ///< little-endian uint8 or uint16 tokens, described by <file>.json
  text   ///< a line a sequence, symbols or token numbers separated by spaces
};

/// What a file says of its sequences. Files of others may say little: what is unknown is empty or 0.
struct SequenceHeader {
  StreamKind stream = StreamKind::leaves;
  Parameters parameters;      ///< of the cell that wrote them (cell.h); empty if unknown
  std::uint64_t samples = 0;  ///< sequences; 0 if not known before the end (text)
  std::uint64_t length = 0;   ///< tokens of each; 0 if they differ
  int vocabulary = 0;         ///< number of tokens; 0 if unknown
};

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
  /// The format is found from the content. Throws IoError; DataError: no sequence file, damaged, truncated,
  /// larger than its header says or its header larger than sense.
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

}  // namespace leafcast::io
