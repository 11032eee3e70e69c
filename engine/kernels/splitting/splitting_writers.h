#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "engine/cell/cell.h"
#include "engine/language/tree.h"
#include "engine/streams/scalar_stream.h"

namespace leafcast {

/// Writes colorings side by side, all at the same leaf, each with what its writer remembers. In double
/// precision and plain loops: no sum runs over particles, so results are the same on every machine.
class ParticleWriter {
 public:
  virtual ~ParticleWriter() = default;
  /// Draws leaf odometer.leaf(), reached by this carry (the tree's height before the first leaf), of as many
  /// particles as there are symbols. Leaf 0 begins new sentences.
  virtual void write(const LeafOdometer& odometer, int carry, ScalarStream& stream,
                     std::span<std::uint8_t> symbols) = 0;
  /// Particle `to` goes on from what `from` remembers.
  virtual void copy(int from, int to) = 0;
};

/// The writer of a coloring cell's generator: kgram at O(q d log k) a leaf, block and reasoning by path at
/// O(q). Throws ContractError for other cells.
std::unique_ptr<ParticleWriter> make_particle_writer(const Cell& cell, int particles);

/// Bytes that a particle of the cell remembers.
double particle_bytes(const Cell& cell);

}  // namespace leafcast
