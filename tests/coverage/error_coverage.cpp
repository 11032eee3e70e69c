// How often one and two errors cover what is true, for every statistic, over languages, writers and numbers of
// samples: cmake --build build --target error_coverage. A row a cell, statistic and number of samples.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/coverage/coverage.h"

namespace {

using namespace leafcast;
using test::with;

struct Named {
  std::string name;
  Parameters parameters;
};

Parameters language(const char* kind, int d, int height, const Parameters& more) {
  return with({{"language.kind", kind},
               {"language.d", std::to_string(d)},
               {"language.height", std::to_string(height)},
               {"generator.kind", "true"}},
              more);
}

std::vector<Named> cells() {
  const Parameters block = {{"generator.kind", "block"}, {"generator.context-depth", "1"}};
  const Parameters by_root = with(block, {{"generator.memory", "root"}});
  const Parameters kgram = {{"generator.kind", "kgram"}, {"generator.context", "3"}};
  const Parameters path = {{"generator.kind", "reasoning"}, {"generator.memory-depth", "2"}};
  const Parameters own = {{"generator.kind", "kgram"},
                          {"generator.context", "4"},
                          {"generator.context-unit", "tokens"},
                          {"generator.structure", "sampled"}};
  const Parameters entropy = {{"observe.entropy", "on"}}, pairs = {{"observe.pairs", "levels"}},
                   walls = {{"observe.domain-walls", "on"}};
  const Parameters strong = language("ising", 3, 3, {{"language.rho", "0.9"}});
  const Parameters weak = language("ising", 2, 5, {{"language.rho", "0.5"}});
  const Parameters coloring = language("coloring", 4, 2, {{"language.q", "3"}});
  const Parameters frozen = language("coloring", 5, 2, {{"language.q", "3"}});
  const Parameters potts =
      language("potts", 2, 4, {{"language.q", "4"}, {"language.lambda", "0.6"}, {"observe.symbol", "2"}});
  const Parameters kernel =
      language("kernel", 3, 3, {{"language.matrix", "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5"}});
  const Parameters skewed = language("kernel", 2, 3, {{"language.matrix", "0.99 0.01; 0.3 0.7"}});
  const Parameters binary =
      language("binary", 2, 4, {{"language.flip-plus", "0.05"}, {"language.flip-minus", "0.3"}});
  const Parameters grammar = {{"language.kind", "rhm"}, {"language.v", "4"}, {"language.m", "2"},
                              {"language.s", "2"},      {"language.L", "3"}, {"generator.kind", "true"}};
  const Parameters splitting = {{"generator.kind", "block"},
                                {"generator.context-depth", "1"},
                                {"generator.memory", "root"},
                                {"generator.method", "splitting"},
                                {"generator.particles", "16"}};
  const Parameters learner = {{"generator.training", "20"}, {"generator.test", "10"}};
  return {
      {"ising strong true", with(strong, with(entropy, with(pairs, walls)))},
      {"ising strong block", with(strong, by_root)},
      {"ising strong kgram", with(with(strong, kgram), entropy)},
      {"ising weak true", with(weak, pairs)},
      {"ising weak reasoning", with(weak, path)},
      {"ising weak collapsed", with(weak, {{"generator.method", "collapsed"}})},
      {"ising own structure", with(with(strong, own), entropy)},
      {"coloring block", with(with(coloring, by_root), pairs)},
      {"coloring frozen block", with(frozen, block)},
      {"coloring kgram", with(with(coloring, kgram), entropy)},
      {"coloring own structure", with(coloring, own)},
      {"coloring splitting", with(coloring, splitting)},
      {"potts true", with(potts, pairs)},
      {"kernel true", with(kernel, with(entropy, pairs))},
      {"kernel block", with(kernel, block)},
      {"kernel skewed", with(skewed, with(entropy, walls))},
      {"kernel skewed low", with(skewed, {{"language.height", "1"}})},
      {"kernel skewed block", with(skewed, block)},
      {"ising rigid", with(strong, with(with(entropy, walls), {{"language.rho", "0.999"}}))},
      {"ising rigid block", with(strong, with(block, {{"language.rho", "0.999"}}))},
      {"ising stiff", with(strong, with(with(entropy, walls), {{"language.rho", "0.99"}}))},
      {"ising stiff kgram", with(strong, with(with(kgram, entropy), {{"language.rho", "0.99"}}))},
      {"binary true", with(binary, pairs)},
      {"binary kgram", with(binary, with(kgram, entropy))},
      {"grammar true", with(grammar, pairs)},
      {"grammar kgram", with(grammar, kgram)},
      {"grammar counting",
       with(with(grammar, learner), {{"generator.kind", "counting"}, {"generator.context", "2"}})},
      {"grammar clustering", with(with(grammar, learner), {{"generator.kind", "clustering"}})},
  };
}

std::uint64_t truth_samples(const std::string& name) {
  if (name.find("splitting") != name.npos) return 1u << 19;
  return name.starts_with("grammar c") ? 1u << 17 : 1u << 22;
}

/// Whether a share is farther from what is due than 3 points and two of its own standard deviations.
bool is_off(double share, double due, double repetitions) {
  return std::abs(share - due) > 0.03 + 2 * std::sqrt(due * (1 - due) / repetitions);
}
const char* mark(const coverage::Coverage& c) {
  const bool few = is_off(c.one(), 0.683, c.known) && c.one() < 0.683;
  const bool too_few = few || (is_off(c.two(), 0.954, c.known) && c.two() < 0.954);
  if (too_few) return "  small";
  return is_off(c.one(), 0.683, c.known) || is_off(c.two(), 0.954, c.known) ? "  large" : "";
}

}  // namespace

/// Repetitions, and a part of the names of the cells wanted.
int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 2000;
  const std::string_view wanted = argc > 2 ? argv[2] : "";
  const std::string_view only = argc > 3 ? argv[3] : "";
  fmt::print("{:24} {:26} {:>7} {:>6} {:>6} {:>7} {:>7} {:>7} {:>8}\n", "cell", "statistic", "samples", "1σ",
             "2σ", "mean z", "mean z²", "scale", "unknown");
  for (const auto& [name, parameters] : cells()) {
    if (name.find(wanted) == name.npos) continue;
    const auto truth = coverage::truths(parameters, truth_samples(name));
    for (const std::uint64_t samples : {64, 256, 1024, 100000}) {
      const bool costs = samples > 1024;
      if (name.find("splitting") != name.npos && samples < 1024) continue;  // 64 runs of 16 particles
      if (costs && name.starts_with("grammar c")) continue;
      const auto list =
          coverage::cover(parameters, samples, costs ? std::max(1, repetitions / 4) : repetitions, truth,
                          [](const Estimate& e) { return e.z(); });
      for (const auto& [statistic, c] : list) {
        if (statistic.find(only) == statistic.npos) continue;
        const double all = c.known + c.unknown;
        fmt::print("{:24} {:26} {:>7} {:>6.1f} {:>6.1f} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.1f}%{}\n", name,
                   statistic, samples, 100 * c.one(), 100 * c.two(), c.sum / c.known, c.squares / c.known,
                   std::sqrt(c.deviations / c.errors), 100 * c.unknown / all, mark(c));
      }
      std::fflush(stdout);
    }
  }
}
