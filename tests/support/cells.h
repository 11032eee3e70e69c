#pragma once
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast::test {

/// Parameters with some more, which win.
inline Parameters with(Parameters parameters, const Parameters& more) {
  for (const auto& [key, value] : more) parameters[key] = value;
  return parameters;
}

/// Small cells that together have every observable (engine/observe), each in several companies.
inline std::vector<Cell> cells_of_every_observable() {
  const Parameters ising = {{"language.kind", "ising"},
                            {"language.d", "3"},
                            {"language.height", "3"},
                            {"language.rho", "0.9"},
                            {"sampling.samples", "200"}};
  const Parameters coloring = {{"language.kind", "coloring"},
                               {"language.d", "5"},
                               {"language.height", "2"},
                               {"language.q", "3"},
                               {"sampling.samples", "2048"}};
  const Parameters grammar = {{"language.kind", "rhm"}, {"language.v", "4"}, {"language.m", "2"},
                              {"language.s", "2"},      {"language.L", "3"}, {"sampling.samples", "64"}};
  const Parameters kgram = {{"generator.kind", "kgram"}, {"generator.context", "4"}};
  const Parameters own =
      with(kgram, {{"generator.context-unit", "tokens"}, {"generator.structure", "sampled"}});
  const Parameters learner = {{"generator.training", "20"}, {"generator.test", "10"}};
  std::vector<Cell> cells;
  for (const Parameters& parameters :
       {ising, with(ising, {{"observe.subtrees", "off"}, {"observe.histogram", "off"}}),
        with(ising, {{"observe.correlation", "off"}}), with(ising, {{"generator.method", "collapsed"}}),
        with(ising, {{"generator.kind", "reasoning"}, {"generator.memory-depth", "1"}}),
        with(ising, {{"observe.entropy", "on"}}), with(with(ising, own), {{"observe.entropy", "on"}}),
        with(ising, {{"observe.pairs", "levels"}}), with(ising, {{"observe.domain-walls", "on"}}), coloring,
        with(coloring, own),
        with(with(coloring, kgram), {{"generator.method", "splitting"}, {"generator.particles", "16"}}),
        with(grammar, {{"observe.pairs", "distances"}}),
        with(with(grammar, learner), {{"generator.kind", "counting"}, {"generator.context", "2"}}),
        with(with(grammar, learner), {{"generator.kind", "clustering"}}),
        with(with(grammar, learner), {{"generator.kind", "classifier"}})})
    cells.push_back(Cell::make(parameters));
  return cells;
}

}  // namespace leafcast::test
