#include <bit>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "engine/block_shape.h"
#include "engine/kernel_tasks.h"
#include "engine/sampler_tables.h"
#include "engine/tree.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/lane_kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that each is compiled for every instruction set.
#include "engine/lanes/kgram_sampler.h"
#include "engine/lanes/language_reading.h"
#include "engine/lanes/observers.h"
#include "engine/lanes/own_structure.h"
#include "engine/lanes/segment_sampler.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// What a task wants to see. One class with switches rather than a template for each combination: a
/// predictable branch a leaf costs little, and every combination would be compiled for every sampler and
/// instruction set.
class Observer {
 public:
  Observer(const SamplerTables& tables, Tally& tally) : sums_(std::in_place, tables.cell, tally) {
    if (!tables.cell.observe().validity) return;
    if (tables.q <= 32)
      validity_.emplace(tables.cell, tally);
    else
      wide_validity_.emplace(tables.cell, tally);
  }
  Observer(const SamplerTables& tables, std::vector<std::uint8_t>& sentences)
      : recorder_(std::in_place, tables.leaves, sentences) {}

  void begin(int active) {
    each([active](auto& observer) { observer.begin(active); });
  }
  HWY_INLINE void leaf(I32 x) {
    if (sums_) sums_->leaf(x);
    if (validity_) validity_->leaf(x);
    if (wide_validity_) wide_validity_->leaf(x);
    if (recorder_) recorder_->leaf(x);
  }
  HWY_INLINE void complete(int carry) {
    if (sums_) sums_->complete(carry);
    if (validity_) validity_->complete(carry);
    if (wide_validity_) wide_validity_->complete(carry);
  }
  void end_batch() {
    each([](auto& observer) { observer.end_batch(); });
  }
  void finish() {
    if (sums_) sums_->finish();
  }

 private:
  template <class Use>
  void each(Use use) {
    if (sums_) use(*sums_);
    if (validity_) use(*validity_);
    if (wide_validity_) use(*wide_validity_);
    if (recorder_) use(*recorder_);
  }
  std::optional<SumObserver> sums_;
  std::optional<ValidityObserver<std::uint32_t>> validity_;
  std::optional<ValidityObserver<std::uint64_t>> wide_validity_;
  std::optional<RecordingObserver> recorder_;
};

void require_possible(const SamplerTables& tables, F32 least_weight) {
  for (int lane = 0; lane < kLanes; ++lane)
    if (!(least_weight[lane] > 0))
      throw std::logic_error("a window of probability zero was met: " + tables.cell.label());
}

/// The loop of every sampler: draw a leaf, count it, close the subtrees that it completes.
template <class Sampler>
bool sample(const SamplerTables& tables, Sampler& sampler, Observer& observer, SentenceTask& task) {
  std::optional<NodeRecorder> nodes;
  if (task.record_nodes) nodes.emplace(tables.d, tables.height, task.nodes);
  LeafOdometer odometer(tables.d, tables.height);
  const std::int64_t poll_interval = leaves_between_polls(tables, kLanes);
  std::int64_t until_poll = poll_interval;
  const std::uint64_t end = task.first + task.samples;
  for (std::uint64_t done = task.first; done < end; done += kLanes) {
    const std::uint64_t batch = done / kBatchSamples;
    LaneStream stream({tables.cell.seed(), tables.cell.id(), task.chunk, batch},
                      static_cast<int>(done % kBatchSamples));
    odometer.reset();
    observer.begin(static_cast<int>(std::min<std::uint64_t>(kLanes, end - done)));
    if (nodes) nodes->begin(static_cast<int>(std::min<std::uint64_t>(kLanes, end - done)));
    for (int carry = tables.height; odometer.leaf() < tables.leaves;) {
      observer.leaf(sampler.next(odometer, carry, stream));
      if constexpr (requires { Sampler::kKnowsAncestors; })
        if (nodes && (Sampler::kKnowsAncestors || carry < tables.height))
          for (int j = 1; j <= carry; ++j) nodes->node(j, sampler.node(j));
      carry = odometer.advance();
      observer.complete(carry);
      if (--until_poll == 0) {
        if (!task.proceed()) return false;
        until_poll = poll_interval;
      }
    }
    observer.end_batch();
  }
  observer.finish();
  require_possible(tables, sampler.least_weight());
  return true;
}

/// The same with the entropies of laws (EntropySums): of the writer's sentences, and of as many of the
/// language that the writer reads. Model: a law of the next leaf by prepare(carry) and absorb(x).
template <class C, class Model>
bool sample_entropies(const SamplerTables& tables, Model& model, Observer& observer, SentenceTask& task) {
  LeafOdometer odometer(tables.d, tables.height);
  LanguageReading<C> language(tables, task.tally.entropy);
  F32 least_weight = splat(1);
  const std::int64_t poll_interval = leaves_between_polls(tables, kLanes);
  std::int64_t until_poll = poll_interval;
  const auto may_go_on = [&] {
    if (--until_poll > 0) return true;
    until_poll = poll_interval;
    return task.proceed();
  };
  for (std::uint64_t done = 0; done < task.samples; done += kLanes) {
    const StreamAddress address{tables.cell.seed(), tables.cell.id(), task.chunk, done / kBatchSamples};
    const int first = static_cast<int>(done % kBatchSamples);
    const int active = static_cast<int>(std::min<std::uint64_t>(kLanes, task.samples - done));
    LaneStream stream(address, first);
    language.meter.begin(active);
    odometer.reset();
    observer.begin(active);
    for (int carry = tables.height; odometer.leaf() < tables.leaves;) {
      auto law = model.prepare(carry);
      auto language_law = language.law.prepare(carry);
      const I32 x = draw_weighted(law.weight, tables.q, stream.uniform(), least_weight);
      model.absorb(x);
      language.law.absorb(x);
      language.meter.wrote(x, law, language_law);
      observer.leaf(x);
      carry = odometer.advance();
      observer.complete(carry);
      if (!may_go_on()) return false;
    }
    observer.end_batch();
    if (!language.read(address, first, model, may_go_on)) return false;
    language.meter.end_batch();
  }
  observer.finish();
  require_possible(tables, least_weight);
  return true;
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
      require_possible(tables, run.least_weight());
      return true;
    }
    if (tables.cell.observe().entropy && !task.record) {
      Observer observer(tables, task.tally);
      if (std::holds_alternative<TrueGenerator>(tables.cell.generator())) {
        LanguageLaw<C> model(tables);
        return sample_entropies<C>(tables, model, observer, task);
      }
      KgramSampler<C, 0> model(tables);
      return sample_entropies<C>(tables, model, observer, task);
    }
    return with_sampler<C>(tables, [&](auto sampler) {
      Observer observer = task.record ? Observer(tables, task.sentences) : Observer(tables, task.tally);
      const bool finished = sample(tables, sampler, observer, task);
      task.tally.memory_bits = memory_bits(tables.cell, sampler.memory_symbols());
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
