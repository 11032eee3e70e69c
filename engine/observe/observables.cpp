#include <array>

#include "engine/observe/entropy.h"
#include "engine/observe/histogram.h"
#include "engine/observe/learning.h"
#include "engine/observe/memory.h"
#include "engine/observe/own_structure.h"
#include "engine/observe/pairs.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/splitting.h"
#include "engine/observe/validity.h"

namespace leafcast {

std::span<const Observable* const> observables() {
  static constexpr std::array kAll = {&kPowerSums, &kValidity,     &kMemory, &kHistogram, &kSplitting,
                                      &kEntropy,   &kOwnStructure, &kPairs,  &kLearning};
  return kAll;
}

Tally simulated_tally(const Cell& cell, std::uint64_t samples, std::mt19937_64& random) {
  Tally tally(cell, samples);
  for (const Observable* observable : observables())
    if (observable->is_observed(cell)) observable->simulate(cell, random, tally);
  return tally;
}

}  // namespace leafcast
