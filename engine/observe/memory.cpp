#include "engine/observe/memory.h"

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"

namespace leafcast {

namespace {

constexpr const Field* kMemoryFields[] = {&fields::memory_bits};

bool observes_memory(const Cell& cell) { return cell.traits().counts_memory; }
const char* memory_contradiction(const Cell&, const Tally&) { return nullptr; }
void simulate_memory(const Cell&, std::mt19937_64& random, Tally& tally) {
  tally.counts(fields::memory_bits)[0] = 1 + random() % 1000;
}

}  // namespace

namespace fields {
constinit const Field memory_bits = {.name = "memory_bits", .merge = Field::Merge::maximum};
}  // namespace fields

constinit const Observable kMemory = {.name = "memory",
                                      .group = "",
                                      .always_stored = true,
                                      .format = 1,
                                      .fields = kMemoryFields,
                                      .is_observed = observes_memory,
                                      .contradiction = memory_contradiction,
                                      .simulate = simulate_memory};

void note_memory(Tally& tally, std::uint64_t bits) {
  if (tally.has(fields::memory_bits)) tally.counts(fields::memory_bits)[0] = bits;
}

}  // namespace leafcast
