// Grammars, one core: true sentences, and k-grams against the multiplications that they must do.
#include <cmath>
#include <memory>

#include "bench.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/kernels/tables/rule_index.h"
#include "engine/language/tree.h"

namespace leafcast::bench {

namespace {

struct Shape {
  int v, m, s, levels;
  bool zipf = false;
  std::string name() const {
    std::string text = "rhm v=" + std::to_string(v) + " m=" + std::to_string(m) + " s=" + std::to_string(s) +
                       " L=" + std::to_string(levels);
    return zipf ? text + " zipf" : text;
  }
};

Cell cell_of(const Shape& shape, const std::string& context) {
  Parameters parameters = {{"language.kind", "rhm"},
                           {"language.v", std::to_string(shape.v)},
                           {"language.m", std::to_string(shape.m)},
                           {"language.s", std::to_string(shape.s)},
                           {"language.L", std::to_string(shape.levels)},
                           {"observe.subtrees", "off"},
                           {"observe.validity", "off"},
                           {"sampling.samples", "1000000"}};
  if (shape.zipf) {
    parameters["language.rules"] = "zipf";
    parameters["language.zipf-exponent"] = "1";
  }
  if (!context.empty()) {
    parameters["generator.kind"] = "kgram";
    parameters["generator.context"] = context;
  }
  return Cell::make(parameters);
}

/// Multiplications of the two paths, leaf by leaf: as many terms as an index has entries, and factors of
/// each.
double multiplications_a_leaf(const Cell& cell) {
  const Grammar& grammar = cell.language().grammar();
  const RuleIndices rules(grammar, true);
  const std::int64_t n = cell.language().leaves(), k = std::get<KgramGenerator>(cell.generator()).context;
  const int s = grammar.children();
  const auto place = [s](std::int64_t leaf, int height) {
    return static_cast<int>(leaf / tree_power(s, height - 1) % s);
  };
  double sum = 0;
  for (std::int64_t i = 1; i < n; ++i) {
    const std::int64_t left = std::max<std::int64_t>(0, i - k);
    int from = 1;
    if (left == 0) {
      for (std::int64_t at = i; at % s == 0; at /= s) ++from;
    } else {
      while (left / tree_power(s, from) != i / tree_power(s, from)) ++from;
      int j = 0;
      while (j + 1 < from && place(left, j + 1) == 0) ++j;
      for (++j; j < from; ++j) sum += static_cast<double>(rules.at(j, place(left, j), s).entries.size());
      sum += 2 * static_cast<double>(rules.at(from, place(left, from), place(i, from)).entries.size());
      --from;
    }
    for (int j = from; j >= 1; --j) sum += static_cast<double>(rules.at(j, -1, place(i, j)).entries.size());
  }
  return sum / static_cast<double>(n);
}

void sample(benchmark::State& state, const Cell& cell, double goal) {
  const ChunkRunner runner(cell);
  const bool kgram = std::holds_alternative<KgramGenerator>(cell.generator());
  const auto n = static_cast<double>(cell.language().leaves());
  const auto sentences =
      static_cast<std::uint64_t>(settings().smoke ? 1 : std::max(64.0, (kgram ? 1 << 16 : 1 << 22) / n));
  std::uint32_t chunk = 0;
  for (auto _ : state) benchmark::DoNotOptimize(runner.run(chunk++, sentences, [] { return true; }));
  const double leaves = n * static_cast<double>(sentences);
  state.counters[kgram ? "tokens/s" : "leaves/s"] = rate(leaves);
  if (kgram) {
    const double steps = multiplications_a_leaf(cell);
    state.counters["multiplications/token"] = steps;
    state.counters["ns/multiplication"] = nanoseconds_each(leaves * steps);
  }
  state.counters["ns/leaf"] = nanoseconds_each(leaves);
  judge(state, "ns/leaf", goal);
}

/// The floor of a k-gram's step: out[c] += message[a] · weight over as many terms, on vectors that stay in
/// the first-level cache.
void multiply_and_add(benchmark::State& state) {
  constexpr int kTerms = 256, kSymbols = 32, kLanes = 32;
  alignas(64) static float message[kSymbols][kLanes], out[kSymbols][kLanes];
  static float weight[kTerms];
  static std::uint8_t from[kTerms], to[kTerms];
  for (int t = 0; t < kTerms; ++t) {
    weight[t] = 0.125f;
    from[t] = static_cast<std::uint8_t>(t * 7 % kSymbols);
    to[t] = static_cast<std::uint8_t>(t * 13 % kSymbols);
  }
  for (auto _ : state) {
    for (int t = 0; t < kTerms; ++t)
      for (int lane = 0; lane < kLanes; ++lane) out[to[t]][lane] += message[from[t]][lane] * weight[t];
    benchmark::DoNotOptimize(&out[0][0]);
    benchmark::ClobberMemory();
  }
  state.counters["ns/multiplication"] = nanoseconds_each(kTerms * kLanes);
  judge(state, "ns/multiplication");
}

}  // namespace

void register_grammars() {
  const auto add = [](const std::string& name, auto run) {
    auto* entry =
        benchmark::RegisterBenchmark(("grammars/" + name).c_str(), run)->Unit(benchmark::kMillisecond);
    if (settings().smoke) entry->Iterations(1);
  };
  for (const Shape& shape :
       {Shape{32, 8, 2, 8}, Shape{32, 11, 2, 8}, Shape{16, 4, 2, 10}, Shape{11, 8, 3, 6}, Shape{32, 16, 4, 5},
        Shape{32, 8, 2, 8, true}, Shape{256, 256, 2, 8}, Shape{256, 16, 2, 8}})
    add(shape.name() + "/true", [shape](benchmark::State& state) { sample(state, cell_of(shape, ""), 0.5); });
  for (const Shape& shape : {Shape{32, 8, 2, 8}, Shape{16, 4, 2, 10}, Shape{11, 8, 3, 5}})
    for (const char* context : {"1", "7", "63"})
      add(shape.name() + "/kgram k=" + context,
          [shape, context](benchmark::State& state) { sample(state, cell_of(shape, context), 0); });
  add("a multiplication and an addition, 32 lanes", multiply_and_add);
}

}  // namespace leafcast::bench
