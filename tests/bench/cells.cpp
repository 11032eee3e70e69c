#include "cells.h"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

namespace leafcast::bench {

namespace {

const std::string kIsing3 = "ising d=3 rho=0.9", kIsing2 = "ising d=2 rho=0.9",
                  kColoring3 = "coloring d=3 q=3", kColoring2 = "coloring d=2 q=3";
constexpr int kDeepSamples = 64;  // for sentences of 5e5 leaves and more: no lane idles

std::string at_height(const std::string& language, int h) { return fmt::format("{} h={}", language, h); }

std::string full_key(const std::string& key) {
  if (key == "h") return "height";
  if (key == "k") return "context";
  if (key == "w") return "context-depth";
  if (key == "m") return "memory-depth";
  if (key == "unit") return "context-unit";
  return key;
}

/// "KIND key=value …", or switches only if there is no kind. An underscore stands for a space ("0.9_0.1").
void add_keys(Parameters& parameters, const std::string& section, const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    std::string value = equals == std::string::npos ? word : word.substr(equals + 1);
    for (char& letter : value)
      if (letter == '_') letter = ' ';
    parameters[section + (equals == std::string::npos ? "kind" : full_key(word.substr(0, equals)))] = value;
  }
}

}  // namespace

std::string Subject::name() const {
  return language + "/" + generator + (observe.empty() ? "" : "/" + observe);
}

Parameters Subject::parameters() const {
  Parameters parameters = {{"sampling.samples", "1000000"}, {"observe.subtrees", "off"}};
  add_keys(parameters, "language.", language);
  add_keys(parameters, "generator.", generator);
  add_keys(parameters, "observe.", observe);
  return parameters;
}

std::vector<Row> goal_rows() {
  return {
      {{at_height(kIsing3, 8), "true"}, 0.1},
      {{at_height(kIsing2, 12), "true"}, 0.1},
      {{at_height(kIsing3, 8), "block w=4 memory=root"}, 0.1},
      {{at_height(kColoring3, 8), "true"}, 0.15},
      {{at_height(kColoring3, 8), "block w=4 memory=root"}, 0.15},
      {{at_height(kIsing3, 8), "kgram k=64"}, 1.5},
      {{at_height(kIsing3, 8), "kgram k=4096"}, 1.5},
      {{at_height(kIsing2, 14), "kgram k=64"}, 1.5},
      {{at_height(kIsing3, 14), "kgram k=65536"}, 1.5, Unit::ns_a_leaf, kDeepSamples},
      {{at_height(kColoring3, 8), "kgram k=64"}, 5},
      {{at_height(kColoring3, 8), "kgram k=4096"}, 5},
      {{at_height(kIsing3, 8), "block w=4 memory=leaves"}, 1.5},
      {{at_height(kIsing2, 12), "block w=6 memory=leaves"}, 1.5},
      {{at_height(kIsing3, 30), "true method=collapsed"}, 1e5, Unit::sentences_a_second},
  };
}

std::vector<Row> grid_rows() {
  std::vector<Row> rows;
  const std::vector<std::string> languages = {
      at_height(kIsing2, 12),         at_height(kIsing3, 8),
      "ising d=8 rho=0.9 h=4",        at_height(kColoring2, 12),
      at_height(kColoring3, 8),       "coloring d=3 q=5 h=8",
      "potts d=3 q=4 lambda=0.5 h=8", "kernel d=3 matrix=0.9_0.1;_0.2_0.8 h=8"};
  const std::vector<std::string> generators = {"true",
                                               "block w=2 memory=root",
                                               "block w=2 memory=leaves",
                                               "block w=4 memory=leaves",
                                               "kgram k=16",
                                               "kgram k=1024",
                                               "kgram k=1024 unit=tokens",
                                               "reasoning encoding=path m=4",
                                               "reasoning encoding=segment m=4"};
  for (const std::string& language : languages)
    for (const std::string& generator : generators) rows.push_back({{language, generator}});
  rows.push_back(
      {{at_height(kIsing3, 30), "block w=10 memory=root method=collapsed"}, 0, Unit::sentences_a_second});
  rows.push_back({{at_height(kColoring3, 30), "true method=collapsed"}, 0, Unit::sentences_a_second});
  return rows;
}

std::vector<Row> growth_by_context_rows() {
  std::vector<Row> rows;
  for (const std::string& language :
       {at_height(kIsing2, 19), at_height(kIsing3, 12), at_height(kColoring2, 19), at_height(kColoring3, 12)})
    for (int power = 4; power <= 18; power += 2)
      rows.push_back({{language, fmt::format("kgram k={}", 1 << power)}, 0, Unit::ns_a_leaf, kDeepSamples});
  return rows;
}

std::vector<Row> growth_by_height_rows() {
  std::vector<Row> rows;
  for (const std::string& language : {kIsing2, kIsing3, kColoring2, kColoring3})
    for (int h = 6; h <= (language.find("d=2") != std::string::npos ? 16 : 12); h += 2)
      rows.push_back(
          {{at_height(language, h), "kgram k=64"}, 0, Unit::ns_a_leaf, h >= 12 ? kDeepSamples : 0});
  return rows;
}

std::vector<Pair> pairs() {
  const auto contexts = [](const std::string& language) {
    return Pair{"k=65536/k=16, " + language,
                {language, "kgram k=16"},
                {language, "kgram k=65536"},
                1.3,
                kDeepSamples};
  };
  const auto subtrees = [](const std::string& language, const std::string& generator, double goal) {
    return Pair{"subtrees on/off, " + language + ", " + generator,
                {language, generator},
                {language, generator, "subtrees=on"},
                goal};
  };
  return {
      contexts(at_height(kIsing2, 19)),
      contexts(at_height(kIsing3, 12)),
      subtrees(at_height(kIsing3, 8), "true", 4.0 / 3),
      subtrees(at_height(kColoring3, 8), "true", 4.0 / 3),
      subtrees(at_height(kIsing3, 8), "kgram k=64", 0),
      {"own structure/fixed, " + at_height(kIsing3, 8) + ", kgram k=81 tokens",
       {at_height(kIsing3, 8), "kgram k=81 unit=tokens"},
       {at_height(kIsing3, 8), "kgram k=81 unit=tokens structure=sampled"},
       1.5},
      // Two sentences instead of one, and four laws and their entropies instead of one.
      {"entropy on/off, " + at_height(kIsing3, 8) + ", kgram k=81",
       {at_height(kIsing3, 8), "kgram k=81"},
       {at_height(kIsing3, 8), "kgram k=81", "entropy=on"},
       6},
      {"validity on/off, " + at_height(kColoring3, 8) + ", true",
       {at_height(kColoring3, 8), "true", "validity=off"},
       {at_height(kColoring3, 8), "true"}},
  };
}

double least_words_a_leaf(const Cell& cell) {
  constexpr double kWordBits = 32;
  const Language& language = cell.language();
  const double q = language.symbols();
  const double nodes = language.d / (language.d - 1.0);  // a leaf, itself included
  // Laws given leaves are real numbers of their own: one word a draw.
  if (std::holds_alternative<KgramGenerator>(cell.generator())) return 1;
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator()))
    if (block->memory == BlockMemory::leaves) return nodes;
  if (const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator()))
    if (writer->encoding == Encoding::segment) return nodes;
  if (language.kind == "kernel") return nodes;
  // Bit planes: 512 Bernoulli trials of the same chance take log2(512) + 1.33 planes of random bits, all but
  // certain to have decided every lane by then; a uniform choice takes as many bits as it has.
  const double bernoulli = std::log2(512.0) + 1.33;
  if (language.kind == "coloring") return nodes * std::log2(q - 1) / kWordBits;
  return nodes * (bernoulli + (q > 2 ? std::log2(q) : 0)) / kWordBits;
}

double ring_bytes_a_leaf(const Cell& cell) {
  if (!std::holds_alternative<KgramGenerator>(cell.generator())) return 0;
  // A symbol, and 1/(d−1) messages of q single-precision numbers, each written once and read once.
  const Language& language = cell.language();
  return 2 * (1 + 4.0 * language.symbols() / (language.d - 1));
}

}  // namespace leafcast::bench
