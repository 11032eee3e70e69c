#pragma once
#include <algorithm>
#include <ctime>

#include "workers/communicator.h"

namespace leafcast::workers {

/// A rank at work on a long chunk is heard of so often: rank 0 has time for a few thousand messages a second.
inline double beat_seconds(int ranks) { return std::max(5.0, ranks / 1000.0); }

inline constexpr double kShortestNap = 20e-6, kLongestNap = 2e-3;

/// Waits between two looks into the mailbox: soon after news, seldom when idle, never burning a core.
class Nap {
 public:
  explicit Nap(Communicator& communicator) : communicator_(communicator) {}
  void reset() { nap_ = kShortestNap; }
  void take() {
    communicator_.wait(nap_);
    nap_ = std::min(2 * nap_, kLongestNap);
  }

 private:
  Communicator& communicator_;
  double nap_ = kShortestNap;
};

/// Of the processor, for this thread.
inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace leafcast::workers
