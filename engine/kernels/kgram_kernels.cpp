// Lanes: plain k-grams, of one kind of channel (LEAFCAST_CHANNEL, a LaneChannel).
#include <bit>
#include <cmath>
#include <string_view>
#include <utility>

#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/tables/sampler_tables.h"
#include "engine/language/tree.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/kgram_kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that each is compiled for every instruction set.
#include "engine/kernels/lanes/channel_observer.h"
#include "engine/kernels/lanes/kgram_sampler.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {
namespace {

using C = Lanes<LaneChannel::LEAFCAST_CHANNEL>;

/// Calls use(sampler). Loops are compiled for the common numbers of children where symbols are few.
template <class Use>
bool with_kgram(const SamplerTables& tables, Use use) {
  if constexpr (C::kQ > 0) {
    if (tables.d == 2) return use(KgramSampler<C, 2>(tables));
    if (tables.d == 3) return use(KgramSampler<C, 3>(tables));
    if (tables.d == 4) return use(KgramSampler<C, 4>(tables));
  }
  return use(KgramSampler<C, 0>(tables));
}

bool run_kgrams(const SamplerTables& tables, SentenceTask& task) {
  return with_kgram(tables, [&](auto sampler) { return write_by(std::move(sampler), tables, task); });
}

bool run_laws(const SamplerTables& tables, LawTask& task) {
  return with_kgram(tables, [&](auto sampler) {
    LeafOdometer odometer(tables.d, tables.height);
    task.laws.resize(tables.leaves, tables.q);
    for (int carry = tables.height; odometer.leaf() < tables.leaves; carry = odometer.advance()) {
      const auto law = sampler.prepare(carry);
      const std::int64_t i = odometer.leaf();
      for (int c = 0; c < tables.q; ++c) task.laws(i, c) = law.weight[c][0];
      task.laws.row(i) /= task.laws.row(i).sum();
      sampler.absorb(I32::all(task.sentence[static_cast<std::size_t>(i)]));
    }
    return true;
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_kgrams);
HWY_EXPORT(run_laws);

template <LaneChannel kind>
bool write_kgrams(const SamplerTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_kgrams)(tables, task);
}
template <LaneChannel kind>
bool find_kgram_laws(const SamplerTables& tables, LawTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_laws)(tables, task);
}
template bool write_kgrams<LaneChannel::LEAFCAST_CHANNEL>(const SamplerTables& tables, SentenceTask& task);
template bool find_kgram_laws<LaneChannel::LEAFCAST_CHANNEL>(const SamplerTables& tables, LawTask& task);

}  // namespace leafcast
#endif
