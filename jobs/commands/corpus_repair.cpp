#include "jobs/commands/corpus_repair.h"

#include <fmt/format.h>

#include <regex>
#include <set>

#include "engine/error.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

namespace {

/// Where nobody knows any more how a corpus was written, its rows must agree with the command.
void require_agreement(const std::filesystem::path& directory, const Corpus& corpus,
                       const Corpus::Check& found, const CorpusSettings& settings) {
  bool has_files = false;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::filesystem::path& path = entry.path();
    if (!path.filename().string().starts_with("corpus-") || path.extension() == ".json") continue;
    has_files = true;
    const bool rows_of_hdf5 = path.extension() == ".rows" && settings.format == io::SequenceFormat::hdf5;
    if (path.extension() != corpus.file(0).extension() && !rows_of_hdf5)
      throw DataError(
          fmt::format("{} is not of --format {}, and corpus.json, which said how it was written, is gone; "
                      "say its --format and --stream",
                      path.string(), io::format_name(settings.format)));
  }
  if (has_files && found.whole.count() == 0)
    throw DataError(
        fmt::format("{}: no row there is as {} would write it, and corpus.json, which said how, is gone; "
                    "say its --stream and --format, or sample into another -o directory",
                    directory.string(), describe(settings)));
  say("{}: corpus.json is gone, or damaged; written anew as this command says\n", directory.string());
}

/// A pipe or a device in place of a file of the corpus would be waited for, or written to.
void require_regular_files(const std::filesystem::path& directory) {
  static const std::regex ours(R"(corpus\.(json|xxh|again)|corpus-\d{4,}\..*)");
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (std::regex_match(entry.path().filename().string(), ours) && !entry.is_regular_file())
      throw DataError(fmt::format("{}: not a regular file; move it elsewhere", entry.path().string()));
}

std::set<Chunk> lost_chunks(const Record& record, const Corpus& corpus, const Corpus::Check& found) {
  std::set<Chunk> chunks;
  for (const Chunk& chunk : corpus.pending(record.plan))
    if (record.ledger.contains(chunk) && !found.whole.contains(chunk)) chunks.insert(chunk);
  for (const Corpus::Damage& damage : found.damages)
    for (const auto& interval : damage.chunks)
      for (std::uint32_t i = boost::icl::first(interval); i <= boost::icl::last(interval); ++i)
        chunks.insert({static_cast<std::uint32_t>(damage.cell), i});
  return chunks;
}

}  // namespace

std::vector<ChunkHash> mend_corpus(io::RunDirectory& directory, const std::filesystem::path& path,
                                   const Record& record, const Corpus& corpus, const CorpusSettings& settings,
                                   bool is_lost, Corpus::Depth depth, const Checkpoint& checkpoint) {
  require_regular_files(path);
  const Corpus::Check found =
      corpus.check(record.plan, record, is_lost ? Corpus::Depth::rows : depth, checkpoint);
  for (const Corpus::Damage& damage : found.damages)
    if (damage.is_unreadable) throw IoError(damage.problem);
  if (is_lost) require_agreement(path, corpus, found, settings);
  const std::set<Chunk> chunks = lost_chunks(record, corpus, found);
  write_corpus_settings(path, settings);
  corpus.write_pending(
      {chunks.begin(), chunks.end()});  // before anything is moved or made: they are not forgotten
  for (const Corpus::Damage& damage : found.damages) {
    const auto count = boost::icl::cardinality(damage.chunks);
    const std::string consequence =
        count == 0 ? std::string("mended")
                   : fmt::format("the rows of {} chunk{} are written again", count, count == 1 ? "" : "s");
    say("{}: {}: {}\n", damage.file.string(), damage.problem, consequence);
    if (!corpus.is_packed(damage.cell)) continue;
    if (count == 0)
      corpus.write_sum(damage.cell);
    else
      directory.set_aside(damage.file, damage.problem, consequence);
  }
  corpus.create_files(record.ledger);
  const ChunkHashes hashes(record.all_hashes());
  std::vector<ChunkHash> again;
  for (const Chunk& chunk : chunks) {
    const ChunkHash* known = hashes.find(chunk);
    again.push_back(known ? *known : ChunkHash{chunk});
  }
  return again;
}

}  // namespace leafcast::jobs
