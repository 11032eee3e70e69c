#pragma once
#include <memory>
#include <optional>
#include <string>

#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// An exact value; `error` is its own standard error when it comes from population dynamics, else 0.
struct ExactValue {
  double value;
  double error = 0;
};

/// The exact value of a statistic of a cell, where MATH.md §6 gives one, else nothing.
/// Construct once a cell: what is costly (joining of stretches, population dynamics) is computed once and
/// kept. `statistic` as in the table: variance, skewness, excess_kurtosis, binder, valid_rate, free_rate,
/// frozen_rate, memory_bits, variance@j, skewness@j, excess_kurtosis@j, valid_rate@j, correlation@j.
class Exact {
 public:
  explicit Exact(const Cell& cell);
  ~Exact();
  Exact(Exact&&) noexcept;
  std::optional<ExactValue> operator()(const std::string& statistic) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leafcast::analysis
