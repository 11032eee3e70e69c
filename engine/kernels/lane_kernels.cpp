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
#include "engine/kernels/lanes/kgram_sampler.h"
#include "engine/kernels/lanes/language_law.h"
#include "engine/kernels/lanes/language_reading.h"
#include "engine/kernels/lanes/observers.h"
#include "engine/kernels/lanes/own_structure.h"
#include "engine/kernels/lanes/sampling_loop.h"
#include "engine/kernels/lanes/segment_sampler.h"
#include "engine/observe/memory.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

using ChannelObserver = Observer<ValidityObserver<std::uint32_t>, ValidityObserver<std::uint64_t>>;

ChannelObserver make_observer(const SamplerTables& tables, SentenceTask& task) {
  if (task.record) return {tables.leaves, task.sentences};
  ChannelObserver observer(tables.cell, task.tally);
  if (tables.cell.observe().validity) {
    if (tables.q <= 32)
      observer.check<ValidityObserver<std::uint32_t>>(tables.cell, task.tally);
    else
      observer.check<ValidityObserver<std::uint64_t>>(tables.cell, task.tally);
  }
  return observer;
}

/// The k-gram's loops are compiled for the common numbers of children where symbols are few.
template <class C, class Use>
bool with_kgram(const SamplerTables& tables, Use use) {
  if constexpr (C::kQ > 0) {
    if (tables.d == 2) return use(KgramSampler<C, 2>(tables));
    if (tables.d == 3) return use(KgramSampler<C, 3>(tables));
    if (tables.d == 4) return use(KgramSampler<C, 4>(tables));
  }
  return use(KgramSampler<C, 0>(tables));
}

/// Calls use(sampler) with the sampler of the cell's generator.
template <class C, class Use>
bool with_sampler(const SamplerTables& tables, Use use) {
  const Generator& generator = tables.cell.generator();
  if (std::holds_alternative<KgramGenerator>(generator)) return with_kgram<C>(tables, use);
  if (const auto* block = std::get_if<BlockGenerator>(&generator))
    if (block->memory == BlockMemory::leaves && tables.block_height < tables.height)
      return use(AncestorSampler<C, true>(tables));
  if (const auto* writer = std::get_if<ReasoningGenerator>(&generator))
    if (writer->encoding == Encoding::segment && tables.block_height > 0)
      return use(SegmentSampler<C>(tables));
  return use(AncestorSampler<C, false>(tables));
}

/// Calls Call<channel type of the cell>::run.
template <template <class> class Call, class Task>
bool with_channel(const SamplerTables& tables, Task& task) {
  if (!tables.symmetric) return Call<GeneralLanes>::run(tables, task);
  if (tables.q == 2) return Call<SymmetricLanes<2>>::run(tables, task);
  if (tables.q == 3) return Call<SymmetricLanes<3>>::run(tables, task);
  return Call<SymmetricLanes<0>>::run(tables, task);
}

template <class C>
struct RunSentences {
  static bool run(const SamplerTables& tables, SentenceTask& task) {
    if (tables.cell.writes_own_structure()) {
      OwnStructureRun<C> run(tables, task);
      if (!run.run()) return false;
      require_possible(tables.cell, run.least_weight());
      return true;
    }
    if (tables.cell.observe().entropy && !task.record) {
      ChannelObserver observer = make_observer(tables, task);
      LanguageReading<AncestorSampler<C, false>, LanguageLaw<C>> reading(tables, task.tally);
      if (std::holds_alternative<TrueGenerator>(tables.cell.generator())) {
        LanguageLaw<C> model(tables);
        return sample_entropies(tables, reading, model, observer, task);
      }
      KgramSampler<C, 0> model(tables);
      return sample_entropies(tables, reading, model, observer, task);
    }
    return with_sampler<C>(tables, [&](auto sampler) {
      ChannelObserver observer = make_observer(tables, task);
      const bool finished = sample(tables, sampler, observer, task);
      note_memory(task.tally, memory_bits(tables.cell, sampler.memory_symbols()));
      return finished;
    });
  }
};

template <class C>
struct RunLaws {
  static bool run(const SamplerTables& tables, LawTask& task) {
    return with_kgram<C>(tables, [&](auto sampler) {
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
};

bool run_sentences(const SamplerTables& tables, SentenceTask& task) {
  return with_channel<RunSentences>(tables, task);
}
bool run_laws(const SamplerTables& tables, LawTask& task) { return with_channel<RunLaws>(tables, task); }

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_sentences);
HWY_EXPORT(run_laws);

bool run_on_lanes(const SamplerTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_sentences)(tables, task);
}
void find_laws(const SamplerTables& tables, LawTask& task) { HWY_DYNAMIC_DISPATCH(run_laws)(tables, task); }

}  // namespace leafcast
#endif
