#pragma once
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "engine/cost.h"
#include "engine/plan.h"

namespace leafcast::workers {

/// A share of a sweep for job arrays: chunks whose running number in the plan is `index` modulo `count` (0 ≤
/// index < count).
struct Slice {
  std::uint64_t index = 0, count = 1;
};

/// The master's books: which chunks wait, which are with whom, which are done. A state machine that knows
/// neither MPI nor time. Chunks go out longest first by the cost model, and in the plan's order among equals.
class Dispatcher {
 public:
  Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers, const CostModel& costs = {});

  /// Up to `count` waiting chunks for the worker that take `most_seconds` at most, longest first; empty if
  /// none waits.
  std::vector<Chunk> grant(int worker, std::size_t count,
                           double most_seconds = std::numeric_limits<double>::infinity());
  /// The worker has done the chunk. Throws std::logic_error if it was not granted to it.
  void finish(int worker, Chunk chunk);
  /// The worker is gone or has stopped: what it holds waits again.
  void release(int worker);

  std::size_t waiting() const { return waiting_; }
  std::size_t held_by(int worker) const { return held_[static_cast<std::size_t>(worker)].size(); }
  std::size_t held() const;
  bool finished() const { return waiting() == 0 && held() == 0; }
  /// Estimated seconds of one core: for a chunk, for all that a worker holds, for all that waits or is held.
  double seconds(Chunk chunk) const { return queues_[place_[chunk.cell]].cost.of(plan_.samples(chunk)); }
  double seconds_held_by(int worker) const;
  double seconds_left() const { return seconds_left_; }

 private:
  /// The chunks of a cell; from `next` on they wait.
  struct Queue {
    std::uint32_t cell;
    CellCost cost;
    double longest;  // seconds of a chunk
    std::vector<std::uint32_t> chunks;
    std::size_t next = 0;
  };

  const Plan& plan_;
  std::vector<Queue> queues_;       // longest chunks first
  std::vector<std::size_t> place_;  // of a cell's queue
  std::size_t first_ = 0;           // queues before it are empty
  std::size_t waiting_ = 0;
  std::vector<std::set<Chunk>> held_;  // by worker
  double seconds_left_ = 0;
};

}  // namespace leafcast::workers
