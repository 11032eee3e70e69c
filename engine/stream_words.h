#pragma once
#include <cstdint>
#include <span>

#include "engine/stream_address.h"

namespace leafcast {

/// The random words of a batch as its samplers draw them, on the instruction set in use: out[16 t + i] is
/// word t of sample i's generator (16 = kBatchSamples; out.size() is a multiple of it, else
/// std::logic_error). For tests of the generator and for measuring its cost.
void stream_words(const StreamAddress& address, std::span<std::uint32_t> out);

/// The same draws as uniforms in (0, 1): (r + 1/2) 2^{-31} for the upper 31 bits r of a word.
void stream_uniforms(const StreamAddress& address, std::span<float> out);

}  // namespace leafcast
