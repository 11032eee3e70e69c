#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "engine/plan/record.h"
#include "io/run/run_files.h"

namespace leafcast::io {

/// The sums in part and results files, read when they are asked for: one cell, or, if cells are asked for in order, a
/// block of them. Memory: some bytes a cell for each file, and the block.
class StoredSums : public RecordSource {
 public:
  explicit StoredSums(Plan plan);
  ~StoredSums() override;

  /// Opens a file, whose seal must hold, and keeps it open, so that it can be read when someone removes it. `depth`: whether
  /// its sums are read and checked now, or only once they are asked for. Throws IoError; DataError, with the file's
  /// name, if it is of another plan, or has a chunk that another file has; DamagedFile.
  enum class Depth { ledger, sums };
  void add(const Source& source, Depth depth);
  /// Reads one file in place of some, whose chunks it has, and maybe more. Changes nothing if it throws, as add().
  void replace(const std::vector<Source>& some, const Source& by);
  /// Reads all bytes again. Throws DamagedFile if a file is no longer what it was.
  void check_unchanged() const;
  const Ledger& ledger() const { return ledger_; }

  CellTally tallies(std::uint32_t cell) const override;
  std::vector<ChunkHash> hashes() const override;

 private:
  struct File;
  const File& opened(File& file) const;
  std::unique_ptr<File> open(const Source& source, Depth depth) const;
  Ledger ledger_of(const File& file) const;
  std::vector<CellTally> read_block(std::uint32_t first, std::uint32_t count) const;

  Plan plan_;
  Ledger ledger_;
  std::vector<std::unique_ptr<File>> files_;
  mutable std::list<File*> open_;  ///< the one that was used last, first
  struct Block {
    std::uint32_t first = 0;
    std::vector<CellTally> tallies;
  };
  mutable Block block_;
  mutable std::uint32_t next_ = 0,
                        ahead_ = 1;  ///< the cell that would come next in order; how many to read then
};

/// The record of all sources, which are of one plan. Throws as StoredSums::add.
Record record_of(const Plan& plan, const std::vector<Source>& sources);

}  // namespace leafcast::io
