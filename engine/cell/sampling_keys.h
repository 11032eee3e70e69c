#pragma once
#include "engine/cell/cell.h"
#include "engine/parameters/parameter_reader.h"

namespace leafcast {

/// Samples of a cell, at most 2^53.
inline constexpr std::uint64_t kMaxSamples = std::uint64_t{1} << 53;

inline constexpr const char* kSamplesKey = "sampling.samples";
inline constexpr const char* kRelativeKey = "sampling.target-relative-error";
inline constexpr const char* kAbsoluteKey = "sampling.target-absolute-error";
inline constexpr const char* kCrossingKey = "sampling.crossing";

/// Reads the keys of a search. A cell without the axis (the language itself has no memory) is none of its candidates, and
/// its canonical form leaves them out.
void read_search(ParameterReader& reader);

/// Reads the other keys of `sampling`: the samples, with a goal the most that it may take. Splitting runs are
/// whole, and each of the bins has one, in the first stage as well.
/// `fallback`: samples of a cell without a goal, or of its first stage, if nothing is said.
std::uint64_t read_samples(ParameterReader& reader, int particles, std::uint64_t fallback);

}  // namespace leafcast
