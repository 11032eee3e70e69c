#pragma once
#include <random>
#include <span>

#include "engine/observe/field.h"

namespace leafcast {

class Tally;

/// One thing that is tallied: its fields, who has them, and what must hold among them. Adding, subtracting,
/// sending, writing, reading, checking, simulated loads and test fixtures are derived from these, and a new
/// one is a file with its fields and its Observable, and a line in observables().
struct Observable {
  const char* name;
  const char* group;   ///< of the datasets in files, below /moments; "" for /moments itself
  bool always_stored;  ///< or only in files of plans of which some cell has it
  int format;          ///< lowest version of files that can express it
  std::span<const Field* const> fields;
  bool (*is_observed)(const Cell&);
  /// What is wrong with the sums over tally.samples samples of a cell that has the observable, or nullptr.
  const char* (*contradiction)(const Cell&, const Tally&);
  /// Fills the fields with sums that tally.samples samples could have.
  void (*simulate)(const Cell&, std::mt19937_64&, Tally&);
};

/// All of them, in the order of their fields in a tally.
std::span<const Observable* const> observables();

/// A tally of the shape that the cell implies whose numbers no sampler has drawn, but could have.
Tally simulated_tally(const Cell& cell, std::uint64_t samples, std::mt19937_64& random);

}  // namespace leafcast
