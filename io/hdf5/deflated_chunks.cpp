#include "io/hdf5/deflated_chunks.h"

#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "io/hdf5/hdf5.h"

namespace leafcast::io::h5 {

namespace {

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

/// In zlib's format, as HDF5's filter writes it.
std::span<const std::byte> deflated(std::span<const std::byte> bytes, std::vector<std::byte>& buffer) {
  static const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(static_cast<int>(kDeflateEffort)));
  if (!compressor) throw std::bad_alloc();
  buffer.resize(libdeflate_zlib_compress_bound(compressor.get(), bytes.size()));
  const std::size_t size =
      libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(), buffer.data(), buffer.size());
  return std::span(buffer).first(size);
}

void inflate(std::span<const std::byte> bytes, std::span<std::byte> into) {
  static const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  if (libdeflate_zlib_decompress(decompressor.get(), bytes.data(), bytes.size(), into.data(), into.size(),
                                 nullptr) != LIBDEFLATE_SUCCESS)
    throw Error("a chunk that cannot be decompressed");
}

bool is_zero(std::span<const std::byte> bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Every `planes`-th word, from `plane` on.
void gather(std::span<const std::byte> rows, std::size_t plane, std::size_t planes,
            std::vector<std::byte>& into) {
  const std::size_t words = rows.size() / (planes * sizeof(std::uint64_t));
  const std::byte* from = rows.data() + plane * sizeof(std::uint64_t);
  std::byte* to = into.data();
  for (std::size_t i = 0; i < words; ++i, from += planes * sizeof(std::uint64_t), to += sizeof(std::uint64_t))
    std::memcpy(to, from, sizeof(std::uint64_t));
}

void scatter(std::span<const std::byte> plane_words, std::size_t plane, std::size_t planes,
             std::span<std::byte> rows) {
  std::byte* to = rows.data() + plane * sizeof(std::uint64_t);
  for (std::size_t at = 0; at < plane_words.size();
       at += sizeof(std::uint64_t), to += planes * sizeof(std::uint64_t))
    std::memcpy(to, plane_words.data() + at, sizeof(std::uint64_t));
}

}  // namespace

std::optional<DeflatedChunks> DeflatedChunks::of(hid_t dataset, const Extent& extent) {
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  if (extent.empty() || H5Pget_layout(properties) != H5D_CHUNKED ||
      std::endian::native != std::endian::little)
    return {};
  Extent chunk(extent.size());
  if (H5Pget_chunk(properties, static_cast<int>(chunk.size()), chunk.data()) !=
      static_cast<int>(chunk.size()))
    return {};
  const Handle type(H5Dget_type(dataset), H5Tclose);
  DeflatedChunks chunks;
  chunks.dimensions_ = extent.size();
  chunks.element_bytes_ = H5Tget_size(type);
  chunks.row_bytes_ = chunks.element_bytes_;
  for (std::size_t i = 1; i < extent.size(); ++i) {
    if (extent[i] == 0 || chunks.row_bytes_ > kMostChunkBytes / extent[i]) return {};
    chunks.row_bytes_ *= extent[i];
  }
  chunks.rows_ = chunk[0];
  if (extent.size() > 1 && chunk.back() == 1 && chunks.element_bytes_ == sizeof(std::uint64_t))
    chunks.planes_ = chunk.back() = std::max<hsize_t>(extent.back(), 1);
  unsigned flags = 0;
  std::size_t values = 0;
  const bool is_deflated =
      H5Tget_class(type) != H5T_STRING && H5Pget_nfilters(properties) == 1 &&
      H5Pget_filter2(properties, 0, &flags, &values, nullptr, 0, nullptr, nullptr) == H5Z_FILTER_DEFLATE;
  if (!is_deflated || chunks.rows_ == 0 || chunks.rows_ > kMostChunkBytes / chunks.row_bytes_ ||
      !std::equal(chunk.begin() + 1, chunk.end(), extent.begin() + 1))
    return {};
  return chunks;
}

void DeflatedChunks::write(hid_t dataset, hsize_t first, hsize_t count, const std::byte* from) const {
  const std::size_t whole = rows_ * row_bytes_;
  std::vector<std::byte> padded, plane_words(planes_ > 1 ? whole / planes_ : 0), previous, buffer;
  std::span<const std::byte> bytes;
  for (hsize_t done = 0; done < count; done += rows_) {
    std::span<const std::byte> rows(from + done * row_bytes_, std::min(rows_, count - done) * row_bytes_);
    if (rows.size() < whole) {
      padded.assign(rows.begin(), rows.end());
      padded.resize(whole);
      rows = padded;
    }
    Extent offset(dimensions_, 0);
    offset[0] = first + done;
    for (hsize_t plane = 0; plane < planes_; ++plane) {
      std::span<const std::byte> words = rows;
      if (planes_ > 1) {
        gather(rows, plane, planes_, plane_words);
        words = plane_words;
      }
      if (is_zero(words)) continue;
      // Digits that only extend signs are the same in all planes.
      if (planes_ == 1 || plane == 0 || bytes.empty() || !std::ranges::equal(words, previous)) {
        bytes = deflated(words, buffer);
        if (planes_ > 1) previous.assign(words.begin(), words.end());
      }
      if (planes_ > 1) offset.back() = plane;
      check(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset.data(), bytes.size(), bytes.data()));
    }
  }
}

std::span<const std::byte> DeflatedChunks::stored(hid_t dataset, const Extent& offset) {
  const std::size_t whole = rows_ * row_bytes_ / planes_;
  hsize_t size = 0;
  // One that was never written has no size, which HDF5 1.10 calls an error.
  if (H5Dget_chunk_storage_size(dataset, offset.data(), &size) < 0) {
    if (last_error() != "chunk storage is not allocated") throw_last_error();
    size = 0;
  }
  if (size > whole + whole / 8 + 4096) throw Error("a chunk of absurd size");
  if (size == 0) return {};
  stored_.resize(size);
  std::uint32_t left_out = 0;  // filters
  check(H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &left_out, stored_.data()));
  if (left_out != 0 && size != whole) throw Error("a chunk of another size than its dataset says");
  plane_.resize(whole);
  if (left_out == 0)
    inflate(stored_, plane_);
  else
    std::ranges::copy(stored_, plane_.begin());
  return plane_;
}

void DeflatedChunks::load(hid_t dataset, hsize_t number) {
  Extent offset(dimensions_, 0);
  offset[0] = number * rows_;
  loaded_ = kNone;
  chunk_.assign(rows_ * row_bytes_, std::byte{0});
  for (hsize_t plane = 0; plane < planes_; ++plane) {
    if (planes_ > 1) offset.back() = plane;
    const std::span<const std::byte> words = stored(dataset, offset);
    if (words.empty()) continue;
    if (planes_ == 1)
      chunk_.swap(plane_);
    else
      scatter(words, plane, planes_, chunk_);
  }
  loaded_ = number;
}

void DeflatedChunks::read(hid_t dataset, hsize_t first, hsize_t count, std::byte* to) {
  while (count > 0) {
    const hsize_t number = first / rows_, within = first % rows_;
    const hsize_t rows = std::min(count, rows_ - within);
    if (loaded_ != number) load(dataset, number);
    to = std::copy_n(chunk_.data() + within * row_bytes_, rows * row_bytes_, to);
    first += rows;
    count -= rows;
  }
}

void DeflatedChunks::forget() {
  loaded_ = kNone;
  chunk_ = {};
  stored_ = {};
  plane_ = {};
}

}  // namespace leafcast::io::h5
