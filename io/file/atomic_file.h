#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file/posix.h"

namespace leafcast::io {

/// Replaces `path` by a file with these bytes so that at any moment, also after power loss, either the old or
/// the whole new file is there: temporary name in the same directory, write, fsync, rename, fsync of the
/// directory. Throws IoError with the reason (disk full, no permission …); the temporary file is then
/// removed.
void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
/// The same for a file that is written piece by piece.
class AtomicFile {
 public:
  /// Creates a temporary file beside `destination`, which it will replace; removed unless committed. Throws IoError,
  /// as all others do.
  explicit AtomicFile(const std::filesystem::path& destination);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Open for reading and writing.
  int descriptor() const { return fd_.get(); }
  void append(std::span<const std::byte> bytes);
  void sync();
  void remove();
  /// After sync(): the file is at its destination, or at another name in the same directory.
  void rename(const std::filesystem::path& to);
  void rename() { rename(destination_); }
  /// All of it: sync, rename, and the directory too.
  void commit(const std::filesystem::path& to);
  void commit() { commit(destination_); }

 private:
  std::filesystem::path destination_, path_;
  Descriptor fd_;
  bool is_gone_ = false;
};
/// Reads a whole file, of at most so many bytes. Throws IoError if it cannot be opened or read, or is larger.
std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::uint64_t most = 1 << 28);
/// Opens a regular file; one that others have replaced meanwhile is opened anew. Throws IoError.
Descriptor open_for_reading(const std::filesystem::path& path);
/// Makes the host see what others have written into a directory, also through caches of a network file system: makes
/// and removes a file there. Throws IoError.
void refresh_directory(const std::filesystem::path& directory);
std::string read_text(const std::filesystem::path& path);
/// XXH3 (64 bits) of the bytes, as 16 hexadecimal digits.
std::string content_hash(std::span<const std::byte> bytes);
/// The same of bytes that come one after the other.
class ContentHash {
 public:
  ContentHash();
  void add(std::span<const std::byte> bytes);
  std::string text() const;  ///< of all so far

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace leafcast::io
