#include "engine/plan/chunk_hash.h"

#include <xxhash.h>

#include <algorithm>

#include "engine/observe/tally.h"

namespace leafcast {

std::uint64_t hash_of(const Tally& tally) {
  std::vector<std::uint64_t> words = {tally.samples, tally.histogram.size()};
  for (const auto& [bin, count] : tally.histogram) {
    words.push_back(static_cast<std::uint64_t>(std::int64_t{bin}));
    words.push_back(count);
  }
  // Zeros may be stored or not.
  const std::vector<std::uint64_t>& sums = tally.words();
  if (std::ranges::any_of(sums, [](std::uint64_t word) { return word != 0; }))
    words.insert(words.end(), sums.begin(), sums.end());
  return std::max<std::uint64_t>(XXH3_64bits(words.data(), words.size() * sizeof words[0]), 1);
}

ChunkHashes::ChunkHashes(std::vector<ChunkHash> hashes) : hashes_(std::move(hashes)) {
  std::ranges::stable_sort(hashes_, {}, &ChunkHash::chunk);
}

const ChunkHash* ChunkHashes::find(Chunk chunk) const {
  const auto at = std::ranges::lower_bound(hashes_, chunk, {}, &ChunkHash::chunk);
  return at != hashes_.end() && at->chunk == chunk ? &*at : nullptr;
}

}  // namespace leafcast
