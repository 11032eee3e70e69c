#include "io/run/stored_sums.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/cost.h"

namespace leafcast::io {

namespace {

constexpr std::size_t kMostOpen = 128;  // files at a time
constexpr double kBytesAhead = 64e6;
constexpr std::uint32_t kFewestAhead = 32, kMostAhead = 1024;  // cells that are read together

}  // namespace

/// Reopened when it is needed again.
struct StoredSums::File {
  Source source;
  std::vector<std::uint32_t> cells;
  std::vector<DoneChunks> done;
  std::string hash;
  std::unique_ptr<RecordFile> record;
  std::unique_ptr<FileSums> sums;
};

StoredSums::StoredSums(Plan plan) : plan_(std::move(plan)), ledger_(plan_.cells().size()) {}
StoredSums::~StoredSums() = default;

const StoredSums::File& StoredSums::opened(File& file) const {
  if (!open_.empty() && open_.front() != &file) open_.front()->sums->rest();
  if (file.sums) {
    if (open_.front() != &file) {
      open_.remove(&file);
      open_.push_front(&file);
    }
    return file;
  }
  naming(file.source, [&] {
    file.record = std::make_unique<RecordFile>(open_record_file(file.source.path));
    if (!file.hash.empty() && file.record->content_hash() != file.hash)
      throw IoError(
          fmt::format("{}: another file has taken its place while it was read; run the command again",
                      file.source.path.string()));
    file.hash = file.record->content_hash();
    file.sums = std::make_unique<FileSums>(*file.record, plan_);
  });
  open_.push_front(&file);
  if (open_.size() > kMostOpen) {
    open_.back()->sums.reset();
    open_.back()->record.reset();
    open_.pop_back();
  }
  return file;
}

std::unique_ptr<StoredSums::File> StoredSums::open(const Source& source, Depth depth) const {
  auto file = std::make_unique<File>(File{source, {}, {}, "", nullptr, nullptr});
  try {
    opened(*file);
    naming(source, [&] {
      const Ledger ledger = file->record->ledger(plan_);
      for (std::uint32_t c = 0; c < ledger.cells(); ++c)
        for (const auto& interval : ledger.intervals(c))
          file->done.push_back({c, boost::icl::first(interval), boost::icl::last(interval)});
      if (depth == Depth::sums) file->record->check(plan_);
    });
  } catch (...) {
    open_.remove(file.get());
    throw;
  }
  file->cells = file->sums->cells();
  return file;
}

Ledger StoredSums::ledger_of(const File& file) const {
  Ledger ledger(plan_.cells().size());
  for (const DoneChunks& done : file.done) ledger.insert_range(done.cell, done.first, done.last);
  return ledger;
}

void StoredSums::add(const Source& source, Depth depth) {
  auto file = open(source, depth);
  const Ledger done = ledger_of(*file);
  if (!done.disjoint(ledger_)) {
    open_.remove(file.get());
    std::vector<Source> earlier;
    for (const auto& other : files_) earlier.push_back(other->source);
    throw DataError(describe_overlap(plan_, earlier, source, done));
  }
  files_.push_back(std::move(file));
  ledger_ += done;
  block_ = {};
}

void StoredSums::replace(const std::vector<Source>& some, const Source& by) {
  auto file = open(by, Depth::ledger);
  const auto is_replaced = [&](const std::unique_ptr<File>& other) {
    return std::ranges::find(some, other->source.path, &Source::path) != some.end();
  };
  Ledger done = ledger_of(*file), rest(plan_.cells().size());
  for (const auto& other : files_)
    if (!is_replaced(other)) rest += ledger_of(*other);
  if (!done.disjoint(rest)) {
    open_.remove(file.get());
    throw DataError(by.path.string() + ": holds chunks that other parts have");
  }
  rest += done;
  files_.push_back(std::move(file));
  std::erase_if(files_, [&](const std::unique_ptr<File>& other) {
    if (!is_replaced(other)) return false;
    open_.remove(other.get());
    return true;
  });
  ledger_ = std::move(rest);
  block_ = {};
}

void StoredSums::check_unchanged() const {
  for (const auto& file : files_) naming(file->source, [&] { opened(*file).record->check_unchanged(); });
}

std::vector<CellTally> StoredSums::read_block(std::uint32_t first, std::uint32_t count) const {
  std::vector<CellTally> block;
  for (std::uint32_t c = first; c < first + count; ++c) block.push_back(empty_bins(plan_.cells()[c]));
  for (const auto& file : files_) {
    const auto from = std::ranges::lower_bound(file->cells, first),
               to = std::ranges::lower_bound(file->cells, first + count);
    if (from == to) continue;
    const auto row = static_cast<std::size_t>(from - file->cells.begin());
    const auto tallies = naming(
        file->source, [&] { return opened(*file).sums->read(row, static_cast<std::size_t>(to - from)); });
    for (std::size_t i = 0; i < tallies.size(); ++i)
      leafcast::add(block[file->cells[row + i] - first], tallies[i]);
  }
  return block;
}

CellTally StoredSums::tallies(std::uint32_t cell) const {
  const bool in_order = cell == next_ && cell > 0;
  next_ = cell + 1;
  if (cell >= block_.first && cell - block_.first < block_.tallies.size())
    return block_.tallies[cell - block_.first];
  const auto most = std::clamp(static_cast<std::uint32_t>(files_.size()), kFewestAhead, kMostAhead);
  const double fit = kBytesAhead / tally_bytes(plan_.cells()[cell]);
  ahead_ = in_order ? std::min(2 * ahead_, most) : 1;
  if (fit < ahead_) ahead_ = std::max(1u, static_cast<std::uint32_t>(fit));
  const auto left = static_cast<std::uint32_t>(plan_.cells().size()) - cell;
  block_ = {cell, read_block(cell, std::min(ahead_, left))};
  return block_.tallies[0];
}

std::vector<ChunkHash> StoredSums::hashes() const {
  std::vector<ChunkHash> all;
  for (const auto& file : files_) {
    const auto some = naming(file->source, [&] {
      const RecordFile& record = *opened(*file).record;
      return record.hashes(record.ledger(plan_));
    });
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Record record_of(const Plan& plan, const std::vector<Source>& sources) {
  auto sums = std::make_shared<StoredSums>(plan);
  for (const Source& source : sources) sums->add(source, StoredSums::Depth::ledger);
  Record record(plan, sums);
  record.ledger = sums->ledger();
  return record;
}

}  // namespace leafcast::io
