#pragma once
#include <string>

namespace leafcast {

/// Whether the value of `seed` is that of a pooled cell: numbers joined by +.
bool lists_seeds(const std::string& seed);

}  // namespace leafcast
