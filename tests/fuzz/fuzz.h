#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "engine/printable.h"

/// A target: called with one input after the other, by libFuzzer or by replay.cpp. It must return 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace leafcast::fuzz {

/// Ends the fuzzer, which then keeps the input, unless the condition holds.
inline void require(bool condition, const char* otherwise) {
  if (condition) return;
  std::fprintf(stderr, "found: %s\n", otherwise);
  std::abort();
}

/// Runs what may refuse its input. Any other exception than these errors is a find, and so are messages of
/// absurd length.
template <class Expected, class Run>
void refusing(Run run) {
  try {
    run();
  } catch (const Expected& e) {
    require(std::string_view(e.what()).size() < 4096, "a message of absurd length");
    require(is_printable(printable(e.what())), "a message that cannot be printed");
  }
}

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A file in memory that has a path.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) { require(fd_ >= 0, "no file in memory"); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void write(std::string_view text) {
    require(::ftruncate(fd_, 0) == 0, "the file in memory cannot be emptied");
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t written = ::pwrite(fd_, text.data() + at, text.size() - at, static_cast<off_t>(at));
      require(written > 0, "the file in memory cannot be written");
      at += static_cast<std::size_t>(written);
    }
  }

 private:
  int fd_;
};

}  // namespace leafcast::fuzz
