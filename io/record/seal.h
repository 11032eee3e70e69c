#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "io/file/atomic_file.h"

namespace leafcast::io {

/// Bytes that are no whole leafcast file: the reason only. Whoever knows the file adds its name and the
/// remedy.
struct DamageError : DataError {
  using DataError::DataError;
};

/// HDF5 bytes and, behind their end, where HDF5 ignores it, a line with their hash. So damage anywhere is
/// found before the HDF5 library, which is not proof against it, sees a byte.
std::vector<std::byte> sealed(std::vector<std::byte> image);
/// The HDF5 bytes of a sealed file. Throws DamageError: empty, no HDF5 file, not sealed, hash does not match.
std::span<const std::byte> unsealed(std::span<const std::byte> bytes);

/// The same of files, however large: what stands in a descriptor, and what the file's own hash is.
struct SealedFile {
  std::uint64_t hdf5_bytes;
  std::string hash;  ///< of all bytes, the seal's too
};
/// Appends the seal to HDF5 bytes. Throws IoError.
SealedFile seal(AtomicFile& file, const std::filesystem::path& name);
/// Throws DamageError as unsealed(), IoError if it cannot be read.
SealedFile check_seal(int descriptor, const std::filesystem::path& name);

}  // namespace leafcast::io
