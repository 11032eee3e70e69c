#include "engine/kernels/kernel_tasks.h"

#include "engine/kernels/tables/sampler_tables.h"

namespace leafcast {
namespace {

LaneChannel lane_channel(const SamplerTables& tables) {
  if (!tables.symmetric) return LaneChannel::general;
  if (tables.q == 2) return LaneChannel::two_symbols;
  if (tables.q == 3) return LaneChannel::three_symbols;
  return LaneChannel::symmetric;
}

}  // namespace

bool run_on_lanes(const SamplerTables& tables, SentenceTask& task) {
  const LaneChannel kind = lane_channel(tables);
  return has_few_symbols(kind) ? write_on_lanes<true>(kind, tables, task)
                               : write_on_lanes<false>(kind, tables, task);
}

void find_laws(const SamplerTables& tables, LawTask& task) {
  const LaneChannel kind = lane_channel(tables);
  has_few_symbols(kind) ? find_kgram_laws<true>(kind, tables, task)
                        : find_kgram_laws<false>(kind, tables, task);
}

}  // namespace leafcast
