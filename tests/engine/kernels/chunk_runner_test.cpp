#include "engine/kernels/chunk_runner.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <random>

#include "engine/kernels/sampler_family.h"
#include "engine/observe/memory.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/validity.h"
#include "tests/reference/reference.h"

namespace chunk_runner_test {

using namespace leafcast;

namespace {

const auto kGo = [] { return true; };

Parameters with(Parameters base, const Parameters& more) {
  for (const auto& [key, value] : more) base[key] = value;
  return base;
}

struct SmallLanguage {
  std::string name;
  Parameters parameters;
  reference::Tree tree;
};

Parameters language(const std::string& kind, int d, int height, const Parameters& more) {
  return with({{"language.kind", kind},
               {"language.d", std::to_string(d)},
               {"language.height", std::to_string(height)},
               {"seed", "7"},
               {"sampling.samples", "1000"}},
              more);
}

SmallLanguage ising(int d, int height, double rho) {
  return {fmt::format("ising d={} h={}", d, height),
          language("ising", d, height, {{"language.rho", fmt::format("{}", rho)}}),
          reference::symmetric_tree(d, height, 2, rho)};
}
SmallLanguage coloring(int d, int height, int q) {
  return {fmt::format("coloring d={} h={} q={}", d, height, q),
          language("coloring", d, height, {{"language.q", std::to_string(q)}}),
          reference::symmetric_tree(d, height, q, -1.0 / (q - 1))};
}
SmallLanguage potts(int d, int height, int q, double lambda) {
  return {fmt::format("potts d={} h={} q={}", d, height, q),
          language("potts", d, height,
                   {{"language.q", std::to_string(q)}, {"language.lambda", fmt::format("{}", lambda)}}),
          reference::symmetric_tree(d, height, q, lambda)};
}
/// Not reversible, and with a forbidden transition.
SmallLanguage kernel(int d, int height) {
  Eigen::MatrixXd K(3, 3);
  K << 0.7, 0.3, 0.0, 0.1, 0.6, 0.3, 0.4, 0.1, 0.5;
  return {fmt::format("kernel d={} h={}", d, height),
          language("kernel", d, height, {{"language.matrix", "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5"}}),
          reference::Tree{d, height, K, reference::stationary_law(K)}};
}

/// The same cell with so many samples that bit planes write it, if they can: else none.
std::optional<Cell> on_planes(Parameters parameters) {
  parameters["sampling.samples"] = "1000000";
  const Cell cell = Cell::make(parameters);
  return sampler_family(cell) == SamplerFamily::planes ? std::optional(cell) : std::nullopt;
}

/// The cell on lanes, and on planes if they can write it.
std::vector<Cell> by_every_family(const Parameters& parameters) {
  std::vector<Cell> cells = {Cell::make(parameters)};
  REQUIRE(sampler_family(cells[0]) == SamplerFamily::lanes);
  if (const auto cell = on_planes(parameters)) cells.push_back(*cell);
  return cells;
}

std::vector<std::uint64_t> count_sentences(const Cell& cell, std::uint64_t samples) {
  const int q = cell.language().symbols();
  const auto n = static_cast<std::size_t>(cell.language().leaves());
  std::size_t sentences = 1;
  for (std::size_t i = 0; i < n; ++i) sentences *= static_cast<std::size_t>(q);
  std::vector<std::uint64_t> counts(sentences);
  const ChunkRunner runner(cell);
  for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
    const std::vector<std::uint8_t> symbols = runner.sentences(chunk, samples / 4);
    for (std::size_t at = 0; at < symbols.size(); at += n) {
      std::size_t index = 0;
      for (std::size_t i = 0; i < n; ++i) index = index * static_cast<std::size_t>(q) + symbols[at + i];
      ++counts[index];
    }
  }
  return counts;
}

constexpr std::uint64_t kSamples = 100'000;
// Two-sided 5 standard errors; with about 200 laws tested at fixed seeds a false alarm has probability 1e-4.
constexpr double kAlarm = 5.7e-7;

void check_law(const SmallLanguage& language, const Parameters& generator, const reference::Law& law) {
  std::string text = language.name;
  for (const auto& [key, value] : generator) text += " " + key + "=" + value;
  INFO(text);
  for (const Cell& cell : by_every_family(with(language.parameters, generator))) {
    INFO("samples: " << cell.samples());
    CHECK(reference::chi_square_p_value(law, count_sentences(cell, kSamples)) > kAlarm);
  }
}

const std::vector<SmallLanguage>& small_languages() {
  static const std::vector<SmallLanguage> all = {
      ising(2, 3, 0.9),     ising(2, 4, 0.8),  ising(3, 2, 0.7),    coloring(2, 3, 3), potts(3, 2, 3, 0.6),
      potts(3, 2, 3, -0.3), coloring(2, 3, 4), potts(2, 3, 4, 0.4), kernel(2, 3),      kernel(3, 2)};
  return all;
}

template <class Use>
void for_enumerable_languages(Use use) {
  for (const SmallLanguage& language : small_languages())
    if (std::pow(language.tree.q(), language.tree.leaves()) <= 70000) use(language);
}

}  // namespace

TEST_CASE("the true language has the law of its enumeration") {
  for_enumerable_languages([](const SmallLanguage& language) {
    check_law(language, {{"generator.kind", "true"}}, reference::true_law(language.tree));
  });
}

TEST_CASE("planes of another correlation or boundary are told apart") {
  const SmallLanguage language = ising(2, 4, 0.8);
  const auto law_of_planes = [&](const Parameters& generator) {
    return count_sentences(on_planes(with(language.parameters, generator)).value(), kSamples);
  };
  CHECK(reference::chi_square_p_value(reference::true_law(ising(2, 4, 0.77).tree),
                                      law_of_planes({{"generator.kind", "true"}})) < 1e-7);
  const Parameters sampled = {
      {"generator.kind", "block"}, {"generator.context-depth", "2"}, {"generator.memory", "root"}};
  CHECK(
      reference::chi_square_p_value(reference::block_law(language.tree, 2, BlockMemory::root, LcaLaw::fixed),
                                    law_of_planes(sampled)) < 1e-7);
}

TEST_CASE("the k-gram has the law of its enumeration for every context, in leaves and in tokens") {
  for_enumerable_languages([](const SmallLanguage& language) {
    for (int k = 0; k <= language.tree.leaves(); ++k)
      check_law(language, {{"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}},
                reference::kgram_law(language.tree, k));
    for (int k = 1; k <= language.tree.leaves() * 3 / 2; k += 2)
      check_law(language,
                {{"generator.kind", "kgram"},
                 {"generator.context", std::to_string(k)},
                 {"generator.context-unit", "tokens"}},
                reference::kgram_law(language.tree, k, ContextUnit::tokens));
  });
}

TEST_CASE("the k-gram's law differs from that of another context") {
  const SmallLanguage language = ising(2, 4, 0.8);
  const Cell cell =
      Cell::make(with(language.parameters, {{"generator.kind", "kgram"}, {"generator.context", "4"}}));
  const auto counts = count_sentences(cell, kSamples);
  CHECK(reference::chi_square_p_value(reference::kgram_law(language.tree, 3), counts) < 1e-7);
  CHECK(reference::chi_square_p_value(reference::kgram_law(language.tree, 6), counts) < 1e-7);
}

TEST_CASE("block has the law of its enumeration for every depth, memory and LCA law") {
  const std::vector<std::pair<std::string, LcaLaw>> laws = {
      {"sampled", LcaLaw::sampled}, {"sampled-reset", LcaLaw::sampled_reset}, {"fixed", LcaLaw::fixed}};
  const std::vector<std::pair<std::string, BlockMemory>> memories = {{"leaves", BlockMemory::leaves},
                                                                     {"root", BlockMemory::root}};
  for_enumerable_languages([&](const SmallLanguage& language) {
    for (int w = 0; w <= language.tree.height; ++w)
      for (const auto& [lca_name, lca] : laws)
        for (const auto& [memory_name, memory] : memories)
          check_law(language,
                    {{"generator.kind", "block"},
                     {"generator.context-depth", std::to_string(w)},
                     {"generator.lca", lca_name},
                     {"generator.memory", memory_name}},
                    reference::block_law(language.tree, w, memory, lca));
  });
}

TEST_CASE("leaf and root memory are told apart") {
  const SmallLanguage language = ising(2, 4, 0.8);
  const Cell cell =
      Cell::make(with(language.parameters, {{"generator.kind", "block"}, {"generator.context-depth", "2"}}));
  const auto counts = count_sentences(cell, kSamples);
  CHECK(reference::chi_square_p_value(
            reference::block_law(language.tree, 2, BlockMemory::root, LcaLaw::sampled), counts) < 1e-7);
  CHECK(reference::chi_square_p_value(
            reference::block_law(language.tree, 2, BlockMemory::leaves, LcaLaw::fixed), counts) < 1e-7);
}

TEST_CASE("reasoning has the law of its enumeration for both encodings and every memory depth") {
  for_enumerable_languages([](const SmallLanguage& language) {
    for (int m = 0; m <= language.tree.height; ++m) {
      check_law(language,
                {{"generator.kind", "reasoning"},
                 {"generator.encoding", "path"},
                 {"generator.memory-depth", std::to_string(m)}},
                reference::reasoning_law(language.tree, Encoding::path, m));
      check_law(language,
                {{"generator.kind", "reasoning"},
                 {"generator.encoding", "segment"},
                 {"generator.memory-depth", std::to_string(m)}},
                reference::reasoning_law(language.tree, Encoding::segment, m));
    }
  });
}

TEST_CASE("the k-gram's conditional laws are the true ones to 1e-6") {
  const auto check = [](const SmallLanguage& language, int k, const std::string& unit) {
    INFO(language.name << " k=" << k << " " << unit);
    const int n = language.tree.leaves();
    const Cell cell = Cell::make(with(language.parameters, {{"generator.kind", "kgram"},
                                                            {"generator.context", std::to_string(k)},
                                                            {"generator.context-unit", unit}}));
    const ChunkRunner runner(cell);
    const std::vector<std::uint8_t> sentence = runner.sentences(3, 1);
    const Eigen::MatrixXd laws = runner.conditional_laws(sentence);
    double worst = 0;
    for (int i = 0; i < n; i += 1 + n / 600) {
      const int start = reference::window_start(language.tree.d, i, k,
                                                unit == "tokens" ? ContextUnit::tokens : ContextUnit::leaves);
      const std::vector<int> window(sentence.begin() + start, sentence.begin() + i);
      const Eigen::VectorXd law = reference::conditional(language.tree, start, window, i);
      worst = std::max(worst, (laws.row(i).transpose() - law).cwiseAbs().maxCoeff());
    }
    CHECK(worst < 1e-6);
  };
  for (const int k : {1, 2, 5, 16, 80, 81, 82, 243, 500, 728, 2000}) {
    check(ising(3, 6, 0.9), k, "leaves");
    check(ising(3, 6, 0.9), k, "tokens");
  }
  for (const int k : {1, 3, 16, 63, 64, 65, 300, 1023}) {
    check(coloring(4, 5, 3), k, "leaves");
    check(ising(2, 10, 0.75), k, "leaves");
    check(kernel(2, 9), k, "tokens");
  }
  for (const int k : {4, 25, 130}) {
    check(potts(5, 4, 7, 0.5), k, "leaves");
    check(coloring(5, 4, 4), k, "tokens");
    check(potts(20, 2, 5, 0.7), k, "leaves");
  }
}

TEST_CASE("tallies are those of the sentences") {
  for (const SmallLanguage& language :
       {ising(3, 3, 0.9), ising(2, 10, 0.9), ising(7, 2, 0.5), ising(3, 1, 0.5), coloring(4, 3, 3),
        coloring(5, 3, 4), coloring(3, 4, 2), coloring(2, 4, 5), potts(3, 6, 4, 0.3), potts(3, 3, 40, 0.3)}) {
    const bool colored = language.parameters.at("language.kind") == "coloring";
    for (const Parameters& generator :
         {Parameters{{"generator.kind", "kgram"}, {"generator.context", "5"}},
          Parameters{
              {"generator.kind", "block"}, {"generator.context-depth", "1"}, {"generator.memory", "root"}}}) {
      for (const Cell& cell : by_every_family(with(language.parameters, generator))) {
        INFO(language.name << ", samples: " << cell.samples());
        const ChunkRunner runner(cell);
        // A whole batch and a partial one.
        const std::uint64_t kCount = static_cast<std::uint64_t>(batch_samples(cell)) + 37;
        const Tally tally = runner.run(2, kCount, kGo).value();
        const std::vector<std::uint8_t> symbols = runner.sentences(2, kCount);
        const int q = language.tree.q(), d = language.tree.d, h = language.tree.height,
                  n = language.tree.leaves(), symbol = cell.observe().symbol;

        Tally expected(cell, kCount);
        for (std::uint64_t sample = 0; sample < kCount; ++sample) {
          const std::vector<int> sentence(symbols.begin() + sample * n, symbols.begin() + (sample + 1) * n);
          for (int j = 0, leaves = 1; j <= h; ++j, leaves *= d)
            for (int first = 0; first < n; first += leaves) {
              const auto count =
                  std::count(sentence.begin() + first, sentence.begin() + first + leaves, symbol);
              const std::int64_t s = q * count - leaves;
              WideInt power = 1;
              for (const Field& field : fields::sum_s) add(expected, field, j, power *= s);
            }
          const auto chosen = std::count(sentence.begin(), sentence.end(), symbol);
          ++expected.histogram[HistogramBins::bin(chosen - std::llround(language.tree.nu(0) * n))];
          if (!colored) continue;
          const auto allowed = reference::allowed_colors(q, d, sentence);
          int lowest = h + 1;
          for (int j = h; j >= 0; --j)
            for (const std::uint64_t colors : allowed[j]) {
              if (colors != 0) ++expected.counts(fields::valid)[static_cast<std::size_t>(j)];
              if (colors == 0) lowest = j;
            }
          if (lowest <= h) ++expected.counts(fields::first_inconsistency)[static_cast<std::size_t>(lowest)];
          const int root_colors = std::popcount(allowed[h][0]);
          expected.counts(fields::frozen_roots)[0] += root_colors == 1;
          expected.counts(fields::free_roots)[0] += root_colors > 1;
        }
        CHECK(tally == expected);
      }
    }
  }
}

TEST_CASE("the largest sums are summed without loss at every height, on every instruction set") {
  // λ = 1: every leaf has the root's symbol, so each subtree's sum is ± its leaves, and Σ S^4 passes any
  // word.
  constexpr std::uint64_t kSentences = 600;
  for (const auto& [d, height] : {std::pair{2, 12}, {3, 7}, {4, 6}, {8, 4}, {2, 17}})
    for (const Cell& cell : by_every_family(
             language("potts", d, height,
                      {{"language.q", "2"}, {"language.lambda", "1"}, {"generator.kind", "true"}})))
      for (const std::string& set : instruction_sets()) {
        if (height == 17 && set != instruction_sets().front()) continue;
        INFO("d = " << d << ", h = " << height << ", samples " << cell.samples() << ", " << set);
        use_instruction_set(set);
        const std::uint64_t sentences = height == 17 ? 20 : kSentences;
        const Tally tally = ChunkRunner(cell).run(0, sentences, kGo).value();
        WideInt leaves = 1, subtrees = sentences * static_cast<std::uint64_t>(cell.language().leaves());
        for (int j = 0; j <= height; ++j, leaves *= d, subtrees /= d) {
          INFO("height " << j);
          CHECK(wide(tally, fields::sum_s[1], j) == subtrees * leaves * leaves);
          CHECK(wide(tally, fields::sum_s[3], j) == subtrees * leaves * leaves * leaves * leaves);
        }
      }
  use_instruction_set("");
}

TEST_CASE("every instruction set gives the same tally") {
  const std::vector<std::string> sets = instruction_sets();
  REQUIRE(!sets.empty());
  for (const SmallLanguage& language :
       {ising(3, 6, 0.9), coloring(4, 4, 3), coloring(2, 9, 4), potts(3, 4, 5, 0.6), kernel(2, 7)})
    for (const Parameters& generator :
         {Parameters{{"generator.kind", "true"}},
          Parameters{{"generator.kind", "kgram"}, {"generator.context", "20"}},
          Parameters{{"generator.kind", "kgram"}, {"generator.context", "20"}, {"observe.entropy", "on"}},
          Parameters{{"generator.kind", "kgram"},
                     {"generator.context", "20"},
                     {"generator.context-unit", "tokens"},
                     {"generator.structure", "sampled"},
                     {"observe.entropy", "on"}},
          Parameters{{"generator.kind", "block"}, {"generator.context-depth", "2"}},
          Parameters{
              {"generator.kind", "block"}, {"generator.context-depth", "2"}, {"generator.memory", "root"}},
          Parameters{{"generator.kind", "reasoning"},
                     {"generator.encoding", "segment"},
                     {"generator.memory-depth", "3"}}}) {
      for (const Cell& cell : by_every_family(with(language.parameters, generator))) {
        const ChunkRunner runner(cell);
        const Tally best = runner.run(5, 600, kGo).value();
        for (const std::string& set : sets) {
          INFO(cell.label() << " on " << set << ", samples: " << cell.samples());
          use_instruction_set(set);
          CHECK(runner.run(5, 600, kGo).value() == best);
        }
      }
      use_instruction_set("");
    }
}

TEST_CASE("a batch's numbers depend on its address only") {
  Parameters other_seed = ising(3, 3, 0.9).parameters;
  other_seed["seed"] = "8";
  const std::vector<Cell> cells = by_every_family(ising(3, 3, 0.9).parameters),
                          others = by_every_family(other_seed);
  REQUIRE(cells.size() == 2);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const ChunkRunner runner(cells[i]);
    const auto few = runner.sentences(4, 16), more = runner.sentences(4, 700);
    CHECK(std::equal(few.begin(), few.end(), more.begin()));
    CHECK(!std::equal(few.begin(), few.end(), more.begin() + 512 * 27));
    CHECK(runner.sentences(5, 16) != few);
    CHECK(ChunkRunner(others[i]).sentences(4, 16) != few);
  }
  CHECK(ChunkRunner(cells[0]).sentences(4, 16) != ChunkRunner(cells[1]).sentences(4, 16));
}

TEST_CASE("a chunk is abandoned when told so") {
  for (const Cell& cell :
       by_every_family(language("ising", 2, 20, {{"language.rho", "0.9"}, {"generator.kind", "true"}}))) {
    int calls = 0;
    CHECK(!ChunkRunner(cell).run(0, 1, [&] { return ++calls < 3; }));
    CHECK(calls == 3);
  }
}

TEST_CASE("reasoning reports the bits that it used") {
  const auto bits = [](const std::string& encoding, int m) {
    Parameters parameters = coloring(4, 3, 3).parameters;
    parameters["generator.kind"] = "reasoning";
    parameters["generator.encoding"] = encoding;
    parameters["generator.memory-depth"] = std::to_string(m);
    return ChunkRunner(Cell::make(parameters)).run(0, 16, kGo).value().count(fields::memory_bits);
  };
  CHECK(bits("path", 3) == 3 * (2 + 2));
  CHECK(bits("path", 1) == 2 + 2);
  CHECK(bits("path", 0) == 2);
  CHECK(bits("segment", 3) == 3 * 3 * 2 + 3 * 2);
  CHECK(bits("segment", 2) == (2 * 3 + 1) * 2 + 2 * 2);
  CHECK(bits("segment", 0) == 2);
}

}  // namespace chunk_runner_test
