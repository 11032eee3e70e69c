#include "jobs/commands/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/kernels/sampler_family.h"
#include "io/file/atomic_file.h"
#include "jobs/commands/progress.h"

namespace leafcast::jobs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlockBytes = 4 << 20;  // of sentences that are in memory at once

io::SequenceHeader header_of(const Cell& cell, const CorpusSettings& settings) {
  const TokenStream stream(settings.stream, cell.language(), settings.segment_tokens);
  io::SequenceHeader header;
  header.stream = settings.stream;
  header.parameters = cell.parameters();
  header.samples = cell.samples();
  header.length = static_cast<std::uint64_t>(stream.row_tokens());
  header.vocabulary = stream.vocabulary().size();
  header.segment_tokens = settings.segment_tokens;
  return header;
}

/// Samples of the cell in chunks before this one.
std::uint64_t first_row(const Plan& plan, Chunk chunk) {
  std::uint64_t row = 0;
  const Plan::Cut& cut = plan.cuts(chunk.cell).front();
  const std::uint64_t i = chunk.index;
  row = i * cut.least + std::min(i, cut.larger) * cut.step;
  return row - (i > cut.partial ? cut.missing : 0);
}

/// Samples chunks of one cell after the other and writes their rows.
class Writer {
 public:
  Writer(const Plan& plan, const CorpusSettings& settings, const Corpus& corpus, std::vector<fs::path> files)
      : plan_(plan), settings_(settings), corpus_(corpus), files_(std::move(files)) {}

  std::optional<workers::Sampled> operator()(Chunk chunk, const std::function<bool()>& proceed) {
    const Cell& cell = plan_.cells()[chunk.cell];
    if (!runner_ || cell_ != chunk.cell) {
      runner_ = std::make_unique<ChunkRunner>(cell);
      stream_ = std::make_unique<TokenStream>(settings_.stream, cell.language(), settings_.segment_tokens);
      rows_ = files_[chunk.cell].empty() ? nullptr : open_rows(chunk.cell);
      cell_ = chunk.cell;
    }
    std::optional<Tally> tally = runner_->run(chunk.index, plan_.samples(chunk), proceed);
    if (!tally || (rows_ && !write_rows(cell, chunk, proceed))) return std::nullopt;
    return workers::Sampled(std::move(*tally), rows_ ? rows_->hash() : 0);
  }

 private:
  /// Rank 0 has made the file; another host of a network file system may see it late.
  std::unique_ptr<io::RowFile> open_rows(std::uint32_t cell) const {
    constexpr int kLooks = 20;
    for (int n = 0; n < kLooks && !fs::exists(files_[cell]); ++n)
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return std::make_unique<io::RowFile>(files_[cell], settings_.format, corpus_.header(cell));
  }
  bool write_rows(const Cell& cell, Chunk chunk, const std::function<bool()>& proceed) {
    const auto batch = static_cast<std::uint64_t>(batch_samples(cell));
    const std::uint64_t samples = plan_.samples(chunk), row = first_row(plan_, chunk);
    const auto length = static_cast<std::size_t>(stream_->row_tokens());
    const std::uint64_t block = std::max<std::uint64_t>(kBlockBytes / length / batch, 1) * batch;
    static_cast<void>(rows_->hash());  // of a chunk that was given up
    for (std::uint64_t first = 0; first < samples; first += block) {
      if (!proceed()) return false;
      const std::uint64_t count = std::min(block, samples - first);
      const WrittenSentences written = runner_->write(chunk.index, first, count, stream_->needs_nodes());
      tokens_.resize(count * length);
      const std::size_t width = written.leaves.size() / count;
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto sentence = std::span(written.leaves).subspan(i * width, width);
        const auto to = std::span(tokens_).subspan(i * length, length);
        if (cell.writes_own_structure()) {
          to[0] = static_cast<std::uint16_t>(stream_->vocabulary().number({Vocabulary::Kind::begin, 0}));
          std::ranges::copy(sentence, to.begin() + 1);
        } else {
          const std::size_t nodes = stream_->needs_nodes() ? stream_->nodes() : 0;
          stream_->write(sentence, std::span(written.nodes).subspan(i * nodes, nodes), to);
        }
      }
      rows_->write(row + first, tokens_);
    }
    rows_->sync();
    return true;
  }

  const Plan& plan_;
  CorpusSettings settings_;
  const Corpus& corpus_;
  std::vector<fs::path> files_;  // by cell; empty where all rows are packed, and only sums were lost
  std::unique_ptr<ChunkRunner> runner_;
  std::unique_ptr<TokenStream> stream_;
  std::unique_ptr<io::RowFile> rows_;
  std::uint32_t cell_ = 0;
  std::vector<std::uint16_t> tokens_;
};

fs::path side_file(const fs::path& path) { return fs::path(path).concat(".json"); }

/// DIR/corpus.xxh: hashes of packed files, by name, in the form that xxhsum reads (xxhsum -c corpus.xxh).
using Sums = std::map<std::string, std::string>;
fs::path sums_path(const fs::path& directory) { return directory / "corpus.xxh"; }
fs::path pending_path(const fs::path& directory) { return directory / "corpus.again"; }
constexpr std::string_view kBeforeName = "XXH3 (", kBeforeHash = ") = ";

Sums read_sums(const fs::path& directory) {
  Sums sums;
  if (!fs::is_regular_file(sums_path(directory))) return sums;
  std::istringstream in(io::read_text(sums_path(directory)));
  for (std::string line; std::getline(in, line);)
    if (const auto end = line.find(kBeforeHash); end != std::string::npos && line.starts_with(kBeforeName))
      sums[line.substr(kBeforeName.size(), end - kBeforeName.size())] = line.substr(end + kBeforeHash.size());
  return sums;
}

void write_sums(const fs::path& directory, const Sums& sums) {
  std::string text;
  for (const auto& [name, hash] : sums)
    text += fmt::format("{}{}{}{}\n", kBeforeName, name, kBeforeHash, hash);
  io::write_atomically(sums_path(directory), std::as_bytes(std::span(text)));
}

fs::path settings_path(const fs::path& directory) { return directory / "corpus.json"; }

}  // namespace

std::string stream_problem(const Cell& cell, StreamKind stream) {
  if (cell.learns())
    return "a learner writes no sentences; choose generator.kind = true, kgram, block or reasoning";
  if (cell.method() != Method::sequence)
    return "only generator.method = sequence writes sentences; leave the method out";
  if (cell.is_adaptive())
    return "a corpus has as many sentences as sampling.samples says; leave target errors and crossings out";
  if (cell.writes_own_structure() && stream != StreamKind::punctuated)
    return "a writer of its own structure writes streams of tokens; use --stream punctuated";
  const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator());
  const bool is_true = std::holds_alternative<TrueGenerator>(cell.generator());
  const auto needs = [&](Encoding encoding, const char* name) -> std::string {
    if (is_true || (writer && writer->encoding == encoding && knows_nodes(cell))) return "";
    return fmt::format(
        "memory states in {} encoding are known of the language itself and of reasoning writers of this "
        "encoding that remember all levels; choose another --stream or generator",
        name);
  };
  if (stream == StreamKind::path) return needs(Encoding::path, "path");
  if (stream == StreamKind::segment) return needs(Encoding::segment, "segment");
  return "";
}

Corpus::Corpus(const Plan& plan, const CorpusSettings& settings, fs::path directory)
    : settings_(settings), directory_(std::move(directory)) {
  for (const Cell& cell : plan.cells()) {
    const std::string problem = stream_problem(cell, settings.stream);
    if (!problem.empty()) throw UsageError(fmt::format("{}: {}", cell.label(), problem));
    headers_.push_back(header_of(cell, settings));
  }
}

fs::path Corpus::file(std::size_t cell) const {
  return directory_ / fmt::format("corpus-{:04}{}", cell, io::format_extension(settings_.format));
}
fs::path Corpus::rows_file(std::size_t cell) const {
  if (settings_.format != io::SequenceFormat::hdf5) return file(cell);
  return directory_ / fmt::format("corpus-{:04}.rows", cell);
}

bool Corpus::is_packed(std::size_t cell) const {
  return settings_.format == io::SequenceFormat::hdf5 && fs::exists(file(cell)) &&
         !fs::exists(rows_file(cell));
}

std::uint64_t Corpus::bytes() const {
  std::uint64_t all = 0;
  for (const io::SequenceHeader& header : headers_) all += io::RowFile::bytes(settings_.format, header);
  return all;
}

void Corpus::create_files(const Ledger& ledger) const {
  std::uint64_t missing = 0;
  for (std::size_t cell = 0; cell < headers_.size(); ++cell) {
    if (!is_packed(cell) && !fs::exists(rows_file(cell)))
      missing += io::RowFile::bytes(settings_.format, headers_[cell]);
  }
  const std::uint64_t room = fs::space(directory_).available;
  if (missing > room)
    throw IoError(fmt::format(
        "{}: the corpus takes {}B more and the disk has {}B; free space, or sample fewer sentences",
        directory_.string(), format_count(static_cast<double>(missing)),
        format_count(static_cast<double>(room))));
  for (std::size_t cell = 0; cell < headers_.size(); ++cell) {
    if (is_packed(cell))
      fs::remove(side_file(rows_file(cell)));  // left by a run that died just there
    else
      io::RowFile::create(rows_file(cell), settings_.format, headers_[cell], ledger.count(cell) > 0);
  }
}

void Corpus::finish(const Checkpoint& checkpoint) const {
  if (settings_.format != io::SequenceFormat::hdf5) return;
  Sums sums = read_sums(directory_);
  for (std::size_t cell = 0; cell < headers_.size(); ++cell) {
    if (is_packed(cell)) continue;
    pass(checkpoint);
    const std::string name = file(cell).filename().string();
    if (sums.erase(name) > 0) write_sums(directory_, sums);  // of a file that was damaged
    sums[name] =
        fmt::format("{:016x}", io::pack_hdf5(rows_file(cell), file(cell), headers_[cell], checkpoint));
    write_sums(directory_, sums);
    fs::remove(rows_file(cell));
    fs::remove(side_file(rows_file(cell)));
  }
}

std::string Corpus::problem_of(std::size_t cell) const {
  if (!is_packed(cell)) return io::RowFile::problem(rows_file(cell), settings_.format, headers_[cell]);
  if (!fs::is_regular_file(fs::symlink_status(file(cell)))) return "not a regular file";
  try {
    const auto reader = io::SequenceReader::open(file(cell));
    const io::SequenceHeader& there = reader->header();
    if (there.samples != headers_[cell].samples || there.length != headers_[cell].length)
      return fmt::format("it has {} rows of {} tokens instead of {} of {}", there.samples, there.length,
                         headers_[cell].samples, headers_[cell].length);
  } catch (const DataError&) {
    return "its content is not the one that was written";
  }
  return "";
}

namespace {

/// What is to be said of a chunk's rows, by their hash (0: they are not there).
void judge(const ChunkHashes& hashes, Chunk chunk, std::uint64_t hash, Corpus::Damage& damage,
           Corpus::Check& found) {
  const ChunkHash* known = hashes.find(chunk);
  if (hash != 0 && (!known || known->rows == 0))
    ++found.unknown;
  else if (hash == 0 || hash != known->rows)
    damage.chunks.insert(chunk.index);
  else
    found.whole.insert(chunk);
}

template <class Use>
void each_chunk(std::size_t cell, const Ledger::Intervals& done, Use use) {
  for (const auto& interval : done)
    for (std::uint32_t i = boost::icl::first(interval); i <= boost::icl::last(interval); ++i)
      use(Chunk{static_cast<std::uint32_t>(cell), i});
}

}  // namespace

/// A packed file, by its hash; where that is not known, by its rows.
void Corpus::check_packed(const Plan& plan, const ChunkHashes& hashes, const Ledger::Intervals& done,
                          const Checkpoint& checkpoint, Damage& damage, Check& found) const {
  const Sums sums = read_sums(directory_);
  if (const auto sum = sums.find(damage.file.filename().string()); sum != sums.end()) {
    if (sum->second == fmt::format("{:016x}", io::file_hash(damage.file)))
      return each_chunk(damage.cell, done, [&](Chunk chunk) { found.whole.insert(chunk); });
    damage.problem = "its content is not the one that was written";
    damage.chunks = done;  // it is written anew as a whole
    return;
  }
  const std::uint64_t unknown = found.unknown;
  try {
    const auto reader = io::SequenceReader::open(damage.file);
    std::vector<std::uint16_t> rows;
    io::Sequences some;
    std::size_t used = 0;  // of some
    const std::uint64_t length = headers_[damage.cell].length;
    Ledger::Intervals all_chunks;
    all_chunks.insert(Ledger::Intervals::interval_type::right_open(0, plan.chunks(damage.cell)));
    each_chunk(damage.cell, all_chunks, [&](Chunk chunk) {  // whose rows follow each other
      pass(checkpoint);
      rows.clear();
      for (std::uint64_t left = plan.samples(chunk); left > 0; --left, ++used) {
        if (used == some.size()) some = reader->read(kBlockBytes), used = 0;
        if (some.size() == 0) break;
        for (const std::int32_t token : some[used]) rows.push_back(static_cast<std::uint16_t>(token));
      }
      if (!boost::icl::contains(done, chunk.index)) return;  // its sums are lost, and come again
      const bool all = rows.size() == plan.samples(chunk) * length;
      judge(hashes, chunk, all ? io::RowFile::hash_of(settings_.format, headers_[damage.cell], rows) : 0,
            damage, found);
    });
  } catch (const DataError&) {
    damage.chunks = done;
  }
  if (!damage.chunks.empty()) {
    found.unknown = unknown;
    damage.problem = "its content is not the one that was written";
    damage.chunks = done;
  } else if (found.unknown == unknown) {
    damage.problem =
        fmt::format("its rows are whole, but {} does not say so", sums_path(directory_).filename().string());
  }
}

void Corpus::check_cell(const Plan& plan, const ChunkHashes& hashes, const Ledger::Intervals& done,
                        Depth depth, const Checkpoint& checkpoint, Damage& damage, Check& found) const {
  const bool packed = is_packed(damage.cell);
  damage.problem = problem_of(damage.cell);
  if (!fs::is_regular_file(fs::symlink_status(damage.file)) || (packed && !damage.problem.empty())) {
    damage.chunks = done;
  } else if (depth == Depth::rows && packed) {
    check_packed(plan, hashes, done, checkpoint, damage, found);
  } else if (depth == Depth::rows || !damage.problem.empty()) {
    each_chunk(damage.cell, done, [&](Chunk chunk) {
      pass(checkpoint);
      judge(hashes, chunk,
            io::RowFile::hash(damage.file, settings_.format, headers_[damage.cell], first_row(plan, chunk),
                              plan.samples(chunk)),
            damage, found);
    });
    if (damage.problem.empty() && !damage.chunks.empty())
      damage.problem = fmt::format("the rows of {} of {} chunks are not those that were written",
                                   boost::icl::cardinality(damage.chunks), boost::icl::cardinality(done));
  }
}

Corpus::Check Corpus::check(const Plan& plan, const Record& record, Depth depth,
                            const Checkpoint& checkpoint) const {
  Check found{{}, 0, Ledger(headers_.size())};
  const ChunkHashes hashes(record.all_hashes());
  for (std::size_t cell = 0; cell < headers_.size(); ++cell) {
    const Ledger::Intervals& done = record.ledger.intervals(cell);
    if (done.empty()) continue;
    pass(checkpoint);
    Damage damage{
        is_packed(cell) || settings_.format != io::SequenceFormat::hdf5 || !fs::exists(rows_file(cell))
            ? file(cell)
            : rows_file(cell),
        cell,
        "",
        {}};
    try {
      check_cell(plan, hashes, done, depth, checkpoint, damage, found);
    } catch (const IoError& e) {
      damage.problem = e.what(), damage.is_unreadable = true, damage.chunks.clear();
    }
    if (!damage.problem.empty()) found.damages.push_back(std::move(damage));
  }
  return found;
}

std::vector<Chunk> Corpus::pending(const Plan& plan) const {
  std::vector<Chunk> chunks;
  if (!fs::exists(pending_path(directory_))) return chunks;
  if (!fs::is_regular_file(pending_path(directory_)))
    throw DataError(
        fmt::format("{}: not a regular file; move it elsewhere", pending_path(directory_).string()));
  std::istringstream in(io::read_text(pending_path(directory_)));
  std::uint64_t cell = 0, index = 0;
  while (in >> cell >> index) {
    if (cell >= plan.cells().size() || index >= plan.chunks(cell))
      throw DataError(
          fmt::format("{}: names chunks that the plan has not; remove it, and see leafcast verify",
                      pending_path(directory_).string()));
    chunks.push_back({static_cast<std::uint32_t>(cell), static_cast<std::uint32_t>(index)});
  }
  return chunks;
}

void Corpus::write_pending(const std::vector<Chunk>& chunks) const {
  if (chunks.empty()) {
    if (fs::remove(pending_path(directory_))) io::sync_directory(directory_);
    return;
  }
  std::string text;
  for (const Chunk& chunk : chunks) text += fmt::format("{} {}\n", chunk.cell, chunk.index);
  io::write_atomically(pending_path(directory_), std::as_bytes(std::span(text)));
}

void Corpus::write_sum(std::size_t cell) const {
  Sums sums = read_sums(directory_);
  sums[file(cell).filename().string()] = fmt::format("{:016x}", io::file_hash(file(cell)));
  write_sums(directory_, sums);
}

std::string Corpus::packed_text() const {
  std::string text;
  for (std::size_t cell = 0; cell < headers_.size(); ++cell) text += is_packed(cell) ? '1' : '0';
  return text;
}

workers::SampleChunk Corpus::sampler(const Plan& plan, const std::string& packed) const {
  std::vector<fs::path> files;
  for (std::size_t cell = 0; cell < headers_.size(); ++cell)
    files.push_back(packed.at(cell) == '1' ? fs::path() : rows_file(cell));
  const auto writer = std::make_shared<Writer>(plan, settings_, *this, std::move(files));
  return [writer](Chunk chunk, const std::function<bool()>& proceed) { return (*writer)(chunk, proceed); };
}

std::string corpus_text(const CorpusSettings& settings) {
  return nlohmann::ordered_json{{"filetype", "leafcast-corpus"},
                                {"version", 1},
                                {"stream", stream_name(settings.stream)},
                                {"format", io::format_name(settings.format)},
                                {"segment_tokens", settings.segment_tokens}}
      .dump();
}

CorpusSettings corpus_of_text(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    const auto stream = stream_of_name(json.at("stream").get<std::string>());
    const auto format = io::format_of_name(json.at("format").get<std::string>());
    const auto segment = json.at("segment_tokens").get<std::int64_t>();
    if (json.at("filetype") != "leafcast-corpus" || !stream || !format || segment < 0) throw DataError("");
    return {*stream, *format, segment};
  } catch (const std::exception&) {
    throw DataError(
        "corpus.json: damaged, so that nobody knows how the corpus is written; restore it from a copy, or "
        "sample "
        "into another -o directory");
  }
}

std::optional<CorpusSettings> read_corpus_settings(const fs::path& directory) {
  if (!fs::exists(settings_path(directory))) return std::nullopt;
  if (!fs::is_regular_file(settings_path(directory)))
    throw DataError(
        fmt::format("{}: not a regular file; move it elsewhere", settings_path(directory).string()));
  const auto bytes = io::read_bytes(settings_path(directory), 1 << 20);
  return corpus_of_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void write_corpus_settings(const fs::path& directory, const CorpusSettings& settings) {
  const std::string text = corpus_text(settings) + "\n";
  io::write_atomically(settings_path(directory), std::as_bytes(std::span(text)));
}

std::string describe(const CorpusSettings& settings) {
  std::string text =
      fmt::format("--stream {} --format {}", stream_name(settings.stream), io::format_name(settings.format));
  if (settings.segment_tokens > 0) text += fmt::format(" --segment-tokens {}", settings.segment_tokens);
  return text;
}

}  // namespace leafcast::jobs
