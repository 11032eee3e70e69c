// Functionals of neighbouring leaves (engine/observe/functionals.h).
#if defined(LEAFCAST_LANES_FUNCTIONALS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_FUNCTIONALS_H_
#undef LEAFCAST_LANES_FUNCTIONALS_H_
#else
#define LEAFCAST_LANES_FUNCTIONALS_H_
#endif

#include <array>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/kernels/lanes/vectors.h"
#include "engine/observe/functionals.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// f(left, right) of every lane.
HWY_INLINE I32 functional_term(FunctionalName name, I32 left, I32 right) {
  switch (name) {
    case FunctionalName::domain_walls:
      return (left == right) + 1;
  }
  return {};
}

/// Tallies those that a cell observes.
class FunctionalObserver {
 public:
  FunctionalObserver(const Cell& cell, Tally& tally) {
    for (const Functional& functional : functionals())
      if (functional.observable->is_observed(cell))
        counters_.push_back({functional.id,
                             (std::int64_t{1} << 30) / functional.most,
                             tally.limbs(*functional.sum),
                             tally.limbs(*functional.squares),
                             I32{},
                             {}});
  }
  void begin(int active) {
    active_ = active;
    leaf_ = 0;
    for (Counter& counter : counters_) {
      counter.narrow = I32{};
      counter.wide = {};
    }
  }
  HWY_NOINLINE void leaf(I32 x) {
    if (leaf_++ > 0)
      for (Counter& counter : counters_) {
        counter.narrow += functional_term(counter.name, last_, x);
        if (leaf_ % counter.room == 0) widen(counter);
      }
    last_ = x;
  }
  void complete(int) {}
  void end_batch() {
    for (Counter& counter : counters_) {
      widen(counter);
      for (int lane = 0; lane < active_; ++lane) {
        add_to(counter.sum, counter.wide[lane]);
        add_to(counter.squares, Int128{counter.wide[lane]} * counter.wide[lane]);
      }
    }
  }

 private:
  struct Counter {
    FunctionalName name;
    std::int64_t room;  ///< leaves that 32 bits have room for
    std::span<std::uint64_t> sum, squares;
    I32 narrow;
    std::array<std::int64_t, kLanes> wide;
  };
  static HWY_NOINLINE void widen(Counter& counter) {
    for (int lane = 0; lane < kLanes; ++lane) counter.wide[lane] += counter.narrow[lane];
    counter.narrow = I32{};
  }
  LaneArray<Counter> counters_;
  I32 last_{};
  std::int64_t leaf_ = 0;
  int active_ = kLanes;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
