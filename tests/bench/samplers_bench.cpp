// What a sampler costs: one iteration is one call of ChunkRunner::run.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "bench.h"
#include "cells.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/plan/plan.h"

namespace leafcast::bench {

namespace {

constexpr std::uint64_t kGroup = 512;  // samples that ride together at most
constexpr double kRunSeconds = 0.01;

/// A cell with its sampler and a number of samples, made when it first runs and kept for all repetitions.
class Runs {
 public:
  Runs(Subject subject, int samples)
      : subject_(std::move(subject)), samples_(static_cast<std::uint64_t>(samples)) {}

  /// Why this version has no such cell; empty if it has.
  const std::string& refusal() {
    if (cell_ || !refusal_.empty()) return refusal_;
    try {
      cell_.emplace(Cell::make(subject_.parameters()));
      runner_.emplace(*cell_);
      if (settings().smoke)
        samples_ = 1;
      else if (samples_ == 0)
        samples_ = calibrate();
    } catch (const CellError& e) {
      refusal_ = "not in this version: " + e.key + ": " + e.reason;
    }
    return refusal_;
  }
  const Cell& cell() const { return *cell_; }
  double samples() const { return static_cast<double>(samples_); }
  double leaves() const { return static_cast<double>(cell_->language().leaves()); }
  void run() { run(samples_); }

 private:
  void run(std::uint64_t samples) {
    auto tally = runner_->run(chunk_++, samples, [] { return true; });
    benchmark::DoNotOptimize(tally);
  }
  std::uint64_t calibrate() {
    run(kGroup);
    const double seconds = timed([this] { run(kGroup); });
    return kGroup * static_cast<std::uint64_t>(std::clamp(std::round(kRunSeconds / seconds), 1.0, 4096.0));
  }

  Subject subject_;
  std::uint64_t samples_;
  std::optional<Cell> cell_;
  std::optional<ChunkRunner> runner_;
  std::string refusal_;
  std::uint32_t chunk_ = 0;
};

/// Whether the subject exists; else the benchmark is reported as skipped.
bool exists(benchmark::State& state, Runs& runs) {
  if (runs.refusal().empty()) return true;
  state.SkipWithError(runs.refusal().c_str());
  return false;
}

double goal_on(const std::string& instruction_set, double goal, Sense sense) {
  if (instruction_set.starts_with("AVX3")) return goal;
  if (instruction_set != "AVX2") return 0;
  return sense == Sense::at_most ? goal * kAvx2Allowance : goal / kAvx2Allowance;
}

void run_row(benchmark::State& state, const Row& row, Runs& runs) {
  if (!exists(state, runs)) return;
  for (auto _ : state) runs.run();

  const Cell& cell = runs.cell();
  const double leaves = runs.samples() * runs.leaves();
  const Plan plan("", {cell}, "");
  const double samples_a_chunk = static_cast<double>(plan.samples({0, 0}));
  state.counters["samples"] = runs.samples();
  state.counters["leaves/s"] = rate(leaves);
  state.counters["sentences/s"] = rate(runs.samples());
  state.counters["chunks/s"] = rate(runs.samples() / samples_a_chunk);
  if (const auto* kgram = std::get_if<KgramGenerator>(&cell.generator())) {
    const double marks = kgram->unit == ContextUnit::tokens ? runs.leaves() / cell.language().d - 1 : 0;
    state.counters["tokens/s"] = rate(runs.samples() * (runs.leaves() + marks));
  }
  if (cell.observe().validity) state.counters["checks/s"] = rate(runs.samples());
  if (row.unit == Unit::ns_a_leaf) {
    state.counters["ns/leaf"] = nanoseconds_each(leaves);
    state.counters["least words/leaf"] = least_words_a_leaf(cell);
    state.counters["ring bytes/leaf"] = ring_bytes_a_leaf(cell);
    judge(state, "ns/leaf", goal_on(settings().instruction_set, row.goal, Sense::at_most));
  } else {
    judge(state, "sentences/s", goal_on(settings().instruction_set, row.goal, Sense::at_least),
          Sense::at_least);
  }
}

void run_pair(benchmark::State& state, const Pair& pair, Runs& first, Runs& second) {
  if (!exists(state, first) || !exists(state, second)) return;
  std::vector<double> ratios;
  for (auto _ : state) {
    const double a = timed([&] { first.run(); }) / first.samples();
    ratios.push_back(timed([&] { second.run(); }) / second.samples() / a);
  }
  report_ratio(state, "x time", ratios);
  judge(state, "x time", pair.goal);
}

/// The same run on every instruction set in turn. AVX2 is judged by the goals for AVX-512 with its allowance.
void run_instruction_sets(benchmark::State& state, const Row& row, Runs& runs) {
  if (!exists(state, runs)) return;
  const std::vector<std::string> names = instruction_sets();
  std::vector<std::vector<double>> seconds(names.size()), ratios(names.size());
  for (auto _ : state)
    for (std::size_t i = 0; i < names.size(); ++i) {
      use_instruction_set(names[i]);
      seconds[i].push_back(timed([&] { runs.run(); }));
      ratios[i].push_back(seconds[i].back() / seconds[0].back());
    }
  use_instruction_set(settings().instruction_set);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (row.unit == Unit::ns_a_leaf)
      state.counters["ns/leaf " + names[i]] = 1e9 * quantile(seconds[i], 0) / runs.samples() / runs.leaves();
    else
      state.counters["sentences/s " + names[i]] = runs.samples() / quantile(seconds[i], 0);
    state.counters["x time " + names[i]] = quantile(ratios[i], 0.5);
    if (names[i] == "AVX2") report_ratio(state, "x time", ratios[i]);
  }
  state.counters["AVX2 goal"] =
      goal_on("AVX2", row.goal, row.unit == Unit::ns_a_leaf ? Sense::at_most : Sense::at_least);
  judge(state, "x time");
}

std::shared_ptr<Runs> make_runs(const Subject& subject, int samples) {
  return std::make_shared<Runs>(subject, samples);
}

void register_rows(const std::string& family, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    auto* registered =
        benchmark::RegisterBenchmark((family + "/" + row.subject.name()).c_str(),
                                     [row, runs = make_runs(row.subject, row.samples)](
                                         benchmark::State& state) { run_row(state, row, *runs); });
    registered->Unit(benchmark::kMillisecond);
    if (settings().smoke) registered->Iterations(1);
  }
}

/// Takes turns a fixed number of times; no repetitions besides.
void take_turns(benchmark::internal::Benchmark* registered) {
  registered->Unit(benchmark::kMillisecond)->Iterations(settings().smoke ? 1 : 9)->Repetitions(1);
}

}  // namespace

void register_samplers() {
  register_rows("goal", goal_rows());
  register_rows("grid", grid_rows());
  register_rows("growth-k", growth_by_context_rows());
  register_rows("growth-h", growth_by_height_rows());
  for (const Pair& pair : pairs())
    take_turns(benchmark::RegisterBenchmark(
        ("pair/" + pair.name).c_str(),
        [pair, first = make_runs(pair.first, pair.samples), second = make_runs(pair.second, pair.samples)](
            benchmark::State& state) { run_pair(state, pair, *first, *second); }));
  for (const Row& row : goal_rows()) {
    if (row.samples > 0) continue;  // seconds a run
    take_turns(benchmark::RegisterBenchmark(
        ("instruction-set/" + row.subject.name()).c_str(),
        [row, runs = make_runs(row.subject, row.samples)](benchmark::State& state) {
          run_instruction_sets(state, row, *runs);
        }));
  }
}

}  // namespace leafcast::bench
