// Lanes: all writers of channels with few symbols, or of all others (LEAFCAST_FEW_SYMBOLS, true or false).
#include <bit>
#include <cmath>
#include <string_view>
#include <utility>

#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/tables/sampler_tables.h"
#include "engine/language/tree.h"
#include "engine/writers/block_shape.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/lane_kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that each is compiled for every instruction set.
#include "engine/kernels/lanes/ancestor_sampler.h"
#include "engine/kernels/lanes/channel_observer.h"
#include "engine/kernels/lanes/kgram_sampler.h"
#include "engine/kernels/lanes/language_law.h"
#include "engine/kernels/lanes/language_reading.h"
#include "engine/kernels/lanes/own_structure.h"
#include "engine/kernels/lanes/segment_sampler.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {
namespace {

/// Calls use.operator()<kind>().
template <class Use>
bool with_kind(LaneChannel kind, Use use) {
  using enum LaneChannel;
  if constexpr (LEAFCAST_FEW_SYMBOLS)
    return kind == two_symbols ? use.template operator()<two_symbols>()
                               : use.template operator()<three_symbols>();
  else
    return kind == symmetric ? use.template operator()<symmetric>() : use.template operator()<general>();
}

/// Calls use(sampler). Loops are compiled for the common numbers of children where symbols are few.
template <class C, class Use>
bool with_kgram(const SamplerTables& tables, KeptSampler& kept, Use use) {
  const auto by = [&]<int d>(std::integral_constant<int, d>) {
    using Sampler = KgramSampler<C, d>;
    return use(kept.get<Sampler>([&] { return Sampler(tables); }));
  };
  if constexpr (C::kQ > 0) {
    if (tables.d == 2) return by(std::integral_constant<int, 2>());
    if (tables.d == 3) return by(std::integral_constant<int, 3>());
    if (tables.d == 4) return by(std::integral_constant<int, 4>());
  }
  return by(std::integral_constant<int, 0>());
}

template <class C>
bool write_sentences(const SamplerTables& tables, SentenceTask& task) {
  const Generator& generator = tables.cell.generator();
  if (tables.cell.writes_own_structure()) {
    OwnStructureRun<C> run(tables, task);
    if (!run.run()) return false;
    require_possible(tables.cell, run.least_weight());
    return true;
  }
  if (tables.cell.observe().entropy && !task.record) {
    ChannelObserver observer = make_observer(tables, task);
    LanguageReading<AncestorSampler<C, false>, LanguageLaw<C>> reading(tables, task.tally);
    if (std::holds_alternative<TrueGenerator>(generator)) {
      LanguageLaw<C> model(tables);
      return sample_entropies(tables, reading, model, observer, task);
    }
    KgramSampler<C, 0> model(tables);
    return sample_entropies(tables, reading, model, observer, task);
  }
  const auto from_ancestors = [&] { return write_by(AncestorSampler<C, false>(tables), tables, task); };
  KeptSampler own;
  return visit_writer(
      generator,
      overloaded{[&](const TrueGenerator&) { return from_ancestors(); },
                 [&](const KgramGenerator&) {
                   return with_kgram<C>(tables, task.kept ? *task.kept : own,
                                        [&](auto& sampler) { return write_by(sampler, tables, task); });
                 },
                 [&](const BlockGenerator& block) {
                   return block.memory == BlockMemory::leaves && tables.block_height < tables.height
                              ? write_by(AncestorSampler<C, true>(tables), tables, task)
                              : from_ancestors();
                 },
                 [&](const ReasoningGenerator& writer) {
                   return writer.encoding == Encoding::segment && tables.block_height > 0
                              ? write_by(SegmentSampler<C>(tables), tables, task)
                              : from_ancestors();
                 }});
}

bool run_sentences(LaneChannel kind, const SamplerTables& tables, SentenceTask& task) {
  return with_kind(kind,
                   [&]<LaneChannel channel>() { return write_sentences<Lanes<channel>>(tables, task); });
}

template <class Sampler>
bool find_laws_by(Sampler& sampler, const SamplerTables& tables, LawTask& task) {
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
}

bool run_laws(LaneChannel kind, const SamplerTables& tables, LawTask& task) {
  return with_kind(kind, [&]<LaneChannel channel>() {
    KeptSampler own;
    return with_kgram<Lanes<channel>>(
        tables, own, [&](auto& sampler) { return find_laws_by(sampler, tables, task); });
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_sentences);
HWY_EXPORT(run_laws);

template <bool few_symbols>
bool write_on_lanes(LaneChannel kind, const SamplerTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_sentences)(kind, tables, task);
}
template <bool few_symbols>
void find_kgram_laws(LaneChannel kind, const SamplerTables& tables, LawTask& task) {
  HWY_DYNAMIC_DISPATCH(run_laws)(kind, tables, task);
}
template bool write_on_lanes<LEAFCAST_FEW_SYMBOLS>(LaneChannel kind, const SamplerTables& tables,
                                                   SentenceTask& task);
template void find_kgram_laws<LEAFCAST_FEW_SYMBOLS>(LaneChannel kind, const SamplerTables& tables,
                                                    LawTask& task);

}  // namespace leafcast
#endif
