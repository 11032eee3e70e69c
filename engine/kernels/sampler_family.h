#pragma once
#include "engine/cell/cell.h"

namespace leafcast {

/// The implementations that sample cells. Each has streams and batches of its own; which one samples a cell
/// is a function of the cell alone.
enum class SamplerFamily {
  lanes,      ///< one sample a lane of a vector: every generator and language
  planes,     ///< one sample a bit: the language itself, block with root memory and path reasoning, symmetric
              ///< channels, q ≤ 4
  collapsed,  ///< no leaves, only their number by symbol
  learners,   ///< training sets instead of sentences
  splitting   ///< particles that are resampled as they become invalid: a batch is a run
};

/// Samples of a plane: the bits of a group of streams.
inline constexpr int kPlaneSamples = 512;

/// Planes are chosen where chunks fill enough of a group of 512 samples: from 12,288 samples on, for
/// 3-colorings from 4096.
SamplerFamily sampler_family(const Cell& cell);

/// Whether a child's color takes one fair random bit: 3-coloring.
bool flips_coins(const Channel& channel);

/// Samples that are drawn at once, on every instruction set; a chunk's last batch may be partial.
int batch_samples(const Cell& cell);

}  // namespace leafcast
