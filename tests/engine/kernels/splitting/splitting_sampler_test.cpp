#include "engine/kernels/splitting/splitting_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/kernels/chunk_runner.h"
#include "engine/kernels/splitting/splitting_writers.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/splitting.h"
#include "engine/observe/validity.h"
#include "engine/plan/plan.h"
#include "tests/reference/reference.h"

namespace splitting_sampler_test {

using namespace leafcast;

namespace {

const auto kGo = [] { return true; };
// All comparisons are at 5 standard errors and fixed seeds; with some 60 of them a false alarm has
// probability 4e-5.
constexpr double kAlarm = 5;

Cell coloring(int d, int height, int q, Parameters more) {
  more.merge(Parameters{{"language.kind", "coloring"},
                        {"language.d", std::to_string(d)},
                        {"language.height", std::to_string(height)},
                        {"language.q", std::to_string(q)},
                        {"generator.method", "splitting"},
                        {"generator.particles", "64"},
                        {"sampling.samples", "64000"},
                        {"seed", "5"}});
  return Cell::make(more);
}
Parameters kgram(std::int64_t k, const std::string& unit = "leaves") {
  return {{"generator.kind", "kgram"},
          {"generator.context", std::to_string(k)},
          {"generator.context-unit", unit}};
}
Parameters block(int w, const std::string& memory, const std::string& lca) {
  return {{"generator.kind", "block"},
          {"generator.context-depth", std::to_string(w)},
          {"generator.memory", memory},
          {"generator.lca", lca}};
}
Parameters path(int m) {
  return {{"generator.kind", "reasoning"}, {"generator.memory-depth", std::to_string(m)}};
}

struct Mean {
  double value, error;
};
Mean mean_of(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) squares += (v - sum / n) * (v - sum / n);
  return {sum / n, std::sqrt(squares / (n - 1) / n)};
}
double z_score(const Mean& mean, double exact) {
  return mean.error > 0 ? (mean.value - exact) / mean.error : mean.value == exact ? 0 : INFINITY;
}

double as_double(const WideInt& weight) { return std::ldexp(weight.convert_to<double>(), -kWeightBits); }

struct Rates {
  Mean valid, free;
};
/// From single runs, each a chunk of its own.
Rates estimate(const Cell& cell, int runs) {
  const ChunkRunner runner(cell);
  const auto particles = static_cast<std::uint64_t>(cell.particles());
  std::vector<double> valid, free;
  for (int run = 0; run < runs; ++run) {
    const Tally tally = runner.run(static_cast<std::uint32_t>(run), particles, kGo).value();
    valid.push_back(as_double(wide(tally, fields::valid_weight)) / cell.particles());
    free.push_back(as_double(wide(tally, fields::free_weight)) / cell.particles());
  }
  return {mean_of(valid), mean_of(free)};
}

// ---- the same algorithm, in another form: whole sentences are kept, and judged from their beginning, after
// each leaf or only when a subtree is complete

/// Colors that the leaves so far leave to a node; complete children alone remove any.
std::uint64_t open_colors(const std::vector<int>& sentence, std::size_t first, std::size_t leaves, int d,
                          int q) {
  if (leaves == 1) return std::uint64_t{1} << sentence[first];
  std::uint64_t open = (std::uint64_t{1} << q) - 1;
  const std::size_t part = leaves / static_cast<std::size_t>(d);
  for (std::size_t child = first; child < std::min(first + leaves, sentence.size()); child += part) {
    const std::uint64_t below = open_colors(sentence, child, part, d, q);
    if (below == 0) return 0;
    if (child + part <= sentence.size() && (below & (below - 1)) == 0) open &= ~below;
  }
  return open;
}

enum class Judged { at_subtrees, at_leaves };
enum class Fault { none, forgets_weight, forgets_writer };

double split(const Cell& cell, std::uint64_t run, Judged judged, Fault fault) {
  const int d = cell.language().d, q = cell.language().symbols(), n = cell.particles();
  const auto writer = make_particle_writer(cell, n);
  ScalarStream stream({99, cell.id(), 0, run, StreamPurpose::splitting});
  std::vector<std::vector<int>> sentences(static_cast<std::size_t>(n));
  std::vector<std::uint8_t> symbols(static_cast<std::size_t>(n));
  LeafOdometer odometer(d, cell.language().height);
  double p = 1;
  for (int carry = cell.language().height; odometer.leaf() < cell.language().leaves();) {
    writer->write(odometer, carry, stream, symbols);
    carry = odometer.advance();
    for (std::size_t i = 0; i < sentences.size(); ++i) sentences[i].push_back(symbols[i]);
    if (judged == Judged::at_subtrees && carry == 0) continue;
    std::vector<std::size_t> dead, alive;
    for (std::size_t i = 0; i < sentences.size(); ++i)
      (open_colors(sentences[i], 0, static_cast<std::size_t>(cell.language().leaves()), d, q) ? alive : dead)
          .push_back(i);
    if (alive.empty()) return 0;
    if (fault != Fault::forgets_weight || carry <= 1) p *= static_cast<double>(alive.size()) / n;
    for (const std::size_t i : dead) {
      const std::size_t parent =
          alive[static_cast<std::size_t>(stream.uniform() * static_cast<double>(alive.size()))];
      sentences[i] = sentences[parent];
      if (fault != Fault::forgets_writer) writer->copy(static_cast<int>(parent), static_cast<int>(i));
    }
  }
  return p;
}

Mean split_mean(const Cell& cell, int runs, Judged judged, Fault fault = Fault::none) {
  std::vector<double> values;
  for (int run = 0; run < runs; ++run)
    values.push_back(split(cell, static_cast<std::uint64_t>(run), judged, fault));
  return mean_of(values);
}

reference::Tree tree(int d, int height, int q) {
  return reference::symmetric_tree(d, height, q, -1.0 / (q - 1));
}

void check(const Cell& cell, const reference::Tree& tree, const reference::Law& law, int runs) {
  CAPTURE(cell.label());
  const reference::ColoringRates rates = reference::coloring_rates(tree, law);
  const Rates estimates = estimate(cell, runs);
  const double valid = rates.valid.back();
  if (valid > 1 - 1e-12) {
    CHECK(estimates.valid.value == 1);
  } else {
    CHECK(std::abs(z_score(estimates.valid, valid)) < kAlarm);
    CHECK(estimates.valid.error < 0.05 * valid);
  }
  CHECK(std::abs(estimates.free.value - rates.free_root) < kAlarm * estimates.free.error + 1e-12);
}

}  // namespace

TEST_CASE("splitting estimates the enumerated valid rates of k-grams") {
  const reference::Tree small = tree(3, 2, 3);
  for (const std::int64_t k : {0, 1, 2, 3, 4, 5, 8})
    check(coloring(3, 2, 3, kgram(k)), small, reference::kgram_law(small, k), 400);
  for (const std::int64_t k : {1, 3, 5, 6})
    check(coloring(3, 2, 3, kgram(k, "tokens")), small, reference::kgram_law(small, k, ContextUnit::tokens),
          400);
  check(coloring(4, 1, 4, kgram(1)), tree(4, 1, 4), reference::kgram_law(tree(4, 1, 4), 1), 200);
  check(coloring(5, 1, 5, kgram(2)), tree(5, 1, 5), reference::kgram_law(tree(5, 1, 5), 2), 200);
}

TEST_CASE("splitting estimates the enumerated valid rates of block writers") {
  const reference::Tree small = tree(3, 2, 3);
  const std::vector<std::pair<std::string, LcaLaw>> laws = {
      {"sampled", LcaLaw::sampled}, {"sampled-reset", LcaLaw::sampled_reset}, {"fixed", LcaLaw::fixed}};
  for (const auto& [name, lca] : laws)
    for (int w = 0; w <= 2; ++w) {
      check(coloring(3, 2, 3, block(w, "root", name)), small,
            reference::block_law(small, w, BlockMemory::root, lca), 400);
      check(coloring(3, 2, 3, block(w, "leaves", name)), small,
            reference::block_law(small, w, BlockMemory::leaves, lca), 400);
    }
  for (int m = 0; m <= 2; ++m)
    check(coloring(3, 2, 3, path(m)), small, reference::reasoning_law(small, Encoding::path, m), 400);
}

TEST_CASE("splitting that forgets a weight or what the writer remembers is told apart") {
  const auto differs = [](const Mean& mean, double valid) { return std::abs(z_score(mean, valid)) > kAlarm; };
  const Cell blocks = coloring(3, 2, 3, block(0, "root", "fixed"));
  const reference::Tree nine = tree(3, 2, 3);
  const double valid =
      reference::coloring_rates(nine, reference::block_law(nine, 0, BlockMemory::root, LcaLaw::fixed))
          .valid.back();
  for (const Judged judged : {Judged::at_subtrees, Judged::at_leaves}) {
    CHECK_FALSE(differs(split_mean(blocks, 400, judged), valid));
    CHECK(differs(split_mean(blocks, 400, judged, Fault::forgets_weight), valid));
  }
  // Five siblings of at most two colors: what was written last decides what comes next.
  const Cell siblings = coloring(5, 1, 3, kgram(2));
  const double alike =
      reference::coloring_rates(tree(5, 1, 3), reference::kgram_law(tree(5, 1, 3), 2)).valid.back();
  CHECK_FALSE(differs(split_mean(siblings, 2000, Judged::at_leaves), alike));
  CHECK(differs(split_mean(siblings, 2000, Judged::at_leaves, Fault::forgets_writer), alike));
}

TEST_CASE("splitting agrees with sentences written one by one, on deeper trees") {
  const auto agree = [](int d, int height, const Parameters& generator, int runs) {
    Cell cell = coloring(d, height, 3, generator);
    CAPTURE(cell.label());
    Parameters plain = cell.parameters();
    plain.erase("generator.particles");
    plain["generator.method"] = "sequence";
    plain["observe.subtrees"] = plain["observe.correlation"] = "off";
    constexpr std::uint64_t kSentences = 60'000;
    const Tally tally = ChunkRunner(Cell::make(plain)).run(0, kSentences, kGo).value();
    const double p = static_cast<double>(tally.count(fields::valid, cell.language().height)) / kSentences,
                 free = static_cast<double>(tally.count(fields::free_roots)) / kSentences;
    CHECK(p > 3e-3);
    CHECK(p < 0.97);
    const Rates rates = estimate(cell, runs);
    CHECK(std::abs(rates.valid.value - p) <
          kAlarm * std::hypot(rates.valid.error, std::sqrt(p * (1 - p) / kSentences)));
    CHECK(std::abs(rates.free.value - free) <
          kAlarm * std::hypot(rates.free.error, std::sqrt(free * (1 - free) / kSentences)));
  };
  for (const std::int64_t k : {3, 5, 9, 14}) agree(3, 4, kgram(k), 300);
  agree(4, 3, kgram(17), 300);
  agree(3, 4, kgram(20, "tokens"), 300);
  agree(4, 3, kgram(10), 300);
  for (const int w : {1, 2}) agree(3, 4, block(w, "leaves", "sampled"), 300);
  agree(4, 3, block(1, "leaves", "fixed"), 300);
}

TEST_CASE("splitting counts runs, those that go thin and those that die out") {
  const Cell cell = coloring(5, 3, 3, block(0, "root", "sampled"));
  const ChunkRunner runner(cell);
  const Tally tally = runner.run(7, 3 * 64 + 10, kGo).value();
  CHECK(tally.samples == 202);
  CHECK(tally.count(fields::runs) == 4);
  CHECK_FALSE(tally.has(fields::sum_s[0]));
  CHECK_FALSE(tally.has(fields::valid));
  CHECK(tally.histogram.empty());
  CHECK(tally == runner.run(7, 202, kGo).value());
  CHECK_FALSE(tally == runner.run(8, 202, kGo).value());
  // The first runs of a chunk do not depend on how many follow.
  CHECK(wide(*runner.run(7, 64, kGo), fields::valid_weight) <= wide(tally, fields::valid_weight));

  const Cell pairs = coloring(5, 3, 3, [] {
    Parameters p = block(0, "root", "sampled");
    p["generator.particles"] = "2";
    return p;
  }());
  const Tally sums = ChunkRunner(pairs).run(0, 200, kGo).value();
  CHECK(sums.count(fields::runs) == 100);
  CHECK(sums.count(fields::extinct_runs) > 50);
  CHECK(sums.count(fields::thin_runs) == 100);  // two are few
  CHECK(wide(sums, fields::squared_weight) <= wide(sums, fields::valid_weight));
}

TEST_CASE("a splitting chunk is abandoned when told so, and has no sentences") {
  const Cell cell = coloring(3, 6, 3, kgram(9));
  const ChunkRunner runner(cell);
  int polls = 0;
  CHECK_FALSE(runner.run(0, 640, [&] { return ++polls < 3; }).has_value());
  CHECK(polls == 3);
  CHECK_THROWS_AS(runner.sentences(0, 1), std::logic_error);
  CHECK_THROWS_AS(SplittingSampler(Cell::make({{"language.kind", "coloring"},
                                               {"language.d", "3"},
                                               {"language.q", "3"},
                                               {"language.height", "2"},
                                               {"generator.kind", "true"}})),
                  std::logic_error);
}

TEST_CASE("splitting cells are cut into whole runs") {
  const Cell cell = coloring(5, 5, 3, kgram(25));
  const Plan plan("", {cell}, "");
  std::uint64_t samples = 0;
  for (std::uint32_t chunk = 0; chunk < plan.chunks(0); ++chunk) {
    const std::uint64_t n = plan.samples({0, chunk});
    samples += n;
    CHECK(n % 64 == 0);
  }
  CHECK(samples == cell.samples());
  CHECK(plan.chunks(0) % 64 == 0);
}

}  // namespace splitting_sampler_test
