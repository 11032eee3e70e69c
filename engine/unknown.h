#pragma once
#include <cstddef>
#include <limits>

namespace leafcast {

/// A number that is not known: empty in CSV, null in JSON.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::size_t kNoCell = std::numeric_limits<std::size_t>::max();

}  // namespace leafcast
