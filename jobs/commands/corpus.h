#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/record.h"
#include "engine/sequences/token_stream.h"
#include "io/sequences/sequences.h"
#include "workers/run.h"

namespace leafcast::jobs {

/// What `sample` writes beside the sums of `run`: a file of sequences a cell.
struct CorpusSettings {
  StreamKind stream = StreamKind::leaves;
  io::SequenceFormat format = io::SequenceFormat::npy;
  std::int64_t segment_tokens = 0;  ///< tokens between two memory states
  bool operator==(const CorpusSettings&) const = default;
};

/// The files of a plan's cells in a run directory. The rows of a cell are its samples in the order of its
/// chunks; a chunk is written, and durable, before its sums are told, so what the ledger has is on disk, and
/// any number of ranks, order or history of kills gives the same bytes. All ranks must see the same file
/// system.
class Corpus {
 public:
  /// Throws UsageError where a cell cannot be written so: see stream_problem.
  Corpus(const Plan& plan, const CorpusSettings& settings, std::filesystem::path directory);

  /// DIR/corpus-0003.npy; and rows that are still to be packed.
  std::filesystem::path file(std::size_t cell) const;
  const io::SequenceHeader& header(std::size_t cell) const { return headers_[cell]; }
  std::uint64_t bytes() const;  ///< of all files, before packing

  /// What is damaged of the rows of chunks that are done. Reads all of them, but with Depth::files only what the
  /// files are as a whole. Changes nothing. Throws IoError.
  enum class Depth { files, rows };
  struct Damage {
    std::filesystem::path file;
    std::size_t cell;
    std::string problem;
    Ledger::Intervals chunks;    ///< whose rows are lost; may be empty
    bool is_unreadable = false;  ///< nobody knows
  };
  struct Check {
    std::vector<Damage> damages;
    std::uint64_t unknown = 0;  ///< chunks whose rows could not be compared with anything
    Ledger whole;               ///< chunks whose rows are what they should be
  };
  Check check(const Plan& plan, const Record& record, Depth depth, const Checkpoint& checkpoint = {}) const;

  /// DIR/corpus.again: chunks done whose rows are being written again. It stands there until that is done, so that a
  /// run that dies meanwhile leaves no hole that nobody knows of. Throws IoError, DataError.
  std::vector<Chunk> pending(const Plan& plan) const;
  void write_pending(const std::vector<Chunk>& chunks) const;
  /// After check has found a packed file as it should be, but not its hash.
  void write_sum(std::size_t cell) const;

  /// Before sampling: makes the files that are missing, and mends those that were damaged (a packed one must have
  /// been moved away). Throws IoError (also if the disk has not the room); DataError if something else is there.
  void create_files(const Ledger& ledger) const;
  /// When all is done: packs what is to be packed. `checkpoint`: between pieces of work, and before a file appears.
  void finish(const Checkpoint& checkpoint) const;
  bool is_packed(std::size_t cell) const;
  /// Of all cells, a 0 or 1 each, as rank 0 sees them: other hosts may see files late.
  std::string packed_text() const;

  /// Samples a chunk and writes its rows. For one thread; keeps the sampler of the last cell. `packed`: packed_text()
  /// of rank 0.
  workers::SampleChunk sampler(const Plan& plan, const std::string& packed) const;

 private:
  std::filesystem::path rows_file(std::size_t cell) const;
  std::string problem_of(std::size_t cell) const;
  void check_cell(const Plan& plan, const ChunkHashes& hashes, const Ledger::Intervals& done, Depth depth,
                  const Checkpoint& checkpoint, Damage& damage, Check& found) const;
  void check_packed(const Plan& plan, const ChunkHashes& hashes, const Ledger::Intervals& done,
                    const Checkpoint& checkpoint, Damage& damage, Check& found) const;
  CorpusSettings settings_;
  std::filesystem::path directory_;
  std::vector<io::SequenceHeader> headers_;
};

/// Why the cell's sentences cannot be written as this stream; empty if they can.
std::string stream_problem(const Cell& cell, StreamKind stream);

/// DIR/corpus.json: what the directory's corpus is. Nothing if there is none. Throws IoError, DataError.
std::optional<CorpusSettings> read_corpus_settings(const std::filesystem::path& directory);
void write_corpus_settings(const std::filesystem::path& directory, const CorpusSettings& settings);
std::string describe(const CorpusSettings& settings);
/// As one line, for the ranks.
std::string corpus_text(const CorpusSettings& settings);
CorpusSettings corpus_of_text(const std::string& text);

}  // namespace leafcast::jobs
