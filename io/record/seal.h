#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "engine/error.h"

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

}  // namespace leafcast::io
