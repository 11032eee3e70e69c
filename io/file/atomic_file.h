#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace leafcast::io {

/// Replaces `path` by a file with these bytes so that at any moment, also after power loss, either the old or
/// the whole new file is there: temporary name in the same directory, write, fsync, rename, fsync of the
/// directory. Throws IoError with the reason (disk full, no permission …); the temporary file is then
/// removed.
void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
/// Reads a whole file, of at most so many bytes. Throws IoError if it cannot be opened or read, or is larger.
std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::uint64_t most = 1 << 28);
/// Makes the host see what others have written into a directory, also through caches of a network file system: makes
/// and removes a file there. Throws IoError.
void refresh_directory(const std::filesystem::path& directory);
std::string read_text(const std::filesystem::path& path);
/// XXH3 (64 bits) of the bytes, as 16 hexadecimal digits.
std::string content_hash(std::span<const std::byte> bytes);

}  // namespace leafcast::io
