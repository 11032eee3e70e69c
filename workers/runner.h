#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/kernels/chunk_runner.h"
#include "engine/plan/chunk.h"
#include "workers/run.h"

namespace leafcast::workers {

/// Tabulates a cell's sampler when it is first needed and keeps it while its chunks come.
class Runner {
 public:
  std::optional<Sampled> run(const Cell& cell, Chunk chunk, std::uint64_t samples,
                             const std::function<bool()>& proceed) {
    if (!runner_ || cell_ != chunk.cell) {
      runner_ = std::make_unique<ChunkRunner>(cell);
      cell_ = chunk.cell;
    }
    return runner_->run(chunk.index, samples, proceed);
  }

 private:
  std::unique_ptr<ChunkRunner> runner_;
  std::uint32_t cell_ = 0;
};

}  // namespace leafcast::workers
