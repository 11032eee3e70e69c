#pragma once
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace leafcast::bench {

/// Set by the program's own options.
struct Settings {
  bool smoke = false;           ///< one tiny run each, to see that all still work
  std::string instruction_set;  ///< all but the comparison of instruction sets run on this one
};
const Settings& settings();

/// How an entry is judged. The summary reads these from the counters `goal` and `at_least` and from the
/// label, which is the name of the counter that is judged (its unit).
enum class Sense { at_most, at_least };

inline void judge(benchmark::State& state, const std::string& unit, double goal = 0,
                  Sense sense = Sense::at_most) {
  state.SetLabel(unit);
  if (goal <= 0) return;
  state.counters["goal"] = goal;
  state.counters["at_least"] = sense == Sense::at_least;
}

/// A rate a second, and its inverse: `amount` is that of one iteration.
inline benchmark::Counter rate(double amount) {
  return {amount, benchmark::Counter::kIsIterationInvariantRate};
}
inline benchmark::Counter nanoseconds_each(double amount) {
  using Flags = benchmark::Counter::Flags;
  return {amount * 1e-9, static_cast<Flags>(Flags::kIsIterationInvariantRate | Flags::kInvert)};
}

/// Seconds of this thread, so that neighbours on the same core do not count.
inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Work>
double timed(const Work& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

/// The p-quantile.
inline double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1) + 0.5)];
}

/// The counters `name` (median of the paired ratios) and `spread` (half their interquartile range).
inline void report_ratio(benchmark::State& state, const std::string& name,
                         const std::vector<double>& ratios) {
  state.counters[name] = quantile(ratios, 0.5);
  state.counters["spread"] = (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2;
}

// Each file registers its own.
void register_samplers();
void register_limits();
void register_dispatcher();
void register_corpora();
void register_grammars();

}  // namespace leafcast::bench
