#include "io/record/record_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/observe/observable.h"
#include "engine/plan/cost.h"
#include "engine/plan/stages.h"
#include "io/file/posix.h"
#include "io/record/cell_columns.h"
#include "io/record/moments.h"
#include "io/record/reading.h"

namespace leafcast::io {

namespace {

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

std::vector<std::uint32_t> cells_of(FileType type, const Record& record) {
  std::vector<std::uint32_t> cells;
  for (std::uint32_t c = 0; c < record.plan.cells().size(); ++c)
    if (type == FileType::results || record.ledger.count(c) > 0) cells.push_back(c);
  return cells;
}

/// Writes /ledger: a row an interval of chunks done.
void put_ledger(h5::Group group, const Record& record, const std::vector<std::uint32_t>& cells) {
  std::vector<std::uint32_t> cell, first, last;
  for (const std::uint32_t c : cells) {
    for (const auto& interval : record.ledger.intervals(c)) {
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

h5::File file_with_header(FileType type, const Plan& plan) {
  h5::File file = h5::File::create();
  h5::Group root = file.root();
  root.set("filetype", std::string(kTypeNames[static_cast<int>(type)]));
  root.set("version", format_version(plan));
  root.set("plan_hash", fmt::format("{:016x}", plan.hash()));
  root.set("title", plan.title());
  root.make_text("plan", plan.text());
  root.make_text("sweep", plan.sweep_text());
  return file;
}

h5::Axis put_cell_axis(h5::Group root, const std::vector<std::uint32_t>& cells) {
  return root.make_axis("cell", std::vector<std::int32_t>(cells.begin(), cells.end()));
}

/// Runs a reader, turning HDF5's complaints into ours.
template <class Read>
auto reading(Read read) {
  try {
    return read();
  } catch (const h5::Error& e) {
    throw DamageError(fmt::format("damaged, or not leafcast's ({})", e.what()));
  }
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

Ledger read_ledger(const h5::Group& root, const Plan& plan, std::uint64_t most_rows) {
  Ledger ledger(plan.cells().size());
  std::int64_t last_cell = -1, last_chunk = -1;
  const auto add = [&](std::uint32_t cell, std::uint32_t first, std::uint32_t last) {
    require(cell < plan.cells().size() && first <= last && last < plan.chunks(cell),
            "its ledger holds chunks that the plan has not");
    require(cell > last_cell || (cell == last_cell && first > last_chunk), "its ledger is not in order");
    last_cell = cell;
    last_chunk = last;
    ledger.insert_range(cell, first, last);
  };
  for_each_row<std::uint32_t, std::uint32_t, std::uint32_t>(root.group("ledger"), {"cell", "first", "last"},
                                                            most_rows, add);
  return ledger;
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
  double bytes = 0;
  for (const Cell& cell : plan.cells()) bytes += tally_bytes(cell);
  if (bytes > static_cast<double>(physical_memory()))
    throw DataError(
        fmt::format("the sums of its {} cells take {:.0f} MB, and this machine has {} MB; use one with more",
                    plan.cells().size(), bytes / 1e6, physical_memory() / 1'000'000));
}

RecordImage::RecordImage(FileType type, const Record& record)
    : file_(file_with_header(type, record.plan)),
      cells_(cells_of(type, record)),
      cell_(put_cell_axis(root(), cells_)) {
  std::size_t most_heights = 1;
  for (const std::uint32_t c : cells_)
    most_heights = std::max(most_heights, all_heights(record.plan.cells()[c]).count);
  const h5::Axis bin = root().make_numbered_axis("bin", kJackknifeBins);
  const h5::Axis height = root().make_numbered_axis("height_j", most_heights);
  const h5::Axis limb = root().make_numbered_axis("limb", kLimbs);
  put_cell_columns(root().make_group("cells"), cell_, record.plan, cells_);
  put_ledger(root().make_group("ledger"), record, cells_);
  put_moments(root().make_group("moments"), record, cells_, {cell_, bin, height, limb});
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

/// Adds them to the record. Parts of earlier programs, and results, have none.
void add_hashes(const h5::Group& root, const Ledger& ledger, std::uint64_t most_rows, Record& record) {
  if (!root.has("chunks")) return;
  for_each_row<std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t>(
      root.group("chunks"), {"cell", "chunk", "sums_hash", "rows_hash"}, most_rows,
      [&](std::uint32_t cell, std::uint32_t index, std::uint64_t sums, std::uint64_t rows) {
        require(cell < ledger.cells() && ledger.contains({cell, index}),
                "it has hashes of chunks that are not in its ledger");
        record.hashes.push_back({{cell, index}, sums, rows});
      });
}

}  // namespace

std::vector<std::byte> encode_part(const Record& record, const std::vector<std::string>& replaces) {
  const RecordImage image(FileType::part, record);
  put_hashes(image.root(), record.hashes);
  if (!replaces.empty()) image.root().make_axis("replaces", replaces);
  return image.finish();
}

RecordFile::RecordFile(std::span<const std::byte> bytes)
    : file_(reading([image = unsealed(bytes)] { return h5::File::open(image); })) {
  // A row costs a quarter of a byte at least, and a regular pattern of a few million rows hardly any.
  most_rows_ = (std::uint64_t{1} << 22) + 4 * std::uint64_t{bytes.size()};
  reading([&] {
    const h5::Group root = file_.root();
    type_ = read_type(root);
    check_version(root);
    plan_hash_ = root.text_attribute("plan_hash");
  });
}

std::vector<std::string> RecordFile::replaces() const {
  constexpr std::size_t kMost = 1 << 20;
  return reading([&] {
    const h5::Group root = file_.root();
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
  if (!reading([&] { return file_.root().has("provenance"); })) return entries;
  for (const char* name : kNames) try {
      entries[name] = file_.root().group("provenance").text_attribute(name);
    } catch (const h5::Error&) {  // written by a command that did not know it
    }
  return entries;
}

Plan RecordFile::plan() const {
  return reading([&] {
    const h5::Group root = file_.root();
    const std::string text = root.text("plan"), sweep = root.text("sweep");
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
  return reading([&] { return read_ledger(file_.root(), plan, most_rows_); });
}

void RecordFile::add_to(Record& record) const {
  const Ledger done = ledger(record.plan);
  if (!done.disjoint(record.ledger)) throw DataError("holds chunks that are already counted; leave it out");
  reading([&] {
    const h5::Group root = file_.root();
    add_moments(root, done, read_cell_axis(root, record.plan), most_rows_, record);
    add_hashes(root, done, most_rows_, record);
  });
  record.ledger += done;
}

}  // namespace leafcast::io
