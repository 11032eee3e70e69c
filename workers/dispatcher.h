#pragma once
#include <cstdint>
#include <set>
#include <vector>

#include "engine/plan.h"

namespace leafcast::workers {

/// A share of a sweep for job arrays: chunks whose running number in the plan is `index` modulo `count` (0 ≤
/// index < count).
struct Slice {
  std::uint64_t index = 0, count = 1;
};

/// The master's books: which chunks wait, which are with whom, which are done. A state machine that knows
/// neither MPI nor time. Chunks go out longest first, and in the plan's order among equals.
class Dispatcher {
 public:
  Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers);

  /// Up to `count` waiting chunks for the worker, longest first; empty if none waits.
  std::vector<Chunk> grant(int worker, std::size_t count);
  /// The worker has done the chunk. Throws std::logic_error if it was not granted to it.
  void finish(int worker, Chunk chunk);
  /// The worker is gone or has stopped: what it holds waits again.
  void release(int worker);

  std::size_t waiting() const { return queue_.size() - next_; }
  std::size_t held_by(int worker) const { return held_[static_cast<std::size_t>(worker)].size(); }
  std::size_t held() const;
  bool finished() const { return waiting() == 0 && held() == 0; }
  /// Estimated seconds of one core for all that waits or is held.
  double seconds_left() const { return seconds_left_; }

 private:
  const Plan& plan_;
  std::vector<Chunk> queue_;  // longest first; from next_ on waiting
  std::size_t next_ = 0;
  std::vector<std::set<Chunk>> held_;  // by worker
  double seconds_left_ = 0;
};

}  // namespace leafcast::workers
