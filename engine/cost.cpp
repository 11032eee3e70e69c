#include "engine/cost.h"

#include <algorithm>
#include <cmath>

namespace leafcast {

namespace {

/// Nanoseconds a leaf for q = 2, and how they grow with q.
struct LeafCost {
  double base, per_symbol_squared;
};

LeafCost leaf_cost(const Generator& generator) {
  struct Visitor {
    LeafCost operator()(const TrueGenerator&) const { return {0.7, 0}; }
    LeafCost operator()(const KgramGenerator&) const { return {3.5, 0.3}; }
    LeafCost operator()(const BlockGenerator& block) const {
      return block.memory == BlockMemory::leaves ? LeafCost{1.3, 0.05} : LeafCost{0.7, 0};
    }
    LeafCost operator()(const ReasoningGenerator& writer) const {
      return writer.encoding == Encoding::segment ? LeafCost{2.6, 0.1} : LeafCost{0.7, 0};
    }
  };
  return std::visit(Visitor{}, generator);
}

}  // namespace

double sentence_seconds(const Cell& cell) {
  const Language& language = cell.language();
  const double q = language.channel.q();
  const LeafCost cost = leaf_cost(cell.generator());
  // Dense kernels multiply q×q matrices in O(q³), symmetric channels in O(q²).
  const double growth = (q * q - 4) * (language.channel.is_symmetric() ? 1 : q / 2);
  const double validity = cell.observe().validity ? 0.4 : 0;
  return (cost.base + cost.per_symbol_squared * growth + validity) * 1e-9 *
         static_cast<double>(language.leaves());
}

double chunk_seconds(const Plan& plan, Chunk chunk) {
  // Lanes that a partial batch leaves idle cost as much as the others.
  const std::uint64_t batches = (plan.samples(chunk) + kBatchSamples - 1) / kBatchSamples;
  return static_cast<double>(batches * kBatchSamples) * sentence_seconds(plan.cells()[chunk.cell]);
}

double sampler_bytes(const Cell& cell) {
  const Language& language = cell.language();
  const double q = language.channel.q(), d = language.d, h = language.height;
  const double lane_vector = 4 * kBatchSamples;
  // The channel's tables, a few messages and sums a level.
  double bytes = 4 * q * q * (h + 4) + (h + 2) * (6 * q + 16) * lane_vector;
  if (const auto* kgram = std::get_if<KgramGenerator>(&cell.generator())) {
    const double window =
        std::min(static_cast<double>(kgram->context), static_cast<double>(language.leaves()));
    bytes += window * kBatchSamples + window / (d - 1) * q * lane_vector +
             (h + 1) * (d * q + 2 * q * q) * lane_vector;
  }
  return bytes;
}

double tally_bytes(const Cell& cell) {
  const double heights = cell.language().height + 1;
  return kJackknifeBins *
         (sizeof(Tally) + heights * (sizeof(PowerSums) + 2 * sizeof(std::uint64_t)) + 64 * 64);
}

}  // namespace leafcast
