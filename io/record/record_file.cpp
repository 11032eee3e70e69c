#include "io/record/record_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>

#include "engine/language/pair_positions.h"
#include "engine/plan/cost.h"
#include "engine/plan/stages.h"
#include "io/file/atomic_file.h"
#include "io/file/posix.h"
#include "io/hdf5/limbs.h"
#include "io/record/cell_columns.h"

namespace leafcast::io {

namespace {

constexpr std::string_view kTypeNames[] = {"leafcast-part", "leafcast-results"};  // by FileType
constexpr std::string_view kSumNames[kPowers] = {"sum_s1", "sum_s2", "sum_s3", "sum_s4"};

/// The weights of splitting runs, by their names in files.
struct WeightName {
  const char* name;
  WideInt SplittingSums::*weight;
};
constexpr WeightName kWeights[] = {{"valid_weight", &SplittingSums::valid},
                                   {"free_weight", &SplittingSums::free},
                                   {"squared_weight", &SplittingSums::squares}};

bool splits(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.method() == Method::splitting; });
}

bool observes_entropy(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.observe().entropy; });
}
bool writes_structure(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), &Cell::writes_own_structure);
}

bool observes_pairs(const Cell& cell) { return cell.observe().pairs != Pairs::none; }
bool observes_pairs(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), [](const Cell& c) { return observes_pairs(c); });
}
bool learns(const Cell& cell) { return std::holds_alternative<LearnerGenerator>(cell.generator()); }
bool learns(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), [](const Cell& c) { return learns(c); });
}
bool has_grammars(const Plan& plan) {
  return std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.language().is_grammar(); });
}

/// The sums of entropies, by their names in files: by height, and of sentences.
struct InformationByHeightName {
  const char* name;
  std::vector<WideInt> EntropySums::*sums;
};
constexpr InformationByHeightName kInformationsByHeight[] = {{"cross", &EntropySums::cross},
                                                             {"language", &EntropySums::language}};
struct InformationName {
  const char* name;
  WideInt EntropySums::*sum;
};
constexpr InformationName kInformations[] = {{"own", &EntropySums::own},
                                             {"own_structure", &EntropySums::own_structure},
                                             {"reverse", &EntropySums::reverse}};

struct ClusterName {
  const char* name;
  std::vector<std::uint64_t> LearnerSums::*counts;
};
constexpr ClusterName kClusters[] = {{"clustered", &LearnerSums::clustered}, {"pure", &LearnerSums::pure}};

/// The lowest format that can express records of the plan.
std::int32_t format_version(const Plan& plan) {
  return observes_pairs(plan) || has_grammars(plan)         ? 6
         : observes_entropy(plan) || writes_structure(plan) ? 5
         : has_goals(plan)                                  ? 4
         : splits(plan)                                     ? 3
         : plan.is_pooled()                                 ? 2
                                                            : 1;
}

// ---- seal

constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";
constexpr std::string_view kSealStart = "\nleafcast-xxh3 ";
constexpr std::size_t kSealSize = kSealStart.size() + 16 + 1;

std::string seal_of(std::span<const std::byte> image) {
  return fmt::format("{}{}\n", kSealStart, content_hash(image));
}

bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::span<const std::byte> unsealed(std::span<const std::byte> bytes) {
  if (bytes.empty()) throw DamageError("empty");
  if (!starts_with(bytes, kHdf5Signature)) throw DamageError("not an HDF5 file");
  if (bytes.size() < kSealSize || !starts_with(bytes.last(kSealSize), kSealStart))
    throw DamageError(
        "without leafcast's seal at its end: cut short, changed by another program, or not leafcast's");
  const auto image = bytes.first(bytes.size() - kSealSize);
  if (!starts_with(bytes.last(kSealSize), seal_of(image)))
    throw DamageError("damaged: its content does not match its seal");
  return image;
}

// ---- writing

std::vector<std::uint32_t> cells_of(FileType type, const Record& record) {
  std::vector<std::uint32_t> cells;
  for (std::uint32_t c = 0; c < record.plan.cells().size(); ++c)
    if (type == FileType::results || record.ledger.count(c) > 0) cells.push_back(c);
  return cells;
}

std::vector<std::int32_t> indices(std::size_t count) {
  std::vector<std::int32_t> list(count);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

std::size_t heights(const Cell& cell) { return static_cast<std::size_t>(cell.language().height) + 1; }

void require_shape(const Cell& cell, const Tally& tally) {
  const std::size_t sums = tally.samples ? heights(cell) : 0;
  const std::size_t valid = cell.observe().validity ? sums : 0;
  const std::size_t informations = cell.observe().entropy ? sums : 0;
  if (tally.sums.size() != sums || tally.valid.size() != valid || tally.first_inconsistency.size() != valid ||
      tally.entropy.cross.size() != informations || tally.entropy.language.size() != informations ||
      tally.learner.clustered.size() != (learns(cell) ? sums : 0) ||
      tally.learner.pure.size() != tally.learner.clustered.size() ||
      tally.pairs.size() != (tally.samples ? pair_counts(cell) : 0))
    throw std::logic_error(
        fmt::format("a tally of cell \"{}\" does not have the shape that the cell implies", cell.label()));
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
  const h5::Axis axis = group.make_axis("interval", indices(cell.size()));
  group.make_column("cell", axis, cell);
  group.make_column("first", axis, first);
  group.make_column("last", axis, last);
}

/// Writes /moments. Cells without chunks are left unwritten, which reads as zero and takes no room.
class MomentsWriter {
 public:
  MomentsWriter(h5::Group group, const Record& record, const std::vector<std::uint32_t>& cells,
                const h5::Axis& cell, const h5::Axis& bin, const h5::Axis& height, const h5::Axis& limb)
      : group_(std::move(group)),
        record_(record),
        cells_(cells),
        cell_(cell),
        bin_(bin),
        height_(height),
        limb_(limb) {}

  void write() {
    put_counts("samples", &Tally::samples);
    for (int p = 0; p < kPowers; ++p) put_sums(p);
    put_counts_by_height("valid", &Tally::valid);
    put_counts_by_height("first_inconsistency", &Tally::first_inconsistency);
    put_counts("frozen_roots", &Tally::frozen_roots);
    put_counts("free_roots", &Tally::free_roots);
    put_counts("memory_bits", &Tally::memory_bits);
    put_histogram();
    if (splits(record_.plan)) put_splitting();
    if (writes_structure(record_.plan)) put_counts("well_formed", &Tally::well_formed);
    if (observes_entropy(record_.plan)) put_entropy();
    if (observes_pairs(record_.plan)) put_pairs();
    if (learns(record_.plan)) put_learners();
  }

 private:
  const CellTally& tally(std::size_t row) const { return record_.tallies[cells_[row]]; }

  void put_counts(const std::string& name, std::uint64_t Tally::*count) {
    put_counts(group_, name, [count](const Tally& bin) { return bin.*count; });
  }
  template <class Count>
  void put_counts(h5::Group& group, const std::string& name, Count count) {
    std::vector<std::uint64_t> values;
    for (std::size_t row = 0; row < cells_.size(); ++row)
      for (const Tally& bin : tally(row)) values.push_back(count(bin));
    group.make_dataset<std::uint64_t>(name, {&cell_, &bin_}).write(std::span<const std::uint64_t>(values));
  }

  void put_splitting() {
    h5::Group group = group_.make_group("splitting");
    put_counts(group, "runs", [](const Tally& bin) { return bin.splitting.runs; });
    put_counts(group, "extinct_runs", [](const Tally& bin) { return bin.splitting.extinct; });
    put_counts(group, "thin_runs", [](const Tally& bin) { return bin.splitting.thin; });
    const h5::Axis limb = group.make_axis("weight_limb", indices(kWeightLimbs));
    for (const auto& [name, weight] : kWeights)
      put_rows(group.make_dataset<std::uint64_t>(name, {&cell_, &bin_, &limb}),
               [weight](const Tally& bin, std::span<std::uint64_t> values) {
                 std::ranges::copy(to_weight_limbs(bin.splitting.*weight), values.begin());
               });
  }

  void put_entropy() {
    h5::Group group = group_.make_group("entropy");
    put_counts(group, "impossible", [](const Tally& bin) { return bin.entropy.impossible; });
    for (const auto& [name, sums] : kInformationsByHeight)
      put_rows(group.make_dataset<std::uint64_t>(name, {&cell_, &bin_, &height_, &limb_}),
               [sums](const Tally& bin, std::span<std::uint64_t> values) {
                 for (std::size_t j = 0; j < (bin.entropy.*sums).size(); ++j)
                   std::ranges::copy(to_limbs((bin.entropy.*sums)[j]),
                                     values.begin() + static_cast<std::ptrdiff_t>(j * kLimbs));
               });
    for (const auto& [name, sum] : kInformations)
      put_rows(group.make_dataset<std::uint64_t>(name, {&cell_, &bin_, &limb_}),
               [sum](const Tally& bin, std::span<std::uint64_t> values) {
                 std::ranges::copy(to_limbs(bin.entropy.*sum), values.begin());
               });
  }

  void put_learners() {
    h5::Group group = group_.make_group("learners");
    put_counts(group, "tested", [](const Tally& bin) { return bin.learner.tested; });
    put_counts(group, "errors", [](const Tally& bin) { return bin.learner.errors; });
    put_rows(group.make_dataset<std::uint64_t>("loss", {&cell_, &bin_, &limb_}),
             [](const Tally& bin, std::span<std::uint64_t> values) {
               std::ranges::copy(to_limbs(bin.learner.loss), values.begin());
             });
    for (const auto& [name, counts] : kClusters)
      put_rows(group.make_dataset<std::uint64_t>(name, {&cell_, &bin_, &height_}),
               [counts](const Tally& bin, std::span<std::uint64_t> values) {
                 std::ranges::copy(bin.learner.*counts, values.begin());
               });
  }

  /// A group for each cell that counts pairs, as their numbers of symbols and pairs differ.
  void put_pairs() {
    h5::Group group = group_.make_group("pairs");
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      const Cell& cell = record_.plan.cells()[cells_[row]];
      if (!observes_pairs(cell) || record_.ledger.count(cells_[row]) == 0) continue;
      h5::Group own = group.make_group(std::to_string(cells_[row]));
      const auto symbols = indices(static_cast<std::size_t>(cell.language().symbols()));
      const h5::Axis distance = own.make_axis("distance", observed_pairs(cell).distance);
      const h5::Axis earlier = own.make_axis("symbol", symbols), last = own.make_axis("last_symbol", symbols);
      h5::Dataset counts = own.make_dataset<std::uint64_t>("count", {&bin_, &distance, &earlier, &last});
      for (int b = 0; b < kJackknifeBins; ++b)
        if (const auto& pairs = tally(row)[b].pairs; !pairs.empty())
          counts.write_rows(static_cast<hsize_t>(b), 1, std::span<const std::uint64_t>(pairs));
    }
  }

  /// Writes row by row; fill(bin's tally, its part of the row) puts what is not zero.
  template <class Fill>
  void put_rows(h5::Dataset dataset, Fill fill) {
    const std::size_t bin_size = dataset.row_size() / kJackknifeBins;
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      if (record_.ledger.count(cells_[row]) == 0) continue;
      std::vector<std::uint64_t> values(dataset.row_size(), 0);
      for (int b = 0; b < kJackknifeBins; ++b)
        fill(tally(row)[b], std::span(values).subspan(b * bin_size, bin_size));
      dataset.write_rows(row, 1, std::span<const std::uint64_t>(values));
    }
  }

  void put_sums(int power) {
    const auto fill = [power](const Tally& tally, std::span<std::uint64_t> values) {
      for (std::size_t j = 0; j < tally.sums.size(); ++j)
        std::ranges::copy(to_limbs(tally.sums[j][power]),
                          values.begin() + static_cast<std::ptrdiff_t>(j * kLimbs));
    };
    put_rows(
        group_.make_dataset<std::uint64_t>(std::string(kSumNames[power]), {&cell_, &bin_, &height_, &limb_}),
        fill);
  }

  void put_counts_by_height(const std::string& name, std::vector<std::uint64_t> Tally::*counts) {
    const auto fill = [counts](const Tally& tally, std::span<std::uint64_t> values) {
      std::ranges::copy(tally.*counts, values.begin());
    };
    put_rows(group_.make_dataset<std::uint64_t>(name, {&cell_, &bin_, &height_}), fill);
  }

  void put_histogram() {
    std::vector<std::uint32_t> cell;
    std::vector<std::int32_t> bin, histogram_bin;
    std::vector<std::int64_t> lower, width;
    std::vector<std::uint64_t> count;
    for (const std::uint32_t c : cells_) {
      for (int b = 0; b < kJackknifeBins; ++b) {
        for (const auto& [m_bin, samples] : record_.tallies[c][b].histogram) {
          cell.push_back(c);
          bin.push_back(b);
          histogram_bin.push_back(m_bin);
          lower.push_back(HistogramBins::lower(m_bin));
          width.push_back(HistogramBins::width(m_bin));
          count.push_back(samples);
        }
      }
    }
    h5::Group group = group_.make_group("histogram");
    const h5::Axis row = group.make_axis("row", indices(cell.size()));
    group.make_column("cell", row, cell);
    group.make_column("bin", row, bin);
    group.make_column("histogram_bin", row, histogram_bin);
    group.make_column("lower", row, lower);
    group.make_column("width", row, width);
    group.make_column("count", row, count);
  }

  h5::Group group_;
  const Record& record_;
  const std::vector<std::uint32_t>& cells_;
  const h5::Axis &cell_, &bin_, &height_, &limb_;
};

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

// ---- reading

void require(bool condition, const char* otherwise) {
  if (!condition) throw DamageError(fmt::format("damaged: {}", otherwise));
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

/// Calls use(a, b, …) for every row of a flat table, a block at a time: no more memory, however long the
/// table says it is.
template <class... Columns, class Use>
void for_each_row(const IsolatedGroup& group, const std::array<const char*, sizeof...(Columns)>& names,
                  std::uint64_t most_rows, Use use) {
  constexpr hsize_t kBlock = 1 << 16;
  std::vector<IsolatedDataset> sources;
  for (const char* name : names) sources.push_back(group.dataset(name));
  for (const IsolatedDataset& source : sources)
    require(source.extent().size() == 1 && source.extent() == sources[0].extent(),
            "columns of unequal length");
  const hsize_t rows = sources[0].extent()[0];
  require(rows <= most_rows, "a table longer than its file can hold");
  for (hsize_t first = 0; first < rows; first += kBlock) {
    const hsize_t count = std::min(kBlock, rows - first);
    std::tuple<std::vector<Columns>...> block{std::vector<Columns>(count)...};
    std::apply(
        [&](auto&... column) {
          std::size_t i = 0;
          (sources[i++].read_rows(first, count, std::span(column)), ...);
          for (hsize_t row = 0; row < count; ++row) use(column[row]...);
        },
        block);
  }
}

template <class T>
std::vector<T> read_all(const IsolatedDataset& dataset, const h5::Extent& expected) {
  require(dataset.extent() == expected, "a dataset's shape is not that of its dimensions");
  std::vector<T> values(expected[0] * dataset.row_size());
  dataset.read_rows(0, expected[0], std::span(values));
  return values;
}

/// Plan indices of the file's cells.
std::vector<std::uint32_t> read_cell_axis(const IsolatedGroup& root, const Plan& plan) {
  const IsolatedDataset axis = root.dataset("cell");
  require(axis.extent().size() == 1 && axis.extent()[0] <= plan.cells().size(),
          "more cells than its plan has");
  const auto values = read_all<std::int32_t>(axis, axis.extent());
  for (std::size_t i = 0; i < values.size(); ++i)
    require(values[i] > (i ? values[i - 1] : -1) && static_cast<std::size_t>(values[i]) < plan.cells().size(),
            "its cells are not in the order of the plan");
  return {values.begin(), values.end()};
}

Ledger read_ledger(const IsolatedGroup& root, const Plan& plan, std::uint64_t most_rows) {
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

/// Reads /moments of a file into a record. Every bin must hold the samples that the ledger says, and nothing
/// beyond them.
class MomentsReader {
 public:
  MomentsReader(const IsolatedGroup& root, const Ledger& ledger, std::uint64_t most_rows, Record& record)
      : root_(root),
        most_rows_(most_rows),
        group_(root.group("moments")),
        ledger_(ledger),
        record_(record),
        cells_(read_cell_axis(root, record.plan)),
        heights_(read_height_count()),
        valid_(open("valid", {cells_.size(), kJackknifeBins, heights_})),
        first_inconsistency_(open("first_inconsistency", {cells_.size(), kJackknifeBins, heights_})) {
    for (const std::string_view name : kSumNames)
      sums_.push_back(open(name, {cells_.size(), kJackknifeBins, heights_, kLimbs}));
  }

  void read() {
    read_counts("samples", samples_);
    read_counts("frozen_roots", frozen_roots_);
    read_counts("free_roots", free_roots_);
    read_counts("memory_bits", memory_bits_);
    std::uint64_t chunks = 0;
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      read_cell(row);
      chunks += ledger_.count(cells_[row]);
    }
    require(chunks == ledger_.count(), "its ledger names cells that it does not hold");
    read_histogram();
    if (splits(record_.plan)) read_splitting();
    if (writes_structure(record_.plan)) read_well_formed();
    if (observes_entropy(record_.plan)) read_entropy();
    if (observes_pairs(record_.plan)) read_pairs();
    if (learns(record_.plan)) read_learners();
  }

 private:
  std::size_t read_height_count() const {
    const h5::Extent extent = root_.dataset("height_j").extent();
    std::size_t most = 1;
    for (const std::uint32_t c : cells_) most = std::max(most, heights(record_.plan.cells()[c]));
    require(extent == h5::Extent{most}, "its heights are not those of its cells");
    return most;
  }

  IsolatedDataset open(std::string_view name, const h5::Extent& expected) const {
    IsolatedDataset dataset = group_.dataset(std::string(name));
    require(dataset.extent() == expected, "a dataset's shape is not that of its dimensions");
    return dataset;
  }

  void read_counts(const char* name, std::vector<std::uint64_t>& values) {
    values = read_all<std::uint64_t>(group_.dataset(name), {cells_.size(), kJackknifeBins});
  }

  static std::vector<std::uint64_t> read_row(const IsolatedDataset& dataset, std::size_t row) {
    std::vector<std::uint64_t> values(dataset.row_size());
    dataset.read_rows(row, 1, std::span(values));
    return values;
  }

  void read_cell(std::size_t row) {
    const Cell& cell = record_.plan.cells()[cells_[row]];
    const auto samples = samples_by_bin(record_.plan, ledger_, cells_[row]);
    CellTally tallies;
    for (int b = 0; b < kJackknifeBins; ++b) {
      const std::size_t at = row * kJackknifeBins + static_cast<std::size_t>(b);
      Tally& tally = tallies[b];
      require(samples_[at] == samples[b], "its numbers of samples are not those of its chunks");
      tally.samples = samples[b];
      tally.frozen_roots = frozen_roots_[at];
      tally.free_roots = free_roots_[at];
      tally.memory_bits = memory_bits_[at];
      if (tally.samples == 0)
        require(!tally.frozen_roots && !tally.free_roots && !tally.memory_bits, "counts without samples");
      tally.sums.resize(samples[b] ? heights(cell) : 0);
      if (cell.observe().validity) tally.valid.resize(tally.sums.size());
      tally.first_inconsistency.resize(tally.valid.size());
    }
    if (ledger_.count(cells_[row])) {
      for (int p = 0; p < kPowers; ++p) read_sums(row, p, tallies);
      read_counts_by_height(row, valid_, &Tally::valid, tallies);
      read_counts_by_height(row, first_inconsistency_, &Tally::first_inconsistency, tallies);
    }
    for (int b = 0; b < kJackknifeBins; ++b) record_.tallies[cells_[row]][b] += tallies[b];
  }

  void read_sums(std::size_t row, int power, CellTally& tallies) const {
    const auto values = read_row(sums_[power], row);
    auto limbs = values.begin();
    for (Tally& tally : tallies) {
      for (std::size_t j = 0; j < heights_; ++j, limbs += kLimbs) {
        if (j < tally.sums.size()) {
          // No sample's sums come near (engine/observe/tally.h), and so those of many files have room.
          require(std::abs(static_cast<std::int64_t>(limbs[kLimbs - 1]) >> 1) < std::int64_t{1} << 51,
                  "a sum larger than can be");
          tally.sums[j][power] = from_limbs(std::span<const std::uint64_t, kLimbs>(limbs, kLimbs));
        } else
          require(std::all_of(limbs, limbs + kLimbs, std::logical_not<>()),
                  "sums where there are no samples");
      }
    }
  }

  void read_counts_by_height(std::size_t row, const IsolatedDataset& dataset,
                             std::vector<std::uint64_t> Tally::*counts, CellTally& tallies) const {
    const auto values = read_row(dataset, row);
    auto value = values.begin();
    for (Tally& tally : tallies) {
      for (std::size_t j = 0; j < heights_; ++j, ++value) {
        if (j < (tally.*counts).size())
          (tally.*counts)[j] = *value;
        else
          require(*value == 0, "counts where nothing is counted");
      }
    }
  }

  void read_splitting() {
    const IsolatedGroup group = group_.group("splitting");
    const h5::Extent shape = {cells_.size(), kJackknifeBins};
    const auto runs = read_all<std::uint64_t>(group.dataset("runs"), shape);
    const auto extinct = read_all<std::uint64_t>(group.dataset("extinct_runs"), shape);
    const auto thin = read_all<std::uint64_t>(group.dataset("thin_runs"), shape);
    std::vector<SplittingSums> sums(runs.size());
    for (std::size_t at = 0; at < sums.size(); ++at) {
      sums[at].runs = runs[at];
      sums[at].extinct = extinct[at];
      sums[at].thin = thin[at];
    }
    for (const auto& [name, weight] : kWeights) read_weights(group.dataset(name), weight, sums);
    for (std::size_t at = 0; at < sums.size(); ++at) {
      const std::uint32_t cell = cells_[at / kJackknifeBins];
      const bool here = record_.plan.cells()[cell].method() == Method::splitting;
      const std::uint64_t samples = here ? samples_[at] : 0;
      const SplittingSums& bin = sums[at];
      require((bin.runs > 0) == (samples > 0) && bin.runs <= samples && bin.extinct <= bin.thin &&
                  bin.thin <= bin.runs,
              "its splitting runs cannot be");
      require(
          bin.free <= bin.valid && bin.squares <= bin.valid && bin.valid <= WideInt(samples) << kWeightBits,
          "weights that cannot be");
      record_.tallies[cell][at % kJackknifeBins].splitting += bin;
    }
  }

  void read_weights(const IsolatedDataset& dataset, WideInt SplittingSums::*weight,
                    std::vector<SplittingSums>& sums) const {
    const auto limbs =
        read_all<std::uint64_t>(dataset, h5::Extent{cells_.size(), kJackknifeBins, kWeightLimbs});
    for (std::size_t at = 0; at < sums.size(); ++at)
      sums[at].*weight = from_weight_limbs(
          std::span<const std::uint64_t, kWeightLimbs>(limbs.data() + at * kWeightLimbs, kWeightLimbs));
  }

  void read_well_formed() {
    std::vector<std::uint64_t> counts;
    read_counts("well_formed", counts);
    for (std::size_t at = 0; at < counts.size(); ++at) {
      const std::uint32_t cell = cells_[at / kJackknifeBins];
      require(counts[at] <= (record_.plan.cells()[cell].writes_own_structure() ? samples_[at] : 0),
              "more well-formed sentences than sentences");
      record_.tallies[cell][at % kJackknifeBins].well_formed += counts[at];
    }
  }

  /// A leaf's information is below 2^31 units.
  void read_entropy() {
    const IsolatedGroup group = group_.group("entropy");
    const auto impossible =
        read_all<std::uint64_t>(group.dataset("impossible"), {cells_.size(), kJackknifeBins});
    const auto most = [this](std::size_t at) {
      const Cell& cell = record_.plan.cells()[cells_[at / kJackknifeBins]];
      return cell.observe().entropy ? (WideInt(samples_[at]) * 2 * cell.language().leaves()) << 31
                                    : WideInt(0);
    };
    const auto take = [](std::span<const std::uint64_t> limbs, const WideInt& limit, WideInt& sum) {
      require(std::abs(static_cast<std::int64_t>(limbs[kLimbs - 1]) >> 1) < std::int64_t{1} << 51,
              "an information larger than can be");
      const WideInt value = from_limbs(limbs.first<kLimbs>());
      require(value >= 0 && value <= limit, "an information that cannot be");
      sum += value;
    };
    for (const auto& [name, sums] : kInformationsByHeight) {
      const IsolatedDataset dataset = group.dataset(name);
      require(dataset.extent() == h5::Extent{cells_.size(), kJackknifeBins, heights_, kLimbs},
              "a dataset's shape is not that of its dimensions");
      for (std::size_t row = 0; row < cells_.size(); ++row) {
        const std::vector<std::uint64_t> limbs = read_row(dataset, row);
        for (int b = 0; b < kJackknifeBins; ++b) {
          const std::size_t at = row * kJackknifeBins + static_cast<std::size_t>(b);
          Tally& tally = record_.tallies[cells_[row]][b];
          const bool here = record_.plan.cells()[cells_[row]].observe().entropy;
          (tally.entropy.*sums).resize(here ? tally.sums.size() : 0);
          for (std::size_t j = 0; j < heights_; ++j) {
            WideInt unused = 0;
            const auto own =
                std::span(limbs).subspan((static_cast<std::size_t>(b) * heights_ + j) * kLimbs, kLimbs);
            const bool counted = j < (tally.entropy.*sums).size();
            take(own, counted ? most(at) : WideInt(0), counted ? (tally.entropy.*sums)[j] : unused);
          }
        }
      }
    }
    for (const auto& [name, sum] : kInformations) {
      const auto limbs =
          read_all<std::uint64_t>(group.dataset(name), h5::Extent{cells_.size(), kJackknifeBins, kLimbs});
      for (std::size_t at = 0; at < samples_.size(); ++at)
        take(std::span(limbs).subspan(at * kLimbs, kLimbs), most(at),
             record_.tallies[cells_[at / kJackknifeBins]][at % kJackknifeBins].entropy.*sum);
    }
    for (std::size_t at = 0; at < impossible.size(); ++at) {
      const std::uint32_t cell = cells_[at / kJackknifeBins];
      require(impossible[at] <= (record_.plan.cells()[cell].observe().entropy ? samples_[at] : 0),
              "more impossible sentences than sentences");
      record_.tallies[cell][at % kJackknifeBins].entropy.impossible += impossible[at];
    }
  }

  void read_learners() {
    const IsolatedGroup group = group_.group("learners");
    const h5::Extent shape = {cells_.size(), kJackknifeBins};
    const auto tested = read_all<std::uint64_t>(group.dataset("tested"), shape);
    const auto errors = read_all<std::uint64_t>(group.dataset("errors"), shape);
    const auto losses =
        read_all<std::uint64_t>(group.dataset("loss"), h5::Extent{cells_.size(), kJackknifeBins, kLimbs});
    std::vector<std::vector<std::uint64_t>> clusters;
    for (const auto& [name, counts] : kClusters)
      clusters.push_back(
          read_all<std::uint64_t>(group.dataset(name), h5::Extent{cells_.size(), kJackknifeBins, heights_}));
    for (std::size_t at = 0; at < tested.size(); ++at) {
      const Cell& cell = record_.plan.cells()[cells_[at / kJackknifeBins]];
      const auto* learner = std::get_if<LearnerGenerator>(&cell.generator());
      const WideInt sets = learner ? WideInt(samples_[at]) : WideInt(0);
      LearnerSums sums;
      sums.tested = tested[at];
      sums.errors = errors[at];
      require(WideInt(sums.tested) == sets * (learner ? learner->test : 0) && sums.errors <= sums.tested,
              "test sentences that cannot be");
      require(
          std::abs(static_cast<std::int64_t>(losses[at * kLimbs + kLimbs - 1]) >> 1) < std::int64_t{1} << 51,
          "a loss larger than can be");
      sums.loss = from_limbs(std::span<const std::uint64_t, kLimbs>(losses.data() + at * kLimbs, kLimbs));
      // A probability of double precision has a loss below 2^10 nats.
      require(sums.loss >= 0 && sums.loss <= WideInt(sums.tested) << (kInformationBits + 10),
              "a loss that cannot be");
      const bool here = learner && samples_[at] > 0;
      for (std::size_t which = 0; which < clusters.size(); ++which) {
        std::vector<std::uint64_t>& counts = sums.*kClusters[which].counts;
        counts.resize(here ? heights(cell) : 0);
        for (std::size_t j = 0; j < heights_; ++j) {
          const std::uint64_t value = clusters[which][at * heights_ + j];
          require(j < counts.size() || value == 0, "counts where nothing is counted");
          if (j < counts.size()) counts[j] = value;
        }
      }
      for (std::size_t j = 0; j < sums.pure.size(); ++j)
        require(sums.pure[j] <= sums.clustered[j] &&
                    WideInt(sums.clustered[j]) <= sets * learner->training * cell.language().leaves(),
                "clusters that cannot be");
      record_.tallies[cells_[at / kJackknifeBins]][at % kJackknifeBins].learner += sums;
    }
  }

  /// Every pair of a cell has been counted once in every sample.
  void read_pairs() {
    const IsolatedGroup group = group_.group("pairs");
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      const Cell& cell = record_.plan.cells()[cells_[row]];
      if (!observes_pairs(cell) || ledger_.count(cells_[row]) == 0) continue;
      const auto symbols = static_cast<hsize_t>(cell.language().symbols());
      const std::size_t pairs = observed_pairs(cell).distance.size(), size = symbols * symbols;
      const IsolatedDataset counts = group.group(std::to_string(cells_[row])).dataset("count");
      require(counts.extent() == h5::Extent{kJackknifeBins, pairs, symbols, symbols},
              "a dataset's shape is not that of its dimensions");
      for (int b = 0; b < kJackknifeBins; ++b) {
        Tally& tally = record_.tallies[cells_[row]][b];
        const std::uint64_t samples = samples_[row * kJackknifeBins + static_cast<std::size_t>(b)];
        std::vector<std::uint64_t> values = read_row(counts, static_cast<std::size_t>(b));
        for (std::size_t pair = 0; pair < pairs; ++pair) {
          std::uint64_t rest = samples;
          for (std::size_t at = pair * size; at < (pair + 1) * size; ++at) {
            require(values[at] <= rest, "pairs that do not count its samples");
            rest -= values[at];
          }
          require(rest == 0, "pairs that do not count its samples");
        }
        if (samples == 0) continue;
        tally.pairs.resize(values.size());
        for (std::size_t at = 0; at < values.size(); ++at) tally.pairs[at] += values[at];
      }
    }
  }

  void read_histogram() {
    using Row = std::tuple<std::uint32_t, std::int32_t, std::int32_t>;
    Row last{0, -1, 0};
    static const int most = HistogramBins::bin(std::int64_t{1} << 62);
    std::vector<std::uint64_t> counted(samples_.size(), 0);
    std::size_t at = 0;  // row of the file's cells
    const auto add = [&](std::uint32_t cell, std::int32_t bin, std::int32_t m_bin, std::int64_t lower,
                         std::int64_t width, std::uint64_t count) {
      require(cell < record_.plan.cells().size() && bin >= 0 && bin < kJackknifeBins &&
                  ledger_.count(cell) > 0 && std::abs(std::int64_t{m_bin}) <= most && count > 0,
              "a row of its histogram cannot be");
      require(Row(cell, bin, m_bin) > last, "its histogram is not in order");
      require(lower == HistogramBins::lower(m_bin) && width == HistogramBins::width(m_bin),
              "its histogram has other bins than this program");
      last = {cell, bin, m_bin};
      while (cells_[at] < cell) ++at;  // the ledger has the cell, so it is there
      require(record_.plan.cells()[cell].observe().histogram, "a histogram that was not to be observed");
      std::uint64_t& sum = counted[at * kJackknifeBins + static_cast<std::size_t>(bin)];
      require(count <= samples_[at * kJackknifeBins + static_cast<std::size_t>(bin)] - sum,
              "its histogram does not count its samples");
      sum += count;
      record_.tallies[cell][bin].histogram[m_bin] += count;
    };
    for_each_row<std::uint32_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::uint64_t>(
        group_.group("histogram"), {"cell", "bin", "histogram_bin", "lower", "width", "count"}, most_rows_,
        add);
    for (std::size_t row = 0; row < cells_.size(); ++row)
      if (record_.plan.cells()[cells_[row]].observe().histogram)
        require(std::ranges::equal(std::span(counted).subspan(row * kJackknifeBins, kJackknifeBins),
                                   std::span(samples_).subspan(row * kJackknifeBins, kJackknifeBins)),
                "its histogram does not count its samples");
  }

  const IsolatedGroup& root_;
  std::uint64_t most_rows_;
  IsolatedGroup group_;
  const Ledger& ledger_;
  Record& record_;
  std::vector<std::uint32_t> cells_;
  std::size_t heights_;
  IsolatedDataset valid_, first_inconsistency_;
  std::vector<IsolatedDataset> sums_;  ///< by power
  std::vector<std::uint64_t> samples_, frozen_roots_, free_roots_, memory_bits_;
};

FileType read_type(const IsolatedGroup& root) {
  const std::string name = root.text_attribute("filetype");
  for (const FileType type : {FileType::part, FileType::results})
    if (name == kTypeNames[static_cast<int>(type)]) return type;
  throw DataError(fmt::format(
      "of another kind of file (filetype \"{}\"); give a run directory, a part or a results file", name));
}

void check_version(const IsolatedGroup& root) {
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

std::vector<std::byte> sealed(std::vector<std::byte> image) {
  const std::string seal = seal_of(image);
  const auto bytes = std::as_bytes(std::span(seal));
  image.insert(image.end(), bytes.begin(), bytes.end());
  return image;
}

RecordImage::RecordImage(FileType type, const Record& record)
    : file_(file_with_header(type, record.plan)),
      cells_(cells_of(type, record)),
      cell_(put_cell_axis(root(), cells_)) {
  std::size_t most_heights = 1;
  for (const std::uint32_t c : cells_) {
    const Cell& cell = record.plan.cells()[c];
    most_heights = std::max(most_heights, heights(cell));
    for (const Tally& tally : record.tallies[c]) require_shape(cell, tally);
  }
  const h5::Axis bin = root().make_axis("bin", indices(kJackknifeBins));
  const h5::Axis height = root().make_axis("height_j", indices(most_heights));
  const h5::Axis limb = root().make_axis("limb", indices(kLimbs));
  put_cell_columns(root().make_group("cells"), cell_, record.plan, cells_);
  put_ledger(root().make_group("ledger"), record, cells_);
  MomentsWriter(root().make_group("moments"), record, cells_, cell_, bin, height, limb).write();
}

std::vector<std::byte> encode_part(const Record& record, const std::vector<std::string>& replaces) {
  const RecordImage image(FileType::part, record);
  if (!replaces.empty()) image.root().make_axis("replaces", replaces);
  return image.finish();
}

RecordFile::RecordFile(std::span<const std::byte> bytes, const ReadingLimits& limits)
    : file_(reading([&, image = unsealed(bytes)] { return IsolatedFile::open(image, limits); })) {
  // A row costs a quarter of a byte at least, and a regular pattern of a few million rows hardly any.
  most_rows_ = (std::uint64_t{1} << 22) + 4 * std::uint64_t{bytes.size()};
  reading([&] {
    const IsolatedGroup root = file_.root();
    type_ = read_type(root);
    check_version(root);
    plan_hash_ = root.text_attribute("plan_hash");
  });
}

std::vector<std::string> RecordFile::replaces() const {
  constexpr std::size_t kMost = 1 << 20;
  return reading([&] {
    const IsolatedGroup root = file_.root();
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
    const IsolatedGroup root = file_.root();
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
    const IsolatedGroup root = file_.root();
    MomentsReader(root, done, most_rows_, record).read();
  });
  record.ledger += done;
}

}  // namespace leafcast::io
