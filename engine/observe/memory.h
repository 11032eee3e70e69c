#pragma once
#include "engine/observe/observable.h"

namespace leafcast {

namespace fields {
extern const Field memory_bits;  ///< a maximum, not a sum
}  // namespace fields

/// Peak working memory of reasoning writers.
extern const Observable kMemory;

/// Notes what a sampler of a chunk has used, if the cell tallies it.
void note_memory(Tally& tally, std::uint64_t bits);

}  // namespace leafcast
