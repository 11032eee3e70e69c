#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/plan/chunk.h"
#include "engine/streams/stream_address.h"

namespace leafcast {

/// Version of the random streams: what a cell's chunks are and which numbers they draw. It changes whenever
/// the same plan would give other results. 1: sixteen samples a batch; 2: lanes, planes and collapsed sums; 3:
/// streams of marks alone, which a writer of its own structure may write, are not well formed.
inline constexpr int kStreams = 3;
/// The version that a new plan of these cells has: the first since which they give the same results, so that runs
/// that a new version says nothing of can be continued.
int streams_of(const std::vector<Cell>& cells);

/// What a run must do: cells, and how each is cut into chunks. A function of the cells alone, never of ranks
/// or timings. Copies share their contents.
class Plan {
 public:
  Plan() = default;
  /// `sweep_text` is kept for the record and does not enter the hash. Identical cells are kept once.
  /// `streams` is the version of the random streams and of the chunking, that of new plans unless it is given: plans
  /// of earlier versions can be read, merged and analysed, not continued.
  Plan(std::string title, std::vector<Cell> cells, std::string sweep_text, std::optional<int> streams = {});

  const std::string& title() const { return contents_->title; }
  const std::string& sweep_text() const { return contents_->sweep_text; }
  const std::vector<Cell>& cells() const { return contents_->cells; }
  int streams() const { return contents_->streams; }
  /// Number of chunks of a cell: a multiple of 64 if samples ≥ 64, so that jackknife bins are alike up to a
  /// batch; else `samples`. Of a pooled cell the sum over its seeds; of one with a goal, which may need fewer
  /// (stages.h), over all stages.
  std::uint32_t chunks(std::size_t cell) const { return cuts(cell).back().first + cuts(cell).back().chunks; }
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
  const std::vector<Cut>& cuts(std::size_t cell) const { return contents_->cuts[cell]; }
  /// Index of the cut that a chunk is of: of the seed among the cell's shares, or of the stage.
  std::size_t cut(Chunk chunk) const;

  /// Hash of everything that results depend on (cells, samples, chunking, stream version).
  std::uint64_t hash() const { return contents_->hash; }

  /// The plan as text: a line a cell, its parameters as "key=value" separated by tabs, after a header.
  /// from_text(text()) gives an equal plan. from_text throws DataError for what it cannot read.
  std::string text() const;
  static Plan from_text(const std::string& text, std::string sweep_text);

 private:
  struct Contents {
    std::string title, sweep_text;
    std::vector<Cell> cells;
    std::vector<std::vector<Cut>> cuts;  ///< [cell][seed or stage]
    int streams = kStreams;
    std::uint64_t hash = 0;
  };
  std::shared_ptr<const Contents> contents_ = std::make_shared<const Contents>();
};

}  // namespace leafcast
