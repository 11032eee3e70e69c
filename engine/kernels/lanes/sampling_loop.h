// The loops that all samplers on lanes share, whatever the family of languages.
#if defined(LEAFCAST_LANES_SAMPLING_LOOP_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_SAMPLING_LOOP_H_
#undef LEAFCAST_LANES_SAMPLING_LOOP_H_
#else
#define LEAFCAST_LANES_SAMPLING_LOOP_H_
#endif

#include <optional>
#include <tuple>

#include "engine/contract.h"
#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/lanes/channel.h"
#include "engine/kernels/lanes/functionals.h"
#include "engine/kernels/lanes/observers.h"
#include "engine/kernels/lanes/stream.h"
#include "engine/language/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// What a task wants to see: sums and validity, or the sentences themselves. One class with switches rather
/// than a template for each combination: a predictable branch a leaf costs little, and every combination
/// would be compiled for every sampler and instruction set. What few cells ask for is called, not inlined. Validity: what a family's sentences are checked
/// by, one of them a cell.
template <class... Validity>
class Observer {
 public:
  Observer(const Cell& cell, Tally& tally) : sums_(std::in_place, cell, tally) {
    if (cell.observe().pairs != Pairs::none) pairs_.emplace(cell, tally);
    if (!cell.observe().functionals.empty()) functionals_.emplace(cell, tally);
    relates_leaves_ = pairs_ || functionals_;
  }
  Observer(std::int64_t leaves, std::vector<std::uint8_t>& sentences)
      : recorder_(std::in_place, leaves, sentences) {}
  template <class V, class... Arguments>
  void check(Arguments&&... arguments) {
    std::get<std::optional<V>>(validity_).emplace(std::forward<Arguments>(arguments)...);
  }

  void begin(int active) {
    each([active](auto& observer) { observer.begin(active); });
  }
  HWY_INLINE void leaf(I32 x) {
    each([x](auto& observer) HWY_ATTR { observer.leaf(x); });
  }
  HWY_INLINE void complete(int carry) {
    each([carry](auto& observer) HWY_ATTR { observer.complete(carry); });
  }
  HWY_INLINE void burst(const Burst& burst, int carry) {
    each([&burst, carry](auto& observer) HWY_ATTR { watch(observer, burst, carry); });
  }
  void end_batch() {
    each([](auto& observer) { observer.end_batch(); });
  }
  void finish() {
    if (sums_) sums_->finish();
  }

 private:
  template <class Use>
  HWY_INLINE void each(Use use) {
    if (sums_) use(*sums_);
    (use_if(std::get<std::optional<Validity>>(validity_), use), ...);
    if (relates_leaves_) {  // one test per leaf for what few cells ask for
      if (pairs_) use(*pairs_);
      if (functionals_) use(*functionals_);
    }
    if (recorder_) use(*recorder_);
  }
  template <class V, class Use>
  static HWY_INLINE void use_if(std::optional<V>& observer, Use use) {
    if (observer) use(*observer);
  }
  std::optional<SumObserver> sums_;
  std::tuple<std::optional<Validity>...> validity_;
  std::optional<PairObserver> pairs_;
  std::optional<FunctionalObserver> functionals_;
  bool relates_leaves_ = false;
  std::optional<RecordingObserver> recorder_;
};

inline void require_possible(const Cell& cell, F32 least_weight) {
  for (int lane = 0; lane < kLanes; ++lane)
    LEAFCAST_EXPECT(least_weight[lane] > 0, "a leaf of " + cell.label(),
                    "a window of probability zero was met", "report this as an error of the sampler");
}

/// Asks a task now and then whether it may go on.
class Poll {
 public:
  Poll(const Cell& cell, SentenceTask& task)
      : task_(task), interval_(leaves_between_polls(cell, kLanes)), left_(interval_) {}
  /// After so many more leaves.
  HWY_INLINE bool operator()(std::int64_t leaves = 1) {
    if ((left_ -= leaves) > 0) return true;
    left_ = interval_;
    return task_.proceed();
  }

 private:
  SentenceTask& task_;
  std::int64_t interval_, left_;
};

/// A batch of sentences, leaf by leaf: draw a leaf, count it, close the subtrees that it completes.
template <class Tables, class Sampler, class Watch>
HWY_INLINE bool write_leaves(const Tables& tables, Sampler& sampler, Watch& observer, NodeRecorder* nodes,
                             LaneStream& stream, LeafOdometer& odometer, Poll& may_go_on) {
  odometer.reset();
  for (int carry = tables.height; odometer.leaf() < tables.leaves;) {
    observer.leaf(sampler.next(odometer, carry, stream));
    if constexpr (requires { Sampler::kKnowsAncestors; })
      if (nodes && (Sampler::kKnowsAncestors || carry < tables.height))
        for (int j = 1; j <= carry; ++j) nodes->node(j, sampler.node(j));
    carry = odometer.advance();
    observer.complete(carry);
    if (!may_go_on()) return false;
  }
  return true;
}

/// The same, all leaves of a low node at once. Odometer: of those nodes.
template <class Sampler, class Watch>
HWY_INLINE bool write_bursts(Sampler& sampler, Watch& observer, int height, std::int64_t nodes,
                             LaneStream& stream, LeafOdometer& odometer, Poll& may_go_on) {
  const int low = sampler.burst_height();
  odometer.reset();
  for (int carry = height; odometer.leaf() < nodes;) {
    const Burst burst = sampler.next_burst(odometer, low, carry, stream);
    carry = low + odometer.advance();
    observer.burst(burst, carry);
    if (!may_go_on(burst.leaves)) return false;
  }
  return true;
}

/// The loop of every sampler. Tables: what is read of the cell (SamplerTables, GrammarTables).
template <class Tables, class Sampler, class Watch>
bool sample(const Tables& tables, Sampler& sampler, Watch& observer, SentenceTask& task) {
  constexpr bool kBursts = requires { sampler.burst_height(); };
  std::optional<NodeRecorder> nodes;
  if (task.record_nodes) nodes.emplace(tables.d, tables.height, task.nodes);
  LeafOdometer odometer(tables.d, tables.height);
  std::optional<LeafOdometer> low_nodes;
  if constexpr (kBursts) low_nodes.emplace(tables.d, tables.height - sampler.burst_height());
  Poll may_go_on(tables.cell, task);
  const std::uint64_t end = task.first + task.samples;
  for (std::uint64_t done = task.first; done < end; done += kLanes) {
    const std::uint64_t batch = done / kBatchSamples;
    LaneStream stream({tables.cell.seed(), tables.cell.id(), task.chunk, batch, task.purpose},
                      static_cast<int>(done % kBatchSamples));
    const int active = static_cast<int>(std::min<std::uint64_t>(kLanes, end - done));
    observer.begin(active);
    if (nodes) nodes->begin(active);
    bool finished;
    if constexpr (kBursts) {
      finished = nodes || sampler.burst_height() == 0
                     ? write_leaves(tables, sampler, observer, nodes ? &*nodes : nullptr, stream, odometer,
                                    may_go_on)
                     : write_bursts(sampler, observer, tables.height,
                                    tree_power(tables.d, tables.height - sampler.burst_height()), stream,
                                    *low_nodes, may_go_on);
    } else {
      finished =
          write_leaves(tables, sampler, observer, nodes ? &*nodes : nullptr, stream, odometer, may_go_on);
    }
    if (!finished) return false;
    observer.end_batch();
  }
  observer.finish();
  require_possible(tables.cell, sampler.least_weight());
  return true;
}

/// The same with the entropies of laws (engine/observe/entropy.h): of the writer's sentences, and of as many of the
/// language that the writer reads. Model: a law of the next leaf by prepare(carry) and absorb(x).
template <class Tables, class Reading, class Model, class Watch>
bool sample_entropies(const Tables& tables, Reading& language, Model& model, Watch& observer,
                      SentenceTask& task) {
  LeafOdometer odometer(tables.d, tables.height);
  F32 least_weight = splat(1);
  Poll may_go_on(tables.cell, task);
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
  require_possible(tables.cell, least_weight);
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
