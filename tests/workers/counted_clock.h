#pragma once
#include "workers/communicator.h"

namespace leafcast::workers {

/// A clock that goes on with every look at it, so that a busy machine changes nothing.
struct CountedClock {
  double tick = 1e-6;  ///< seconds a look
  double now = 0;
  double operator()() { return now += tick; }
};

/// One process that lives by such a clock.
class CountedCommunicator final : public LocalCommunicator {
 public:
  explicit CountedCommunicator(double tick) : clock_{tick} {}
  double seconds() const override { return clock_(); }
  void wait(double seconds) override { clock_.now += seconds; }

 private:
  mutable CountedClock clock_;
};

}  // namespace leafcast::workers
