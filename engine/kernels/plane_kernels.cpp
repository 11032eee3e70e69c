#include "engine/contract.h"
#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/tables/sampler_tables.h"
#include "engine/language/tree.h"
#include "engine/writers/block_shape.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/plane_kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that each is compiled for every instruction set.
#include "engine/kernels/planes/plane_sampler.h"
#include "engine/kernels/planes/plane_sums.h"
#include "engine/kernels/planes/plane_validity.h"
#include "engine/observe/memory.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {
namespace {

/// Which samples have the chosen symbol.
template <int Q>
class ChosenSymbol {
 public:
  explicit ChosenSymbol(int c) {
    for (int b = 0; b < kDigits; ++b) flip_[b] = Plane::all(c >> b & 1 ? 0u : ~0u);
  }
  HWY_INLINE Plane among(const PlaneSymbol<Q>& x) const {
    Plane plane = x.digit[0] ^ flip_[0];
    if constexpr (Q > 2) plane &= x.digit[1] ^ flip_[1];
    return plane;
  }

 private:
  static constexpr int kDigits = Q == 2 ? 1 : 2;
  Plane flip_[kDigits];
};

/// Calls use(group, first sample, active samples) for every group of 512 samples; stops when it returns
/// false.
template <class Use>
bool for_each_group(const SamplerTables& tables, const SentenceTask& task, Use use) {
  const std::uint64_t end = task.first + task.samples;
  for (std::uint64_t done = task.first; done < end; done += kPlaneSamples) {
    const StreamAddress address = {tables.cell.seed(), tables.cell.id(), task.chunk, done / kPlaneSamples,
                                   StreamPurpose::planes};
    const auto active = static_cast<int>(std::min<std::uint64_t>(kPlaneSamples, end - done));
    if (!use(PlaneStream(address, 0), active)) return false;
  }
  return true;
}

/// The loop of every sampler: draw the leaves of a level-1 node, count them, close the subtrees that end with
/// it. D = 0 leaves d to run time.
template <int Q, int D, bool kValidity>
bool tally_group(const SamplerTables& tables, PlaneSampler<Q>& sampler, PlaneStream stream, int active_count,
                 PlaneSums& sums, PlaneValidity<Q>* validity, const std::function<bool()>& proceed,
                 std::int64_t& until_poll) {
  const int d = D ? D : tables.d;
  const int digits = D ? digits_of(D) : sums.leaf_digits();
  const Plane active = first_samples(active_count);
  const ChosenSymbol<Q> chosen(tables.cell.observe().symbol);
  sums.begin(active_count);
  if constexpr (kValidity) validity->begin(active, active_count);
  LeafOdometer nodes(d, tables.height - 1);
  const std::int64_t poll_interval =
      std::max<std::int64_t>(1, leaves_between_polls(tables.cell, kPlaneSamples) / d);
  const std::int64_t node_count = tables.leaves / d;
  for (int carry = tables.height; nodes.leaf() < node_count;) {
    sampler.descend(nodes.leaf() == 0, carry, stream);
    Plane count[D ? 3 : 32] = {};
    RemovedColors<Q> removed = {};
    for (int s = 0; s < d; ++s) {
      const PlaneSymbol<Q> x = sampler.leaf(stream);
      Plane one = chosen.among(x) & active;
      for (int b = 0; b < digits; ++b) {
        const Plane sum = count[b] ^ one;
        one &= count[b];
        count[b] = sum;
      }
      if constexpr (kValidity)
        for (int c = 0; c < Q; ++c) removed.color[c] |= PlaneChannel<Q>::matches(x, c);
    }
    carry = nodes.advance() + 1;
    sums.complete(count, carry);
    if constexpr (kValidity) validity->complete(removed, carry);
    if (--until_poll <= 0) {
      if (!proceed()) return false;
      until_poll = poll_interval;
    }
  }
  return true;
}

template <int Q, int D, bool kValidity>
bool tally_sentences(const SamplerTables& tables, SentenceTask& task) {
  PlaneSampler<Q> sampler(tables);
  PlaneSums sums(tables.cell, task.tally);
  std::optional<PlaneValidity<Q>> validity;
  if (kValidity) validity.emplace(tables.cell, task.tally);
  std::int64_t until_poll = 0;
  const bool finished = for_each_group(tables, task, [&](const PlaneStream& stream, int active) {
    return tally_group<Q, D, kValidity>(tables, sampler, stream, active, sums,
                                        validity ? &*validity : nullptr, task.proceed, until_poll);
  });
  if (!finished) return false;
  sums.finish();
  note_memory(task.tally, memory_bits(tables.cell, sampler.memory_symbols()));
  return true;
}

/// Puts a symbol of each sample at to, to + stride, …
template <int Q>
void put_symbols(const PlaneSymbol<Q>& x, int active, std::uint8_t* to, std::size_t stride) {
  for (int i = 0; i < active; ++i, to += stride) {
    int symbol = holds(x.digit[0], i);
    if constexpr (Q > 2) symbol += 2 * holds(x.digit[1], i);
    *to = static_cast<std::uint8_t>(symbol);
  }
}

/// The symbols themselves, [sample][leaf], and those of internal nodes, [sample][node].
template <int Q>
bool record_sentences(const SamplerTables& tables, SentenceTask& task) {
  PlaneSampler<Q> sampler(tables);
  const auto leaves = static_cast<std::size_t>(tables.leaves);
  std::vector<std::size_t> offset;  // of the nodes of height j + 1
  std::size_t node_count = 0;
  for (int j = 1; task.record_nodes && j <= tables.height; ++j) {
    offset.push_back(node_count);
    node_count += static_cast<std::size_t>(tree_power(tables.d, tables.height - j));
  }
  return for_each_group(tables, task, [&](PlaneStream stream, int active) {
    const std::size_t base = task.sentences.size(), node_base = task.nodes.size();
    task.sentences.resize(base + static_cast<std::size_t>(active) * leaves);
    task.nodes.resize(node_base + static_cast<std::size_t>(active) * node_count);
    std::vector<std::size_t> next = offset;
    LeafOdometer nodes(tables.d, tables.height - 1);
    std::size_t at = base;
    for (int carry = tables.height; at < base + leaves;) {
      sampler.descend(at == base, carry, stream);
      for (int j = 1; task.record_nodes && j <= carry; ++j)
        put_symbols<Q>(sampler.node(j), active, task.nodes.data() + node_base + next[j - 1]++, node_count);
      for (int s = 0; s < tables.d; ++s, ++at)
        put_symbols<Q>(sampler.leaf(stream), active, task.sentences.data() + at, leaves);
      carry = nodes.advance() + 1;
    }
    return true;
  });
}

template <int Q, int D>
bool run_with(const SamplerTables& tables, SentenceTask& task) {
  if (task.record) return record_sentences<Q>(tables, task);
  return tables.cell.observe().validity ? tally_sentences<Q, D, true>(tables, task)
                                        : tally_sentences<Q, D, false>(tables, task);
}

template <int Q>
bool run_with_symbols(const SamplerTables& tables, SentenceTask& task) {
  switch (tables.d) {
    case 2:
      return run_with<Q, 2>(tables, task);
    case 3:
      return run_with<Q, 3>(tables, task);
    case 4:
      return run_with<Q, 4>(tables, task);
    case 5:
      return run_with<Q, 5>(tables, task);
    default:
      return run_with<Q, 0>(tables, task);
  }
}

bool run_planes(const SamplerTables& tables, SentenceTask& task) {
  switch (tables.q) {
    case 2:
      return run_with_symbols<2>(tables, task);
    case 3:
      return run_with_symbols<3>(tables, task);
    case 4:
      return run_with_symbols<4>(tables, task);
    default:
      break_contract("a sampler on planes", "they carry two to four symbols", "ask sampler_family() first");
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_planes);

bool run_on_planes(const SamplerTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_planes)(tables, task);
}

}  // namespace leafcast
#endif
