#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"

namespace leafcast {

struct GrammarTables;

/// Runs the learners of one cell (MATH.md §12). A sample is a training set: `training` sentences and `test`
/// others, all drawn anew from the chunk's streams; the learner sees the former and is judged by the latter.
///   counting    features: the k leaves before the last, nearest first.
///   clustering  tuples of height 1, 2 … L − 1 are clustered into v groups by the symbols of their
///               siblings' children, or, each place by itself, by the last leaf (ClusterBy); features: the
///               last leaf's own siblings, then, level by level, the groups of its ancestors' siblings.
///   classifier  tuples are clustered by the classes of the sentences that they stand in, by place;
///               features: the groups of the root's children. It predicts the most likely class.
/// Memory: training_bytes(cell). Time: a sort of the sentences for every feature, and tuples² for clustering.
class LearnerRunner {
 public:
  explicit LearnerRunner(const Cell& cell);
  ~LearnerRunner();
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples,
                           const std::function<bool()>& proceed) const;

 private:
  std::unique_ptr<GrammarTables> tables_;
};

/// Bytes that learning from one training set takes at most.
double training_bytes(const Cell& cell);

}  // namespace leafcast
