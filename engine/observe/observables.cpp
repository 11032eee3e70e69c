#include <vector>

#include "engine/observe/entropy.h"
#include "engine/observe/functionals.h"
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
  static const std::vector<const Observable*> all = [] {
    std::vector<const Observable*> list = {&kPowerSums, &kValidity,     &kMemory, &kHistogram, &kSplitting,
                                           &kEntropy,   &kOwnStructure, &kPairs,  &kLearning};
    for (const Functional& functional : functionals()) list.push_back(functional.observable);
    return list;
  }();
  return all;
}

Tally simulated_tally(const Cell& cell, std::uint64_t samples, std::mt19937_64& random) {
  Tally tally(cell, samples);
  for (const Observable* observable : observables())
    if (observable->is_observed(cell)) observable->simulate(cell, random, tally);
  return tally;
}

}  // namespace leafcast
