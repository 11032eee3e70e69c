#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/tally.h"

namespace leafcast {

using Proceed = std::function<bool()>;

/// What chunk_runner.cpp asks of the kernels, in types that are the same for every instruction set.
struct SentenceTask {
  std::uint32_t chunk;
  std::uint64_t samples;
  Proceed proceed;
  bool record;  ///< keep the sentences instead of tallying them
  Tally tally;
  std::vector<std::uint8_t> sentences;  ///< [sample][leaf]
};
struct LawTask {
  std::span<const std::uint8_t> sentence;
  Eigen::MatrixXd laws;  ///< [leaf][symbol]
};

}  // namespace leafcast
