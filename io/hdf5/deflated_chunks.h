#pragma once
#include <hdf5.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace leafcast::io::h5 {

using Extent = std::vector<hsize_t>;

inline constexpr unsigned kDeflateEffort = 1;
inline constexpr hsize_t kMostChunkBytes =
    64 << 20;  ///< what a reader allocates for a chunk that a file declares

/// A dataset of numbers that lies in deflated chunks, each of whole rows or, of a dataset in planes, of whole rows but
/// for the last dimension, of which it has one index. Compresses and decompresses them here, several times as fast as
/// through HDF5's filters. Chunks of zeros are not written, which reads as zeros and takes neither room nor time: high
/// digits of sums are such planes.
class DeflatedChunks {
 public:
  /// Nothing if the dataset lies in another way, or if its rows of a chunk take more than kMostChunkBytes.
  static std::optional<DeflatedChunks> of(hid_t dataset, const Extent& extent);

  hsize_t rows() const { return rows_; }  ///< a chunk
  /// Rows from the first of a chunk on: to the end of a chunk, or of the dataset.
  void write(hid_t dataset, hsize_t first, hsize_t count, const std::byte* from) const;
  /// Throws Error for a chunk that is not what it should be.
  void read(hid_t dataset, hsize_t first, hsize_t count, std::byte* to);
  /// Lets go of the chunk that was read last, which is kept since its other rows are often asked for next.
  void forget();

 private:
  DeflatedChunks() = default;
  void load(hid_t dataset, hsize_t number);
  /// A chunk as it is stored, decompressed: good until the next; empty if it was never written.
  std::span<const std::byte> stored(hid_t dataset, const Extent& offset);

  std::size_t dimensions_ = 0, element_bytes_ = 0, row_bytes_ = 0;
  hsize_t rows_ = 0, planes_ = 1;
  static constexpr hsize_t kNone = ~hsize_t{0};
  hsize_t loaded_ = kNone;
  std::vector<std::byte> chunk_;           // rows_ whole rows
  std::vector<std::byte> stored_, plane_;  // of what was read last, compressed and not
};

}  // namespace leafcast::io::h5
