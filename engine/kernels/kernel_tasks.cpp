#include "engine/kernels/kernel_tasks.h"

#include "engine/contract.h"
#include "engine/kernels/tables/sampler_tables.h"

namespace leafcast {
namespace {

/// Calls use.operator()<kind>() for the channel of the cell.
template <class Use>
bool with_channel(const SamplerTables& tables, Use use) {
  if (!tables.symmetric) return use.template operator()<LaneChannel::general>();
  if (tables.q == 2) return use.template operator()<LaneChannel::two_symbols>();
  if (tables.q == 3) return use.template operator()<LaneChannel::three_symbols>();
  return use.template operator()<LaneChannel::symmetric>();
}

}  // namespace

bool run_on_lanes(const SamplerTables& tables, SentenceTask& task) {
  return with_channel(tables, [&]<LaneChannel kind>() { return write_on_lanes<kind>(tables, task); });
}

void find_laws(const SamplerTables& tables, LawTask& task) {
  with_channel(tables, [&]<LaneChannel kind>() { return find_kgram_laws<kind>(tables, task); });
}

bool run_on_planes(const SamplerTables& tables, SentenceTask& task) {
  switch (tables.q) {
    case 2:
      return write_on_planes<2>(tables, task);
    case 3:
      return write_on_planes<3>(tables, task);
    case 4:
      return write_on_planes<4>(tables, task);
    default:
      break_contract("a sampler on planes", "they carry two to four symbols", "ask sampler_family() first");
  }
}

}  // namespace leafcast
