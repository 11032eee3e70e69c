#pragma once
#include <algorithm>
#include <array>
#include <boost/icl/interval_set.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"
#include "engine/plan/chunk.h"
#include "engine/plan/chunk_hash.h"
#include "engine/streams/stream_address.h"

namespace leafcast {

/// Version of the random streams: what a cell's chunks are and which numbers they draw. It changes whenever
/// the same plan would give other results. 1: sixteen samples a batch; 2: lanes, planes and collapsed sums.
inline constexpr int kStreams = 2;

/// What a run must do: cells, and how each is cut into chunks. A function of the cells alone, never of ranks
/// or timings.
class Plan {
 public:
  Plan() = default;
  /// `sweep_text` is kept for the record and does not enter the hash. Identical cells are kept once.
  /// `streams` is the version of the random streams and of the chunking: plans of earlier versions can be
  /// read, merged and analysed, not continued.
  Plan(std::string title, std::vector<Cell> cells, std::string sweep_text, int streams = kStreams);

  const std::string& title() const { return title_; }
  const std::string& sweep_text() const { return sweep_text_; }
  const std::vector<Cell>& cells() const { return cells_; }
  int streams() const { return streams_; }
  /// Number of chunks of a cell: a multiple of 64 if samples ≥ 64, so that jackknife bins are alike up to a
  /// batch; else `samples`. Of a pooled cell the sum over its seeds; of one with a goal, which may need fewer
  /// (stages.h), over all stages.
  std::uint32_t chunks(std::size_t cell) const {
    return cuts_[cell].back().first + cuts_[cell].back().chunks;
  }
  std::uint64_t samples(Chunk chunk) const;  ///< how many samples the chunk draws
  /// Jackknife bin: (r + index among the chunks of its seed) mod 64, where r = 0, but seed mod 64 for a seed
  /// of fewer than 64 chunks in a pooled cell.
  int bin(Chunk chunk) const;
  std::uint64_t total_chunks() const;
  /// Whether some cell has several seeds. Such a plan is of results that were pooled; it is not run.
  bool is_pooled() const;

  /// How the samples of one seed of a cell, or of one stage of a cell with a goal, are cut into chunks. Its
  /// chunks follow each other in the cell, those of the first seed or stage first.
  struct Cut {
    std::uint32_t first, chunks;
    std::uint32_t rotation;  ///< r, the jackknife bin of its first chunk
    // Its chunk i = 0, 1, … draws least + (i < larger ? step : 0) − (i == partial ? missing : 0) samples.
    std::uint64_t least, larger, step, partial, missing;
  };
  /// Of a cell, by seed or by stage.
  const std::vector<Cut>& cuts(std::size_t cell) const { return cuts_[cell]; }
  /// Index of the cut that a chunk is of: of the seed among the cell's shares, or of the stage.
  std::size_t cut(Chunk chunk) const;

  /// Hash of everything that results depend on (cells, samples, chunking, stream version).
  std::uint64_t hash() const { return hash_; }

  /// The plan as text: a line a cell, its parameters as "key=value" separated by tabs, after a header.
  /// from_text(text()) gives an equal plan. from_text throws DataError for what it cannot read.
  std::string text() const;
  static Plan from_text(const std::string& text, std::string sweep_text);

 private:
  std::string title_, sweep_text_;
  std::vector<Cell> cells_;
  std::vector<std::vector<Cut>> cuts_;  ///< [cell][seed or stage]
  int streams_ = kStreams;
  std::uint64_t hash_ = 0;
};

/// Which chunks of each cell are done.
class Ledger {
 public:
  using Intervals = boost::icl::interval_set<std::uint32_t>;
  Ledger() = default;
  explicit Ledger(std::size_t cells) : done_(cells) {}
  bool contains(Chunk chunk) const;
  /// Marks the chunk done; false if it already was.
  bool insert(Chunk chunk);
  void erase(Chunk chunk);
  /// True if no chunk is in both.
  bool disjoint(const Ledger& other) const;
  /// True if every chunk of the other is in this one.
  bool includes(const Ledger& other) const;
  Ledger& operator+=(const Ledger& other);
  std::uint64_t count(std::size_t cell) const;
  std::uint64_t count() const;
  std::size_t cells() const { return done_.size(); }
  const Intervals& intervals(std::size_t cell) const { return done_[cell]; }
  void insert_range(std::uint32_t cell, std::uint32_t first, std::uint32_t last);  ///< inclusive
  bool operator==(const Ledger& other) const { return done_ == other.done_; }

 private:
  std::vector<Intervals> done_;
};

/// Calls use(cut, first, end) for every stretch of chunks done of one cut of a cell: the cut's place in the
/// cell, and the stretch in the numbering of its own chunks.
template <class Use>
void each_stretch(const Plan& plan, const Ledger& ledger, std::size_t cell, Use use) {
  const std::vector<Plan::Cut>& cuts = plan.cuts(cell);
  for (const auto& interval : ledger.intervals(cell)) {
    const std::uint32_t first = boost::icl::first(interval), end = boost::icl::last(interval) + 1;
    for (std::size_t cut = plan.cut({static_cast<std::uint32_t>(cell), first});
         cut < cuts.size() && cuts[cut].first < end; ++cut) {
      const std::uint32_t begin = cuts[cut].first;
      use(cut, std::max(first, begin) - begin, std::min(end - begin, cuts[cut].chunks));
    }
  }
}

/// How many samples the chunks done of a cell have drawn, by jackknife bin.
std::array<std::uint64_t, kJackknifeBins> samples_by_bin(const Plan& plan, const Ledger& ledger,
                                                         std::size_t cell);

/// Samples that a cell really has.
std::uint64_t samples_done(const CellTally& bins);

/// What has been computed of a plan: the chunks done and the exact sums over them. Parts and results hold one
/// each; records with disjoint ledgers unite.
struct Record {
  Plan plan;
  Ledger ledger;
  std::vector<CellTally> tallies;  ///< by cell
  std::vector<ChunkHash> hashes;   ///< of chunks done, as far as they are known, in no order

  Record() = default;
  explicit Record(Plan p);
  /// Counts a chunk. The caller guarantees that it is not in the ledger (checked: throws ContractError).
  void add(Chunk chunk, const Tally& tally);
  /// Unites with a record of the same plan. Throws DataError: another plan, or a chunk in both.
  void merge(const Record& other);
  /// Whether all chunks of the plan are done. Cells with goals may need fewer: is_complete (stages.h).
  bool complete() const;
};

}  // namespace leafcast
