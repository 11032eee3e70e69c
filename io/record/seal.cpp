#include "io/record/seal.h"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <string_view>

#include "io/file/atomic_file.h"

namespace leafcast::io {

namespace {

constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";
constexpr std::string_view kSealStart = "\nleafcast-xxh3 ";
constexpr std::size_t kSealSize = kSealStart.size() + 16 + 1;

std::string seal_of(std::span<const std::byte> image) {
  return fmt::format("{}{}\n", kSealStart, content_hash(image));
}

bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace

std::vector<std::byte> sealed(std::vector<std::byte> image) {
  const std::string seal = seal_of(image);
  const auto bytes = std::as_bytes(std::span(seal));
  image.insert(image.end(), bytes.begin(), bytes.end());
  return image;
}

std::span<const std::byte> unsealed(std::span<const std::byte> bytes) {
  if (bytes.empty()) throw DamageError("empty");
  if (!starts_with(bytes, kHdf5Signature)) throw DamageError("not an HDF5 file");
  if (bytes.size() < kSealSize || !starts_with(bytes.last(kSealSize), kSealStart))
    throw DamageError(
        "without leafcast's seal at its end: cut short, changed by another program, or not leafcast's");
  const auto image = bytes.first(bytes.size() - kSealSize);
  if (!starts_with(bytes.last(kSealSize), seal_of(image)))
    throw DamageError("damaged: its content does not match its seal");
  return image;
}

}  // namespace leafcast::io
