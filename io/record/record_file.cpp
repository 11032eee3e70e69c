#include "io/record/record_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>

#include "engine/contract.h"
#include "engine/observe/observable.h"
#include "engine/plan/cost.h"
#include "engine/plan/stages.h"
#include "io/file/atomic_file.h"
#include "io/file/posix.h"
#include "io/record/cell_columns.h"
#include "io/record/moments.h"
#include "io/record/reading.h"

namespace leafcast::io {

namespace {

/// A sweep of a million cells has a plan of 200 MB, and a hundred parts.
constexpr std::size_t kLongPlan = 1 << 16, kLongestPlan = std::size_t{1} << 31, kMostDeflated = 1100;
constexpr std::string_view kTypeNames[] = {"leafcast-part", "leafcast-results"};  // by FileType

/// The lowest format that can express records of the plan.
std::int32_t format_version(const Plan& plan) {
  std::int32_t version = 1;
  if (plan.is_pooled()) version = 2;
  if (has_goals(plan)) version = 4;
  for (const Cell& cell : plan.cells()) {
    if (cell.language().is_grammar()) version = std::max(version, 6);
    for (const Observable* observable : observables())
      if (observable->is_observed(cell)) version = std::max(version, observable->format);
  }
  return version;
}

/// Writes /ledger: a row an interval of chunks done.
void put_ledger(h5::Group group, const Ledger& ledger) {
  std::vector<std::uint32_t> cell, first, last;
  for (std::uint32_t c = 0; c < ledger.cells(); ++c) {
    for (const auto& interval : ledger.intervals(c)) {
      cell.push_back(c);
      first.push_back(boost::icl::first(interval));
      last.push_back(boost::icl::last(interval));
    }
  }
  const h5::Axis axis = group.make_numbered_axis("interval", cell.size());
  group.make_column("cell", axis, cell);
  group.make_column("first", axis, first);
  group.make_column("last", axis, last);
}

void put_header(h5::Group root, FileType type, const Plan& plan) {
  root.set("filetype", std::string(kTypeNames[static_cast<int>(type)]));
  const std::string text = plan.text();
  const bool compresses = type == FileType::part && text.size() > kLongPlan;
  root.set("version", compresses ? kFormatVersion : format_version(plan));
  root.set("plan_hash", fmt::format("{:016x}", plan.hash()));
  root.set("title", plan.title());
  if (compresses)
    root.make_bytes("plan_text", text);
  else
    root.make_text("plan", text);
  root.make_text("sweep", plan.sweep_text());
}

h5::Axis put_cell_axis(h5::Group root, const std::vector<std::uint32_t>& cells) {
  return root.make_axis("cell", std::vector<std::int32_t>(cells.begin(), cells.end()));
}

/// Plan indices of the file's cells.
std::vector<std::uint32_t> read_cell_axis(const h5::Group& root, const Plan& plan) {
  const h5::Dataset axis = root.dataset("cell");
  require(axis.extent().size() == 1 && axis.extent()[0] <= plan.cells().size(),
          "more cells than its plan has");
  const auto values = read_all<std::int32_t>(root, "cell", axis.extent());
  for (std::size_t i = 0; i < values.size(); ++i)
    require(values[i] > (i ? values[i - 1] : -1) && static_cast<std::size_t>(values[i]) < plan.cells().size(),
            "its cells are not in the order of the plan");
  return {values.begin(), values.end()};
}

std::vector<DoneChunks> read_ledger(const h5::Group& root, const Plan& plan, std::uint64_t most_rows) {
  std::vector<DoneChunks> done;
  const auto add = [&](std::uint32_t cell, std::uint32_t first, std::uint32_t last) {
    require(cell < plan.cells().size() && first <= last && last < plan.chunks(cell),
            "its ledger holds chunks that the plan has not");
    require(done.empty() || cell > done.back().cell || (cell == done.back().cell && first > done.back().last),
            "its ledger is not in order");
    done.push_back({cell, first, last});
  };
  for_each_row<std::uint32_t, std::uint32_t, std::uint32_t>(root.group("ledger"), {"cell", "first", "last"},
                                                            most_rows, add);
  return done;
}

FileType read_type(const h5::Group& root) {
  const std::string name = root.text_attribute("filetype");
  for (const FileType type : {FileType::part, FileType::results})
    if (name == kTypeNames[static_cast<int>(type)]) return type;
  throw DataError(fmt::format(
      "of another kind of file (filetype \"{}\"); give a run directory, a part or a results file", name));
}

void check_version(const h5::Group& root) {
  const std::int32_t version = root.integer_attribute("version");
  if (version > kFormatVersion)
    throw DataError(
        fmt::format("written by a newer leafcast (format {}, this program reads up to {}); use that version",
                    version, kFormatVersion));
  require(version >= 1, "its format version cannot be");
}

}  // namespace

void require_memory(const Plan& plan) {
  for (const Cell& cell : plan.cells())
    if (const double bytes = tally_bytes(cell); bytes > static_cast<double>(physical_memory()))
      throw DataError(
          fmt::format("the sums of {} take {:.0f} MB, and this machine has {} MB; use one with more",
                      cell.label(), bytes / 1e6, physical_memory() / 1'000'000));
}

RecordImage::RecordImage(h5::File file, FileType type, const Record& record, const Use& use)
    : file_(std::move(file)) {
  const Plan& plan = record.plan;
  put_header(root(), type, plan);
  std::vector<std::uint32_t> cells;
  std::size_t most_heights = 1;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    if (type == FileType::part && record.ledger.count(c) == 0) continue;
    cells.push_back(c);
    most_heights = std::max(most_heights, all_heights(plan.cells()[c]).count);
  }
  cell_.emplace(put_cell_axis(root(), cells));
  const h5::Axis bin = root().make_numbered_axis("bin", kJackknifeBins);
  const h5::Axis height = root().make_numbered_axis("height_j", most_heights);
  const h5::Axis limb = root().make_numbered_axis("limb", kLimbs);
  if (type == FileType::results) put_cell_columns(root().make_group("cells"), *cell_, plan, cells);
  put_ledger(root().make_group("ledger"), record.ledger);
  MomentsWriter moments(root().make_group("moments"), plan, {*cell_, bin, height, limb});
  for (const std::uint32_t c : cells) {
    if (record.ledger.count(c) == 0) {
      moments.append_nothing();
      continue;
    }
    const CellTally bins = record.tallies(c);
    moments.append(c, bins);
    if (use) use(c, bins);
  }
  moments.finish();
}

int RecordImage::close() {
  cell_.reset();
  return file_.close();
}

std::filesystem::path write_record(const std::filesystem::path& beside, FileType type, const Record& record,
                                   const RecordImage::Use& use, const Fill& fill,
                                   const std::function<std::filesystem::path(const std::string& hash)>& to) {
  AtomicFile file(beside);
  h5::File hdf5 = h5::File::create_on(file.descriptor());
  const std::shared_ptr<const h5::Disk> disk = hdf5.disk();
  const auto require_written = [&] {
    if (const int error = disk->write_error != 0 ? disk->write_error : disk->read_error; error != 0)
      throw io_error("write", beside, error);
  };
  const auto see = [&](std::uint32_t cell, const CellTally& bins) {
    const auto samples = samples_by_bin(record.plan, record.ledger, cell);
    for (std::size_t b = 0; b < kJackknifeBins; ++b)
      LEAFCAST_EXPECT(bins[b].samples == samples[b], "sums of " + record.plan.cells()[cell].label(),
                      "they are not of the chunks that are done",
                      "report this; nothing that was written is lost");
    if (use) use(cell, bins);
  };
  try {
    RecordImage image(std::move(hdf5), type, record, see);
    fill(image);
    image.close();
  } catch (const h5::Error& e) {
    require_written();  // HDF5 reads what it has written: if that failed, it reads nonsense
    throw IoError(fmt::format("cannot write {}: {}; report this", beside.string(), e.what()));
  }
  require_written();
  const SealedFile sealed = seal(file, beside);
  const std::filesystem::path path = to(sealed.hash);
  file.commit(path);
  return path;
}

namespace {

/// Writes /chunks: a row a chunk whose hashes are known, in the order of the plan.
void put_hashes(h5::Group root, std::vector<ChunkHash> hashes) {
  if (hashes.empty()) return;
  std::ranges::sort(hashes, {}, &ChunkHash::chunk);
  std::vector<std::uint32_t> cell, index;
  std::vector<std::uint64_t> sums, rows;
  for (const ChunkHash& hash : hashes) {
    cell.push_back(hash.chunk.cell);
    index.push_back(hash.chunk.index);
    sums.push_back(hash.sums);
    rows.push_back(hash.rows);
  }
  h5::Group group = root.make_group("chunks");
  const h5::Axis axis = group.make_numbered_axis("hashed_chunk", cell.size());
  group.make_column("cell", axis, cell);
  group.make_column("chunk", axis, index);
  group.make_column("sums_hash", axis, sums);
  group.make_column("rows_hash", axis, rows);
}

}  // namespace

void add_part_columns(RecordImage& image, std::vector<ChunkHash> hashes,
                      const std::vector<std::string>& replaces) {
  put_hashes(image.root(), std::move(hashes));
  if (!replaces.empty()) image.root().make_axis("replaces", replaces);
}

std::vector<std::byte> encode_part(const Record& record, const std::vector<std::string>& replaces) {
  RecordImage image(h5::File::create(), FileType::part, record);
  add_part_columns(image, record.all_hashes(), replaces);
  return image.finish();
}

// ---- reading

template <class Read>
auto RecordFile::reading(Read read) const {
  // HDF5 takes some failures to read for chunks that were never written.
  const auto require_readable = [this] {
    if (file_ && file_->disk() && file_->disk()->read_error != 0)
      throw io_error("read", path_, file_->disk()->read_error);
  };
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Read>>) {
      read();
      require_readable();
    } else {
      auto result = read();
      require_readable();
      return result;
    }
  } catch (const h5::ReadError& e) {
    throw io_error("read", path_, e.error_number);
  } catch (const h5::Error& e) {
    require_readable();
    throw DamageError(fmt::format("damaged, or not leafcast's ({})", e.what()));
  }
}

RecordFile::RecordFile(std::span<const std::byte> bytes) : content_hash_(io::content_hash(bytes)) {
  const auto image = unsealed(bytes);
  open(reading([&] { return h5::File::open(image); }), bytes.size());
}

RecordFile::RecordFile(const std::filesystem::path& path)
    : path_(path.string()), descriptor_(open_for_reading(path)) {
  const SealedFile sealed = check_seal(descriptor_.get(), path);
  content_hash_ = sealed.hash;
  open(reading([&] { return h5::File::open_on(descriptor_.get(), sealed.hdf5_bytes); }), sealed.hdf5_bytes);
}

void RecordFile::open(h5::File file, std::uint64_t bytes) {
  file_.emplace(std::move(file));
  // A row costs a quarter of a byte at least, and a regular pattern of a few million rows hardly any.
  bytes_ = bytes;
  most_rows_ = (std::uint64_t{1} << 22) + 4 * bytes;
  reading([&] {
    const h5::Group root = file_->root();
    type_ = read_type(root);
    check_version(root);
    plan_hash_ = root.text_attribute("plan_hash");
  });
}

std::vector<std::string> RecordFile::replaces() const {
  constexpr std::size_t kMost = 1 << 20;
  return reading([&] {
    const h5::Group root = file_->root();
    return root.has("replaces") ? root.strings("replaces", kMost) : std::vector<std::string>();
  });
}

std::map<std::string, std::string> RecordFile::provenance() const {
  static constexpr std::array kNames = {"program",
                                        "compiler",
                                        "libraries",
                                        "instruction_set",
                                        "command_line",
                                        "ranks",
                                        "host",
                                        "written",
                                        "SLURM_JOB_ID",
                                        "SLURM_ARRAY_JOB_ID",
                                        "SLURM_ARRAY_TASK_ID",
                                        "SLURM_JOB_NODELIST",
                                        "SLURM_RESTART_COUNT",
                                        "cost_model",
                                        "sampling_seconds",
                                        "predicted_seconds",
                                        "dispatch_seconds",
                                        "writing_seconds"};
  std::map<std::string, std::string> entries;
  if (!reading([&] { return file_->root().has("provenance"); })) return entries;
  for (const char* name : kNames) try {
      entries[name] = file_->root().group("provenance").text_attribute(name);
    } catch (const h5::Error&) {  // written by a command that did not know it
    }
  return entries;
}

Plan RecordFile::plan() const {
  return reading([&] {
    const h5::Group root = file_->root();
    const std::string text =
        root.has("plan")
            ? root.text("plan")
            : root.bytes("plan_text", std::min<std::size_t>(kLongestPlan, kMostDeflated * bytes_));
    const std::string sweep = root.text("sweep");
    Plan plan;
    try {
      plan = Plan::from_text(text, sweep);
    } catch (const Error& e) {
      throw DataError(e.what());
    }
    require(plan_hash_ == fmt::format("{:016x}", plan.hash()), "its plan is not the one whose hash it gives");
    require_memory(plan);
    return plan;
  });
}

Ledger RecordFile::ledger(const Plan& plan) const {
  if (const std::string hash = fmt::format("{:016x}", plan.hash()); hash != plan_hash_)
    throw DataError(
        fmt::format("of another plan ({}, not {}); it cannot be united with this one", plan_hash_, hash));
  Ledger ledger(plan.cells().size());
  for (const DoneChunks& done : reading([&] { return read_ledger(file_->root(), plan, most_rows_); }))
    ledger.insert_range(done.cell, done.first, done.last);
  return ledger;
}

std::vector<ChunkHash> RecordFile::hashes(const Ledger& ledger) const {
  std::vector<ChunkHash> hashes;
  reading([&] {
    const h5::Group root = file_->root();
    if (!root.has("chunks")) return;  // parts of earlier programs, and results
    for_each_row<std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t>(
        root.group("chunks"), {"cell", "chunk", "sums_hash", "rows_hash"}, most_rows_,
        [&](std::uint32_t cell, std::uint32_t index, std::uint64_t sums, std::uint64_t rows) {
          require(cell < ledger.cells() && ledger.contains({cell, index}),
                  "it has hashes of chunks that are not in its ledger");
          hashes.push_back({{cell, index}, sums, rows});
        });
  });
  return hashes;
}

namespace {

constexpr std::size_t kCellsAtATime = 16;
constexpr double kBytesAtATime = 64e6;

/// Calls use(cell, tallies) for every cell of a file.
template <class Use>
void each_cell(const FileSums& sums, const Plan& plan, Use use) {
  for (std::size_t first = 0, count; first < sums.cells().size(); first += count) {
    count = std::min(kCellsAtATime, sums.cells().size() - first);
    const double fit = kBytesAtATime / tally_bytes(plan.cells()[sums.cells()[first]]);
    if (fit < static_cast<double>(count)) count = std::max<std::size_t>(1, static_cast<std::size_t>(fit));
    std::vector<CellTally> tallies = sums.read(first, count);
    for (std::size_t i = 0; i < count; ++i) use(sums.cells()[first + i], tallies[i]);
  }
}

}  // namespace

void RecordFile::add_to(Record& record) const {
  const Ledger done = ledger(record.plan);
  if (!done.disjoint(record.ledger)) throw DataError("holds chunks that are already counted; leave it out");
  each_cell(FileSums(*this, record.plan), record.plan, [&](std::uint32_t cell, const CellTally& bins) {
    if (done.count(cell) == 0) return;
    leafcast::add(record.held_tallies(cell), bins);
  });
  const std::vector<ChunkHash> their = hashes(done);
  record.hashes.insert(record.hashes.end(), their.begin(), their.end());
  record.ledger += done;
}

void RecordFile::check_unchanged() const {
  if (descriptor_ && check_seal(descriptor_.get(), path_).hash != content_hash_)
    throw DamageError("damaged: it has changed since it was opened");
}

void RecordFile::check(const Plan& plan) const {
  each_cell(FileSums(*this, plan), plan, [](std::uint32_t, const CellTally&) {});
  static_cast<void>(hashes(ledger(plan)));
}

FileSums::FileSums(const RecordFile& file, const Plan& plan) : file_(file) {
  if (const std::string hash = fmt::format("{:016x}", plan.hash()); hash != file.plan_hash())
    throw DataError(fmt::format("of another plan ({}, not {}); it cannot be united with this one",
                                file.plan_hash(), hash));
  file.reading([&] {
    const h5::Group root = file.file_->root();
    cells_ = read_cell_axis(root, plan);
    reader_.emplace(root, plan, cells_, read_ledger(root, plan, file.most_rows_), file.most_rows_);
  });
}

std::vector<CellTally> FileSums::read(std::size_t first, std::size_t count) const {
  return file_.reading([&] { return reader_->read(first, count); });
}

}  // namespace leafcast::io
