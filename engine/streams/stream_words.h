#pragma once
#include <cstdint>
#include <span>

#include "engine/streams/stream_address.h"

namespace leafcast {

/// How many generators of a batch are shown: all 16 of a group of planes (32 samples each), the first 16 of a
/// batch on lanes.
inline constexpr int kStreamSamples = 16;

/// The random words of a batch as its samplers draw them, on the instruction set in use: out[16 t + i] is
/// word t of generator i (out.size() is a multiple of 16, else ContractError). For tests of the generators
/// and for measuring their cost.
void stream_words(const StreamAddress& address, std::span<std::uint32_t> out);

/// The same draws as uniforms in (0, 1): (r + 1/2) 2^{-31} for the upper 31 bits r of a word.
void stream_uniforms(const StreamAddress& address, std::span<float> out);

}  // namespace leafcast
