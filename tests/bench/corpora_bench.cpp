// Corpora out and sequences in, one core: rows of tokens from a sampler, and scores of given sentences.
#include <memory>
#include <vector>

#include "bench.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/sequences/sentence_scorer.h"
#include "engine/sequences/token_stream.h"

namespace leafcast::bench {

namespace {

constexpr std::uint64_t kSentences = 512;

Cell ising(const std::string& generator, const std::string& context) {
  Parameters parameters = {{"language.kind", "ising"},    {"language.d", "3"},
                           {"language.height", "6"},      {"language.rho", "0.9"},
                           {"generator.kind", generator}, {"sampling.samples", "1000000"}};
  if (!context.empty()) parameters["generator.context"] = context;
  return Cell::make(parameters);
}

/// Sampling sentences, writing them out as symbols, and turning them into rows.
void write_rows(benchmark::State& state, const Cell& cell, StreamKind kind) {
  const ChunkRunner runner(cell);
  const TokenStream stream(kind, cell.language(), 64);
  const std::uint64_t sentences = settings().smoke ? 32 : kSentences;
  const auto n = static_cast<std::size_t>(cell.language().leaves());
  std::vector<std::uint16_t> row(static_cast<std::size_t>(stream.row_tokens()));
  std::uint32_t chunk = 0;
  for (auto _ : state) {
    const WrittenSentences written = runner.write(chunk++, 0, sentences, stream.needs_nodes());
    for (std::uint64_t i = 0; i < sentences; ++i) {
      const std::size_t nodes = stream.needs_nodes() ? stream.nodes() : 0;
      stream.write(std::span(written.leaves).subspan(i * n, n),
                   std::span(written.nodes).subspan(i * nodes, nodes), row);
      benchmark::DoNotOptimize(row.data());
    }
  }
  const double leaves = static_cast<double>(sentences * n);
  state.counters["sentences/s"] = rate(static_cast<double>(sentences));
  state.counters["leaves/s"] = rate(leaves);
  state.counters["ns/leaf"] = nanoseconds_each(leaves);
  judge(state, "ns/leaf");
}

/// A grid of contexts and the language, all of each sentence.
void score_sentences(benchmark::State& state) {
  const Cell cell = ising("true", "");
  SentenceScorer scorer(cell.language(), {Context::all(), {1}, {3}, {9}, {27}, {81}, {243}});
  const auto n = static_cast<std::size_t>(cell.language().leaves());
  const std::uint64_t sentences = settings().smoke ? 1 : 32;
  const std::vector<std::uint8_t> leaves = ChunkRunner(cell).sentences(0, sentences);
  std::vector<double> nats(n);
  for (auto _ : state)
    for (std::uint64_t i = 0; i < sentences; ++i) {
      scorer.read(std::span(leaves).subspan(i * n, n));
      for (std::size_t k = 0; k < scorer.contexts().size(); ++k) scorer.score(k, nats);
      benchmark::DoNotOptimize(nats.data());
    }
  const double scores = static_cast<double>(sentences * n * scorer.contexts().size());
  state.counters["leaves/s"] = rate(scores / static_cast<double>(scorer.contexts().size()));
  state.counters["ns/leaf and context"] = nanoseconds_each(scores);
  judge(state, "ns/leaf and context", 100);
}

}  // namespace

void register_corpora() {
  const auto add = [](const std::string& name, auto run) {
    auto* entry =
        benchmark::RegisterBenchmark(("corpora/" + name).c_str(), run)->Unit(benchmark::kMillisecond);
    if (settings().smoke) entry->Iterations(1);
  };
  for (const auto& [name, kind] : {std::pair{"leaves", StreamKind::leaves},
                                   {"punctuated", StreamKind::punctuated},
                                   {"path", StreamKind::path}})
    add(std::string("write ") + name + ", ising d=3 h=6/true",
        [kind = kind](benchmark::State& state) { write_rows(state, ising("true", ""), kind); });
  add("write punctuated, ising d=3 h=6/kgram k=81",
      [](benchmark::State& state) { write_rows(state, ising("kgram", "81"), StreamKind::punctuated); });
  add("score, ising d=3 h=6, 7 contexts", score_sentences);
}

}  // namespace leafcast::bench
