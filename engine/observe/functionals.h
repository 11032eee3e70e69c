#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "engine/observe/observable.h"

namespace leafcast {

/// Functionals of a sentence x that sum over neighbouring leaves, F = Σ_{0<i<n} f(x_{i−1}, x_i), f ≥ 0. A cell
/// tallies those that its keys ask for; their mean and variance per leaf are the statistics `<name>_mean` and
/// `<name>_variance`. To add one: its name and row here, f in kernels/lanes/functionals.h, its key in
/// parameter_table.cpp; and its exact mean, where that is known, in analysis/theory/exact.cpp.
enum class FunctionalName { domain_walls };

struct FunctionalRow {
  const char *name, *squares_name;  ///< of its datasets: "domain_walls", "domain_walls_squares"
  const char* key;                  ///< the switch that asks for it: "observe.domain-walls"
  int most;                         ///< of f
};
/// In the order of their names.
inline constexpr std::array kFunctionalRows = {
    FunctionalRow{"domain_walls", "domain_walls_squares", "observe.domain-walls", 1},  // f(a, b) = [a ≠ b]
};

/// A row, and what follows from it.
struct Functional : FunctionalRow {
  FunctionalName id;
  const Field* sum;      ///< Σ F over samples
  const Field* squares;  ///< Σ F²
  const Observable* observable;
};

/// In the order of their rows.
std::span<const Functional> functionals();

/// A set of them.
class Functionals {
 public:
  void insert(FunctionalName name) { bits_ |= bit(name); }
  bool contains(FunctionalName name) const { return (bits_ & bit(name)) != 0; }
  bool empty() const { return bits_ == 0; }

 private:
  static std::uint32_t bit(FunctionalName name) { return std::uint32_t{1} << static_cast<unsigned>(name); }
  std::uint32_t bits_ = 0;
};

}  // namespace leafcast
