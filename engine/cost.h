#pragma once
#include "engine/plan.h"

namespace leafcast {

/// Estimated seconds that one core needs for one sentence of the cell, from measured rates a leaf (AVX-512
/// machine). Decides the order of chunks and what `plan` shows; never what is computed.
double sentence_seconds(const Cell& cell);
double chunk_seconds(const Plan& plan, Chunk chunk);
/// Bytes that sampling the cell takes on one rank, apart from the program itself.
double sampler_bytes(const Cell& cell);
/// Bytes of the cell's tallies by bin; rank 0 holds them three times (the directory's, the run's, the next
/// part's).
double tally_bytes(const Cell& cell);

}  // namespace leafcast
