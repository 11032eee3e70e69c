// What is seen of sentences of a channel.
#if defined(LEAFCAST_LANES_CHANNEL_OBSERVER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_CHANNEL_OBSERVER_H_
#undef LEAFCAST_LANES_CHANNEL_OBSERVER_H_
#else
#define LEAFCAST_LANES_CHANNEL_OBSERVER_H_
#endif

#include "engine/kernels/lanes/observers.h"
#include "engine/kernels/lanes/sampling_loop.h"
#include "engine/kernels/tables/sampler_tables.h"
#include "engine/observe/memory.h"
#include "engine/writers/block_shape.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

using ChannelObserver = Observer<ValidityObserver<std::uint32_t>, ValidityObserver<std::uint64_t>>;

inline ChannelObserver make_observer(const SamplerTables& tables, SentenceTask& task) {
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

/// Writes a chunk's sentences by a sampler.
template <class Sampler>
bool write_by(Sampler&& sampler, const SamplerTables& tables, SentenceTask& task) {
  ChannelObserver observer = make_observer(tables, task);
  const bool finished = sample(tables, sampler, observer, task);
  note_memory(task.tally, memory_bits(tables.cell, sampler.memory_symbols()));
  return finished;
}

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
