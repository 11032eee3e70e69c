#include "engine/observe/functionals.h"

#include <cmath>
#include <utility>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/wide_int.h"

namespace leafcast {

namespace {

constexpr const auto& kRows = kFunctionalRows;

/// What follows from row I, and stands where it stands as long as the program runs.
template <std::size_t I>
struct Derived {
  static constexpr FunctionalName kId = static_cast<FunctionalName>(I);

  static bool is_observed(const Cell& cell) { return cell.observe().functionals.contains(kId); }
  /// Sentences of their own structure have some 2n symbols at most.
  template <int P>
  static double bits(const Cell& cell, int) {
    const double room = cell.writes_own_structure() ? 6 : 0;
    return P * (std::log2(static_cast<double>(cell.language().leaves()) * kRows[I].most) + room) +
           sample_bits(cell);
  }
  static constinit const Field kSum, kSquares;
  static constexpr const Field* kFields[] = {&kSum, &kSquares};

  /// 0 ≤ ΣF and (ΣF)² ≤ N ΣF².
  static const char* contradiction(const Cell&, const Tally& tally) {
    const WideInt sum = wide(tally, kSum), squares = wide(tally, kSquares);
    return sum < 0 || squares < 0 || sum * sum > squares * tally.samples
               ? "sums and squares of a functional that no samples have"
               : nullptr;
  }
  static void simulate(const Cell& cell, std::mt19937_64& random, Tally& tally) {
    const auto most = static_cast<std::uint64_t>(cell.language().leaves() - 1) * kRows[I].most;
    const WideInt each = random() % (most + 1);
    add(tally, kSum, 0, each * tally.samples);
    add(tally, kSquares, 0, each * each * tally.samples);
  }
  static constinit const Observable kObservable;
};
template <std::size_t I>
constinit const Field Derived<I>::kSum = {
    .name = kRows[I].name, .form = Field::Form::sum, .bits = Derived<I>::template bits<1>};
template <std::size_t I>
constinit const Field Derived<I>::kSquares = {
    .name = kRows[I].squares_name, .form = Field::Form::sum, .bits = Derived<I>::template bits<2>};
template <std::size_t I>
constinit const Observable Derived<I>::kObservable = {.name = kRows[I].name,
                                                      .group = "functionals",
                                                      .always_stored = false,
                                                      .format = 7,
                                                      .fields = Derived<I>::kFields,
                                                      .is_observed = Derived<I>::is_observed,
                                                      .contradiction = Derived<I>::contradiction,
                                                      .simulate = Derived<I>::simulate};

template <std::size_t... I>
std::vector<Functional> derive(std::index_sequence<I...>) {
  return {Functional{kRows[I], Derived<I>::kId, &Derived<I>::kSum, &Derived<I>::kSquares,
                     &Derived<I>::kObservable}...};
}

}  // namespace

std::span<const Functional> functionals() {
  static const std::vector<Functional> all = derive(std::make_index_sequence<kRows.size()>());
  return all;
}

}  // namespace leafcast
