#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/plan/chunk.h"

namespace leafcast {

class Tally;

/// What a chunk gave when it was sampled, as hashes (XXH3, 64 bits): sampled again, it must give the same. Finds
/// what no seal of a file can: a machine that computes wrongly.
struct ChunkHash {
  Chunk chunk;
  std::uint64_t sums = 0;  ///< of its tally; 0: not known
  std::uint64_t rows =
      0;  ///< of its sequences as they stand in their file; 0: none were written, or not known
  bool operator==(const ChunkHash&) const = default;
};

/// Never 0.
std::uint64_t hash_of(const Tally& tally);

/// Hashes in order of their chunks. Of two of one chunk, the first stays.
class ChunkHashes {
 public:
  explicit ChunkHashes(std::vector<ChunkHash> hashes);
  const ChunkHash* find(Chunk chunk) const;

 private:
  std::vector<ChunkHash> hashes_;
};

}  // namespace leafcast
