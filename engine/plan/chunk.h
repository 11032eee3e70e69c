#pragma once
#include <compare>
#include <cstdint>

namespace leafcast {

/// The atom of addressing, scheduling, restart, storage and error estimation.
struct Chunk {
  std::uint32_t cell;   ///< index of the cell in its plan
  std::uint32_t index;  ///< 0 … chunks − 1 within the cell
  auto operator<=>(const Chunk&) const = default;
};

}  // namespace leafcast
