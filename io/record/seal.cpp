#include "io/record/seal.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "io/file/posix.h"

namespace leafcast::io {

namespace {

constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";
constexpr std::string_view kSealStart = "\nleafcast-xxh3 ";
constexpr std::size_t kSealSize = kSealStart.size() + 16 + 1;

std::string seal_of(const std::string& hash) { return fmt::format("{}{}\n", kSealStart, hash); }

bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

/// Of a file's first and last bytes.
void require_ends(std::span<const std::byte> first, std::span<const std::byte> last) {
  if (last.empty()) throw DamageError("empty");
  if (!starts_with(first, kHdf5Signature)) throw DamageError("not an HDF5 file");
  if (last.size() < kSealSize || !starts_with(last, kSealStart))
    throw DamageError(
        "without leafcast's seal at its end: cut short, changed by another program, or not leafcast's");
}
void require_seal(std::span<const std::byte> seal, const std::string& hash) {
  if (!starts_with(seal, seal_of(hash))) throw DamageError("damaged: its content does not match its seal");
}

/// As many bytes as are there, up to the buffer's size.
std::size_t read_at(int descriptor, std::uint64_t offset, std::span<std::byte> buffer,
                    const std::filesystem::path& name) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = repeat_if_interrupted([&] {
      return ::pread(descriptor, buffer.data() + size, buffer.size() - size,
                     static_cast<off_t>(offset + size));
    });
    if (got < 0) throw io_error("read", name, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

/// Of the first bytes of a file; fewer than promised are damage.
ContentHash hash_of(int descriptor, std::uint64_t bytes, const std::filesystem::path& name) {
  constexpr std::uint64_t kBlock = 1 << 20;
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(kBlock, bytes)));
  ContentHash hash;
  for (std::uint64_t at = 0; at < bytes;) {
    const auto block = std::span(buffer).first(static_cast<std::size_t>(std::min(kBlock, bytes - at)));
    if (read_at(descriptor, at, block, name) < block.size()) throw DamageError("cut short while it was read");
    hash.add(block);
    at += block.size();
  }
  return hash;
}

std::uint64_t size_of(int descriptor, const std::filesystem::path& name) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw io_error("read", name, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

SealedFile seal(AtomicFile& file, const std::filesystem::path& name) {
  const std::uint64_t bytes = size_of(file.descriptor(), name);
  ContentHash hash = hash_of(file.descriptor(), bytes, name);
  const std::string text = seal_of(hash.text());
  const auto line = std::as_bytes(std::span(text));
  file.append(line);
  hash.add(line);
  return {bytes, hash.text()};
}

SealedFile check_seal(int descriptor, const std::filesystem::path& name) {
  const std::uint64_t bytes = size_of(descriptor, name);
  std::array<std::byte, kHdf5Signature.size()> first{};
  std::array<std::byte, kSealSize> last{};
  const std::size_t first_size = read_at(descriptor, 0, first, name);
  const std::uint64_t image = bytes < kSealSize ? 0 : bytes - kSealSize;
  const std::size_t last_size = read_at(descriptor, image, last, name);
  require_ends(std::span(first).first(first_size), std::span(last).first(last_size));
  ContentHash hash = hash_of(descriptor, image, name);
  require_seal(last, hash.text());
  hash.add(last);
  return {image, hash.text()};
}

std::vector<std::byte> sealed(std::vector<std::byte> image) {
  const std::string seal = seal_of(content_hash(image));
  const auto bytes = std::as_bytes(std::span(seal));
  image.insert(image.end(), bytes.begin(), bytes.end());
  return image;
}

std::span<const std::byte> unsealed(std::span<const std::byte> bytes) {
  require_ends(bytes, bytes.last(std::min(bytes.size(), kSealSize)));
  const auto image = bytes.first(bytes.size() - kSealSize);
  require_seal(bytes.last(kSealSize), content_hash(image));
  return image;
}

}  // namespace leafcast::io
