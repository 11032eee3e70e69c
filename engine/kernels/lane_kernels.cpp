// Lanes: all writers, of one kind of channel (LEAFCAST_CHANNEL, a LaneChannel).
#include <bit>
#include <cmath>
#include <string_view>

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

using C = Lanes<LaneChannel::LEAFCAST_CHANNEL>;

bool run_sentences(const SamplerTables& tables, SentenceTask& task) {
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
  return visit_writer(
      generator,
      overloaded{
          [&](const TrueGenerator&) { return from_ancestors(); },
          [&](const KgramGenerator&) { return write_kgrams<LaneChannel::LEAFCAST_CHANNEL>(tables, task); },
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_sentences);

template <LaneChannel kind>
bool write_on_lanes(const SamplerTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_sentences)(tables, task);
}
template bool write_on_lanes<LaneChannel::LEAFCAST_CHANNEL>(const SamplerTables& tables, SentenceTask& task);

}  // namespace leafcast
#endif
