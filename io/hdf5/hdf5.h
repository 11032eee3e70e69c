#pragma once
#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// HDF5 files in memory or in descriptors of ours: as much of the C library as leafcast uses, with owners and
/// exceptions. The library itself never opens or locks a file. One thread at a time.
#include "io/hdf5/deflated_chunks.h"
#include "io/hdf5/disk_driver.h"

namespace leafcast::io::h5 {

/// An HDF5 call failed; the text is the library's innermost complaint.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The file's descriptor could not be read.
struct ReadError : Error {
  explicit ReadError(int of_errno) : Error("the file cannot be read"), error_number(of_errno) {}
  int error_number;
};

/// The library's innermost complaint about the last call that failed.
std::string last_error();
[[noreturn]] void throw_last_error();
/// Passes on the result of a call; throws Error if it is negative.
template <class Result>
Result check(Result result) {
  if (result < 0) throw_last_error();
  return result;
}

/// Silences the library, and forbids it to load filters and drivers from elsewhere.
void prepare_library();

/// Owns an HDF5 identifier.
class Handle {
 public:
  using Closer = herr_t (*)(hid_t);
  Handle(hid_t id, Closer closer) : id_(check(id)), closer_(closer) {}
  ~Handle() { close(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), closer_(other.closer_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  operator hid_t() const { return id_; }
  hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }
  /// True if that went well.
  bool close() { return id_ < 0 || closer_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }

 private:
  hid_t id_;
  Closer closer_;
};

/// HDF5's names for the number types that leafcast stores: as they lie in memory, and in files
/// (little-endian). And a number of ours for each.
template <class T>
struct Number;
template <>
struct Number<std::int32_t> {
  static constexpr int kIndex = 0;
  static hid_t memory() { return H5T_NATIVE_INT32; }
  static hid_t file() { return H5T_STD_I32LE; }
};
template <>
struct Number<std::int64_t> {
  static constexpr int kIndex = 1;
  static hid_t memory() { return H5T_NATIVE_INT64; }
  static hid_t file() { return H5T_STD_I64LE; }
};
template <>
struct Number<std::uint32_t> {
  static constexpr int kIndex = 2;
  static hid_t memory() { return H5T_NATIVE_UINT32; }
  static hid_t file() { return H5T_STD_U32LE; }
};
template <>
struct Number<std::uint64_t> {
  static constexpr int kIndex = 3;
  static hid_t memory() { return H5T_NATIVE_UINT64; }
  static hid_t file() { return H5T_STD_U64LE; }
};
template <>
struct Number<double> {
  static constexpr int kIndex = 4;
  static hid_t memory() { return H5T_NATIVE_DOUBLE; }
  static hid_t file() { return H5T_IEEE_F64LE; }
};

template <>
struct Number<std::int8_t> {
  static constexpr int kIndex = 5;
  static hid_t memory() { return H5T_NATIVE_INT8; }
  static hid_t file() { return H5T_STD_I8LE; }
};
template <>
struct Number<std::uint8_t> {
  static constexpr int kIndex = 6;
  static hid_t memory() { return H5T_NATIVE_UINT8; }
  static hid_t file() { return H5T_STD_U8LE; }
};
template <>
struct Number<std::uint16_t> {
  static constexpr int kIndex = 7;
  static hid_t memory() { return H5T_NATIVE_UINT16; }
  static hid_t file() { return H5T_STD_U16LE; }
};

/// An array of numbers. A "row" is all elements with one index of the first dimension.
class Dataset {
 public:
  explicit Dataset(Handle handle);
  hid_t id() const { return handle_; }
  const Extent& extent() const { return extent_; }
  std::size_t row_size() const;  ///< elements a row
  /// Rows that are compressed together; all rows if the dataset is not cut into chunks.
  hsize_t chunk_rows() const { return chunks_ ? chunks_->rows() : std::max<hsize_t>(extent_[0], 1); }
  /// Lets go of the chunk that was read last, which is kept since its other rows are often asked for next.
  void forget_chunk() const {
    if (chunks_) chunks_->forget();
  }
  /// Of a growing column that has so many rows: adds these.
  template <class T>
  void append(hsize_t rows, const std::vector<T>& values) {
    set_rows(rows + values.size());
    write_rows(rows, values.size(), std::span<const T>(values));
  }
  void append(hsize_t rows, const std::vector<std::string>& values);

  template <class T>
  void write(std::span<const T> all) {
    write_rows(0, extent_[0], all);
  }
  template <class T>
  void write_rows(hsize_t first, hsize_t count, std::span<const T> values) {
    transfer(first, count, Number<T>::memory(), values.size(), nullptr, values.data());
  }
  /// The caller has checked the extent. The file's type must be exactly T's: nothing is converted.
  template <class T>
  void read_rows(hsize_t first, hsize_t count, std::span<T> values) const {
    require_type(Number<T>::file());
    transfer(first, count, Number<T>::memory(), values.size(), values.data(), nullptr);
  }

 private:
  void set_rows(hsize_t rows);
  void require_type(hid_t type) const;
  void transfer(hsize_t first, hsize_t count, hid_t type, std::size_t size, void* to, const void* from) const;
  Handle handle_;
  Extent extent_;
  mutable std::optional<DeflatedChunks> chunks_;
};

/// Writes a dataset row by row, from the first on, in whole chunks.
template <class T>
class RowWriter {
 public:
  explicit RowWriter(Dataset dataset)
      : dataset_(std::move(dataset)), row_(dataset_.row_size()), rows_a_chunk_(dataset_.chunk_rows()) {}
  /// The next row, zero until it is filled in: good until the next call.
  std::span<T> next_row() {
    if (rows_ == rows_a_chunk_) flush();
    buffer_.resize(++rows_ * row_);
    return std::span(buffer_).last(row_);
  }
  void flush() {
    dataset_.write_rows(first_, rows_, std::span<const T>(buffer_));
    first_ += rows_;
    rows_ = 0;
    buffer_.clear();
  }

 private:
  Dataset dataset_;
  std::size_t row_;
  hsize_t rows_a_chunk_, first_ = 0, rows_ = 0;
  std::vector<T> buffer_;
};

/// A dimension scale: a dataset whose values label the indices of a dimension of other datasets.
struct Axis {
  Dataset dataset;
  hsize_t size() const { return dataset.extent()[0]; }
};
using Axes = std::vector<const Axis*>;

/// How a large dataset is compressed: by whole rows, or by whole rows of one index of the last dimension (64-bit numbers
/// only), where planes of zeros are common.
enum class Chunking { rows, planes };

/// A group. make_* and set write, all others read; what does not exist throws Error. Only what stands in the
/// file itself is read, never what a link, a virtual dataset or external storage would fetch from another.
class Group {
 public:
  explicit Group(Handle handle) : handle_(std::move(handle)) {}

  Group make_group(const std::string& name);
  /// A dataset whose extent is that of its axes, with the axes attached. Compressed if large; zero until
  /// written.
  template <class T>
  Dataset make_dataset(const std::string& name, const Axes& axes, Chunking chunking = Chunking::rows) {
    return make_dataset(name, Number<T>::file(), sizeof(T), axes, chunking);
  }
  /// A column of no rows yet, and as many as are appended (Table).
  template <class T>
  Dataset make_growing_column(const std::string& name, const Axis& axis) {
    if constexpr (std::is_same_v<T, std::string>)
      return make_growing_strings(name, axis);
    else
      return make_growing(name, Number<T>::file(), sizeof(T), &axis);
  }
  /// An axis 0, 1 … of no rows yet.
  Axis make_growing_axis(const std::string& name);
  template <class T>
  void make_column(const std::string& name, const Axis& axis, const std::vector<T>& values) {
    make_dataset<T>(name, {&axis}).write(std::span<const T>(values));
  }
  void make_column(const std::string& name, const Axis& axis, const std::vector<std::string>& values);
  template <class T>
  Axis make_axis(const std::string& name, const std::vector<T>& values) {
    Axis axis = bare_axis(name, Number<T>::file(), values.size());
    axis.dataset.write(std::span<const T>(values));
    return axis;
  }
  Axis make_axis(const std::string& name, const std::vector<std::string>& values);
  /// 0, 1 … size − 1.
  Axis make_numbered_axis(const std::string& name, std::size_t size);
  void make_text(const std::string& name, const std::string& text);  ///< a scalar string
  /// Text as a compressed column of bytes: strings are not compressed.
  void make_bytes(const std::string& name, const std::string& text);
  void set(const std::string& attribute, const std::string& text);
  void set(const std::string& attribute, std::int32_t number);
  void set(const std::string& attribute, double number);

  bool has(const std::string& name) const;
  Group group(const std::string& name) const;
  Dataset dataset(const std::string& name) const;
  std::string text(const std::string& name) const;
  std::string bytes(const std::string& name, std::size_t at_most) const;
  std::vector<std::string> strings(const std::string& name, std::size_t at_most) const;
  std::string text_attribute(const std::string& name) const;
  std::int32_t integer_attribute(const std::string& name) const;

 private:
  Dataset make_dataset(const std::string& name, hid_t type, std::size_t element_bytes, const Axes& axes,
                       Chunking chunking = Chunking::rows);
  Dataset make_growing_strings(const std::string& name, const Axis& axis);
  Dataset make_growing(const std::string& name, hid_t type, std::size_t element_bytes, const Axis* axis);
  Axis bare_axis(const std::string& name, hid_t type, std::size_t size);
  Handle handle_;
};

/// A file in memory, or in a descriptor.
class File {
 public:
  static File create();
  /// In an empty file, open for reading and writing, which must outlive this one.
  static File create_on(int descriptor);
  /// Copies the bytes. Throws Error if they are no HDF5 file.
  static File open(std::span<const std::byte> bytes);
  /// The first `bytes` of a file that is open for reading, which must outlive this one.
  static File open_on(int descriptor, std::uint64_t bytes);
  Group root() const;
  /// The bytes of a file in memory as it now stands.
  std::vector<std::byte> image() const;
  /// Writes what is left to the descriptor; everything else of the file must be gone. errno of the first write that
  /// failed, or 0.
  int close();
  /// What became of reads and writes, also when the file is gone; null for a file in memory.
  std::shared_ptr<const Disk> disk() const { return disk_; }
  File(File&&) = default;
  File& operator=(File&&) = delete;  // the disk must outlive the handle

 private:
  explicit File(Handle handle, std::shared_ptr<Disk> disk = nullptr)
      : disk_(std::move(disk)), handle_(std::move(handle)) {}
  std::shared_ptr<Disk> disk_;
  Handle handle_;
};

}  // namespace leafcast::io::h5
