#pragma once
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "engine/error.h"

namespace leafcast::io {

/// Names of files that write_atomically has not finished begin so; a run directory sweeps them away when it
/// is opened.
inline constexpr std::string_view kTemporaryPrefix = ".leafcast-tmp-";

/// Bytes of this machine.
inline std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Owns a file descriptor; negative: none (errno then says why).
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// False (with errno) if closing failed: some network file systems report a full disk only then.
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// Calls a system call again while signals interrupt it. A file system that interrupts for ever is an error
/// (EINTR), not a hang.
template <class Call>
auto repeat_if_interrupted(Call call) {
  constexpr int kMost = 1000;
  auto result = call();
  for (int n = 0; n < kMost && result < 0 && errno == EINTR; ++n) result = call();
  return result;
}

/// Writes all bytes, through interruptions and short writes. False (with errno) on failure.
bool write_all(int fd, std::span<const std::byte> bytes);
/// Makes the directory's entries durable (its new, renamed and removed files). Throws IoError.
void sync_directory(const std::filesystem::path& directory);
/// "cannot <verb> <path>: <reason>; <remedy>" for an errno value.
IoError io_error(std::string_view verb, const std::filesystem::path& path, int error_number);

}  // namespace leafcast::io
