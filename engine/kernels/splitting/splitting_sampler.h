#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/cell/cell.h"
#include "engine/kernels/kernel_tasks.h"

namespace leafcast {

/// Estimates how often a writer's colorings are valid, however rarely, by splitting (MATH.md §9): a run
/// writes N sentences side by side; after each leaf those that no continuation can make valid are replaced by
/// copies of survivors, and the product of the surviving fractions estimates the rate without bias.
///
/// Run r of a chunk has one stream, StreamAddress{seed, cell id, chunk, r, splitting}, from which leaves and
/// copies are drawn in turn. A sample is a particle: `samples` of them make ⌈samples/N⌉ runs, the last with
/// what is left.
class SplittingSampler {
 public:
  /// Throws ContractError unless the cell's method is splitting.
  explicit SplittingSampler(const Cell& cell);

  /// As ChunkRunner::run. Only samples and the fields of splitting are counted, and for reasoning the bits of a
  /// writer's memory, which its depth decides.
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples, const Proceed& proceed) const;

 private:
  Cell cell_;
  std::shared_ptr<const TallyLayout> layout_;
};

/// Nominal seconds of one leaf of one particle.
double splitting_leaf_seconds(const Cell& cell);

}  // namespace leafcast
