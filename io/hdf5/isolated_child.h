#pragma once
#include <cstdint>

/// The child process of isolated.h, and what it and its parent say to each other.
namespace leafcast::io::isolated {

// In this order: Eigen defines a __has_feature that knows none, for compilers without one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEAFCAST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEAFCAST_SANITIZED
#endif
#endif
/// Sanitizers read files of their own, and map terabytes: under them the child keeps memory and files.
#ifdef LEAFCAST_SANITIZED
inline constexpr bool kConfined = false;
#else
inline constexpr bool kConfined = true;
#endif

inline constexpr std::size_t kMostName = 1 << 10;       // of what is asked for
inline constexpr std::size_t kMostComplaint = 1 << 10;  // of an answer

enum class Ask : std::uint8_t { open, close, has, extent, rows, strings, text_attribute, integer_attribute };

/// What the parent sends. Then comes the path of a group (ending with /) or dataset, and the name of an
/// attribute; to open: the file's bytes.
struct Request {
  Ask ask;
  std::int32_t type = 0;  ///< rows: Number<T>::kIndex
  std::uint32_t path_size = 0, name_size = 0;
  std::uint64_t first = 0,
                count = 0;  ///< rows; strings: at most `count`; open: limit of texts, bytes of the file
};

/// What the child sends, followed by so many bytes: what was asked for, or a complaint.
struct Answer {
  std::uint64_t is_complaint = 0, size = 0;
};

/// Answers what comes through the socket until it is closed. Before, the process gives up all that it does
/// not need: other descriptors, opening files, writing to files, most system calls, and memory beyond so many
/// bytes more than it has.
[[noreturn]] void serve(int socket, std::uint64_t memory);

}  // namespace leafcast::io::isolated
