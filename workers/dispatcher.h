#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "engine/plan/cost.h"
#include "engine/plan/ledger.h"

namespace leafcast::workers {

/// A share of a sweep for job arrays: chunks whose running number in the plan is `index` modulo `count` (0 ≤
/// index < count).
struct Slice {
  std::uint64_t index = 0, count = 1;
};

/// The master's books: which chunks wait, which are with whom, which are done. A state machine that knows
/// neither MPI nor time. Chunks of the most urgent cells go out first, among equally urgent ones the longest
/// by the cost model, and in the plan's order among equals. A chunk may be with several workers, if its first
/// holder is overdue; the first result counts, and whose it is does not matter, since a chunk's numbers are
/// the same everywhere.
class Dispatcher {
 public:
  /// What is to be done of a cell, if not all: chunks 0 … end − 1. The more urgent go out first.
  struct Want {
    std::uint32_t end;
    double urgency;
  };
  /// `wants`: by cell; empty if all chunks are wanted, and none urgently.
  Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers, const CostModel& costs = {},
             const std::vector<Want>& wants = {});

  /// More chunks of a cell whose chunks are all done: from those wanted so far to end − 1.
  void extend(std::uint32_t cell, Want want);
  /// Chunks of a cell that are wanted (of this slice) and not done yet.
  std::size_t left(std::uint32_t cell) const { return queues_[cell].left; }

  /// Up to `count` waiting chunks for the worker that take `most_seconds` at most, longest first; empty if
  /// none waits.
  std::vector<Chunk> grant(int worker, std::size_t count,
                           double most_seconds = std::numeric_limits<double>::infinity());
  /// Up to `count` chunks of `most_seconds` at most that `from` holds, for `worker` to do as well: those that
  /// only workers hold of whom may_be_doubled(holder) is true.
  std::vector<Chunk> copy(int worker, int from, std::size_t count, double most_seconds,
                          const std::function<bool(int)>& may_be_doubled);
  /// The worker has done the chunk. True if this is its first result, which counts; else it is to be dropped.
  /// Throws ContractError if the worker does not owe it.
  bool finish(int worker, Chunk chunk);
  /// The worker is gone or has stopped: what only it holds waits again, and it owes nothing.
  void release(int worker);

  std::size_t waiting() const { return waiting_; }
  /// Chunks that the worker holds and nobody has done yet.
  std::size_t held_by(int worker) const { return held_[static_cast<std::size_t>(worker)].size(); }
  /// Chunks that are with workers and not done yet, each counted once.
  std::size_t held() const { return outstanding_; }
  /// Whether the worker has reported all that was granted to it, also what others did before.
  bool idle(int worker) const {
    return held_by(worker) == 0 && dropped_[static_cast<std::size_t>(worker)].empty();
  }
  bool finished() const { return waiting() == 0 && held() == 0; }
  /// Estimated seconds of one core: for a chunk, for all that a worker holds, for all that waits or is held.
  double seconds(Chunk chunk) const { return queues_[chunk.cell].cost.of(plan_.samples(chunk)); }
  double seconds_held_by(int worker) const;
  double longest_held_by(int worker) const;
  double seconds_left() const { return seconds_left_; }

 private:
  /// The chunks of a cell; from `next` on they wait.
  struct Queue {
    CellCost cost;
    std::uint32_t end = 0;            // of the chunks that are wanted
    double urgency = 0, longest = 0;  // seconds of a chunk
    std::vector<std::uint32_t> chunks;
    std::size_t next = 0, left = 0;
  };
  /// Those before go out before.
  using Place = std::tuple<double, double, std::uint32_t>;  // −urgency, −longest, cell
  Place place(std::uint32_t cell) const { return {-queues_[cell].urgency, -queues_[cell].longest, cell}; }
  void add(std::uint32_t cell, Want want, const Ledger* done);

  const Plan& plan_;
  const Slice slice_;
  std::uint64_t running_ = 0;  // number of the next chunk that is wanted
  std::vector<Queue> queues_;  // by cell
  std::set<Place> order_;      // of the queues in which chunks wait
  std::size_t waiting_ = 0;
  std::vector<std::set<Chunk>> held_;         // by worker: not done yet
  std::vector<std::set<Chunk>> dropped_;      // by worker: done by another meanwhile
  std::map<Chunk, std::vector<int>> copies_;  // holders of chunks that more than one holds
  std::size_t outstanding_ = 0;               // chunks in held_, each counted once
  double seconds_left_ = 0;
};

}  // namespace leafcast::workers
