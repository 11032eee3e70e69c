#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/observe/tally.h"
#include "engine/plan/chunk_hash.h"
#include "engine/plan/ledger.h"
#include "engine/plan/plan.h"

namespace leafcast {

/// Where the sums of a record lie that are not in memory: files. They are immutable.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  /// The sums of a cell; zeros if it has no chunks there. Throws what reading files throws.
  virtual CellTally tallies(std::uint32_t cell) const = 0;
  /// Of all chunks there, as far as they are known.
  virtual std::vector<ChunkHash> hashes() const = 0;
};

/// Samples that a cell really has.
std::uint64_t samples_done(const CellTally& bins);

/// What has been computed of a plan: the chunks done and the exact sums over them. Parts and results hold one
/// each; records with disjoint ledgers unite. The sums of a cell are in memory or in the source, so a record of a
/// large sweep takes no more memory than its ledger.
class Record {
 public:
  Plan plan;
  Ledger ledger;
  std::vector<ChunkHash> hashes;  ///< in memory, as far as they are known, in no order

  Record() = default;
  explicit Record(Plan p, std::shared_ptr<const RecordSource> source = nullptr);

  /// Counts a chunk. The caller guarantees that it is not in the ledger (checked: throws ContractError).
  void add(Chunk chunk, const Tally& tally);
  /// Unites with a record of the same plan; what lies in sources stays there. Throws DataError: another plan, or a chunk
  /// in both.
  void merge(const Record& other);
  /// Whether all chunks of the plan are done. Cells with goals may need fewer: is_complete (stages.h).
  bool complete() const;

  /// By jackknife bin.
  CellTally tallies(std::size_t cell) const;
  bool has_sums_of(const Record& other) const;
  /// The same to be changed; in memory from then on.
  CellTally& held_tallies(std::size_t cell);
  void hold(std::size_t cell, CellTally bins) { held_[static_cast<std::uint32_t>(cell)] = std::move(bins); }
  /// Lets go of all sums in memory: the source has them now.
  void drop_held() { held_.clear(); }
  /// Cells whose sums are in memory.
  std::size_t held() const { return held_.size(); }
  /// Samples that a cell really has, by its sums where they are in memory, else by the ledger.
  std::uint64_t samples(std::size_t cell) const;
  /// Jackknife bins that have samples.
  int filled_bins(std::size_t cell) const;
  std::vector<ChunkHash> all_hashes() const;

 private:
  std::vector<std::shared_ptr<const RecordSource>> sources_;  // which add up
  std::unordered_map<std::uint32_t, CellTally> held_;
};

}  // namespace leafcast
