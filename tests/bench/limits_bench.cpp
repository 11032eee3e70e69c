// What the machine gives: random words from the engine's own stream, and memory bandwidth.
#include <vector>

#include "bench.h"
#include "engine/streams/stream_words.h"

namespace leafcast::bench {

namespace {

/// One batch's streams into a buffer of 16 KiB, which stays in the first cache.
void random_words(benchmark::State& state) {
  std::vector<std::uint32_t> words(1 << 12);
  std::uint32_t chunk = 0;
  for (auto _ : state) {
    stream_words({1, 2, chunk++, 0}, words);
    benchmark::DoNotOptimize(words.data());
    benchmark::ClobberMemory();
  }
  state.counters["ns/word"] = nanoseconds_each(static_cast<double>(words.size()));
  judge(state, "ns/word");
}

/// STREAM's triad, a = b + s c, of arrays that no cache holds; 24 bytes an element, as STREAM counts.
void memory_triad(benchmark::State& state) {
  const std::size_t size = (settings().smoke ? 1 : 64) * (std::size_t{1} << 20) / sizeof(double);
  std::vector<double> a(size), b(size, 1.0), c(size, 2.0);
  for (auto _ : state) {
    for (std::size_t i = 0; i < size; ++i) a[i] = b[i] + 3 * c[i];
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
  const double bytes = 24 * static_cast<double>(size);
  state.counters["ns/byte"] = nanoseconds_each(bytes);
  state.counters["GB/s"] = rate(1e-9 * bytes);
  judge(state, "ns/byte");
}

}  // namespace

void register_limits() {
  auto* words = benchmark::RegisterBenchmark("limit/random words", random_words);
  if (settings().smoke) words->Iterations(1);
  auto* triad =
      benchmark::RegisterBenchmark("limit/memory triad", memory_triad)->Unit(benchmark::kMillisecond);
  if (settings().smoke) triad->Iterations(1);
}

}  // namespace leafcast::bench
