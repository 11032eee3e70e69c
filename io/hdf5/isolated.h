#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5/hdf5.h"

/// HDF5 files that are read at arm's length. The library is not proof against forged bytes: it may crash,
/// loop, or take all memory. So a child process parses the file, which may open, write and start nothing, and
/// has limits of memory and time; the parent asks it for attributes and rows through a socket, and trusts no
/// answer further than its size.
namespace leafcast::io {

/// What the child may use to read one file.
struct ReadingLimits {
  std::uint64_t memory = 0;  ///< bytes beyond those of the parent
  double seconds = 0;        ///< of a processor
  std::uint64_t text = 0;    ///< bytes of a text or list of texts
  double silence = 60;       ///< seconds that it may be without an answer and without using a processor
  /// Ample for any file of this many bytes that leafcast writes.
  static ReadingLimits of(std::size_t file_bytes);
};

class IsolatedReader;  // a file in its child, seen from here

/// While one lives, a child that has read a file without complaint goes on to the next: to start one takes
/// milliseconds, more if the parent is large. They all end with the last session.
class ReadingSession {
 public:
  ReadingSession();
  ~ReadingSession();
  ReadingSession(const ReadingSession&) = delete;
  ReadingSession& operator=(const ReadingSession&) = delete;
};

/// What h5::Dataset is. Rows are fetched ahead, so that reading them one by one costs little.
class IsolatedDataset {
 public:
  const h5::Extent& extent() const { return extent_; }
  std::size_t row_size() const;  ///< elements a row
  /// The caller has checked the extent. The file's type must be exactly T's. Throws h5::Error.
  template <class T>
  void read_rows(hsize_t first, hsize_t count, std::span<T> values) const {
    read_rows(first, count, h5::Number<T>::kIndex, sizeof(T), std::as_writable_bytes(values));
  }

 private:
  friend class IsolatedGroup;
  IsolatedDataset(IsolatedReader& reader, std::string path);
  void read_rows(hsize_t first, hsize_t count, int type, std::size_t element_bytes,
                 std::span<std::byte> values) const;

  IsolatedReader* reader_;
  std::string path_;
  h5::Extent extent_;
  mutable std::vector<std::byte> ahead_;  ///< rows ahead_first_ …
  mutable hsize_t ahead_first_ = 0, ahead_count_ = 0;
  mutable int ahead_type_ = -1;
};

/// What h5::Group is, for reading. What does not exist throws h5::Error, and so does all once the child has
/// died.
class IsolatedGroup {
 public:
  bool has(const std::string& name) const;
  IsolatedGroup group(const std::string& name) const { return {*reader_, path_ + name + "/"}; }
  IsolatedDataset dataset(const std::string& name) const { return {*reader_, path_ + name}; }
  std::string text(const std::string& name) const;
  std::vector<std::string> strings(const std::string& name, std::size_t at_most) const;
  std::string text_attribute(const std::string& name) const;
  std::int32_t integer_attribute(const std::string& name) const;

 private:
  friend class IsolatedFile;
  IsolatedGroup(IsolatedReader& reader, std::string path) : reader_(&reader), path_(std::move(path)) {}

  IsolatedReader* reader_;
  std::string path_;  ///< ends with /
};

/// An HDF5 file in memory, read by a child process. Its groups and datasets must not outlive it.
class IsolatedFile {
 public:
  /// The bytes need not stay. Throws h5::Error: no HDF5 file, or the library does not survive it; IoError: no
  /// process can be started, or it was killed or stopped from outside.
  static IsolatedFile open(std::span<const std::byte> bytes, const ReadingLimits& limits);
  ~IsolatedFile();
  IsolatedFile(IsolatedFile&&) noexcept;
  IsolatedFile& operator=(IsolatedFile&&) noexcept;
  IsolatedGroup root() const { return {*reader_, "/"}; }

 private:
  explicit IsolatedFile(std::unique_ptr<IsolatedReader> reader);
  std::unique_ptr<IsolatedReader> reader_;
};

}  // namespace leafcast::io
