#pragma once
#include <cstdint>
#include <string>

#include "io/sequences/sequences.h"

/// For this folder alone: how sequences lie in files.
namespace leafcast::io {

/// The header of a NumPy file (version 1.0), padded to 64 bytes, of an array [rows][length] of '|u1' …
std::string npy_header(const std::string& type, std::uint64_t rows, std::uint64_t length);

/// The characters of a text file that has one a leaf, by symbol; empty if it has numbers.
std::string leaf_characters(const SequenceHeader& header);

/// Rows of one length. HDF5 is laid out as raw until it is packed.
struct RowLayout {
  RowLayout(SequenceFormat format, const SequenceHeader& header);
  std::string file_header;  ///< what stands before the first row
  std::uint64_t row_bytes;
  int token_bytes;         ///< of binary rows
  int text_width = 0;      ///< bytes of a number and the blank after it; 0: binary
  std::string characters;  ///< one a leaf, if not empty
};

}  // namespace leafcast::io
