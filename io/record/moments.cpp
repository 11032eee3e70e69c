#include "io/record/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "engine/contract.h"
#include "engine/observe/observable.h"
#include "io/hdf5/table.h"
#include "io/record/reading.h"

namespace leafcast::io {

namespace {

bool is_stored(const Observable& observable, const Plan& plan) {
  return observable.always_stored || std::ranges::any_of(plan.cells(), observable.is_observed);
}

std::size_t limbs_in_files(const Field& field) {
  return field.form == Field::Form::count ? 1 : field.form == Field::Form::sum ? kLimbs : kWeightLimbs;
}

/// As many words as a file has for the entry.
void extend(std::span<const std::uint64_t> limbs, std::span<std::uint64_t> wide) {
  if (limbs.empty()) return;
  std::ranges::copy(limbs, wide.begin());
  const std::uint64_t rest = limbs.back() >> 63 && wide.size() > 1 ? ~std::uint64_t{0} : 0;
  std::fill(wide.begin() + static_cast<std::ptrdiff_t>(limbs.size()), wide.end(), rest);
}

bool needs_weight_limbs(const Observable& observable) {
  return std::ranges::any_of(observable.fields,
                             [](const Field* field) { return field->form == Field::Form::weight; });
}

constexpr std::array<const char*, 6> kHistogramColumns = {"cell",  "bin",   "histogram_bin",
                                                          "lower", "width", "count"};

}  // namespace

// ---- writing

struct MomentsWriter::State {
  /// A field that has a row a cell.
  struct Rows {
    const Field& field;
    std::size_t limbs, entries;
    h5::RowWriter<std::uint64_t> writer;
  };
  /// A field whose dimensions are each cell's own: a group a cell.
  struct Tables {
    const Observable& observable;
    const Field& field;
    std::shared_ptr<h5::Group> group;
  };
  const Plan& plan;
  const h5::Axis& bin;
  h5::RowWriter<std::uint64_t> samples;
  std::vector<Rows> rows;
  std::vector<Tables> tables;
  h5::Table<std::uint32_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::uint64_t> histogram;

  State(std::shared_ptr<h5::Group> group, const Plan& of, const MomentsAxes& axes)
      : plan(of),
        bin(axes.bin),
        samples(group->make_dataset<std::uint64_t>("samples", {&axes.cell, &axes.bin})),
        histogram(group->make_group("histogram"), "row", kHistogramColumns) {
    for (const Observable* observable : observables()) {
      if (!is_stored(*observable, plan)) continue;
      const std::string own = observable->group;
      add(own.empty() ? group : std::make_shared<h5::Group>(group->make_group(own)), *observable, axes);
    }
  }

  void add(const std::shared_ptr<h5::Group>& group, const Observable& observable, const MomentsAxes& axes) {
    std::optional<h5::Axis> weight_limb;
    if (needs_weight_limbs(observable))
      weight_limb.emplace(group->make_numbered_axis("weight_limb", kWeightLimbs));
    for (const Field* field : observable.fields) {
      if (field->shape == Field::Shape::table) {
        tables.push_back({observable, *field, group});
        continue;
      }
      std::vector<const h5::Axis*> dimensions = {&axes.cell, &axes.bin};
      if (field->shape == Field::Shape::by_height) dimensions.push_back(&axes.height);
      if (field->form == Field::Form::sum) dimensions.push_back(&axes.limb);
      if (field->form == Field::Form::weight) dimensions.push_back(&*weight_limb);
      const std::size_t limbs = limbs_in_files(*field);
      h5::Dataset dataset = group->make_dataset<std::uint64_t>(
          field->name, dimensions, limbs > 1 ? h5::Chunking::planes : h5::Chunking::rows);
      const std::size_t entries = dataset.row_size() / kJackknifeBins / limbs;
      rows.push_back({*field, limbs, entries, h5::RowWriter<std::uint64_t>(std::move(dataset))});
    }
  }
  void append(std::uint32_t index, const CellTally& bins) {
    const Cell& cell = plan.cells()[index];
    const TallyLayout layout(cell);
    for (const Tally& tally : bins)
      LEAFCAST_EXPECT(tally.layout() && *tally.layout() == layout, "sums of " + cell.label(),
                      "they are of another cell's shape", "tally them with the cell's layout");
    const std::span<std::uint64_t> counts = samples.next_row();
    for (int b = 0; b < kJackknifeBins; ++b) counts[static_cast<std::size_t>(b)] = bins[b].samples;
    for (Rows& field : rows) {
      const auto row = field.writer.next_row();
      const TallyLayout::Slot* slot = layout.find(field.field);
      if (!slot) continue;
      for (std::size_t b = 0; b < bins.size(); ++b) {
        const std::vector<std::uint64_t>& words = bins[b].words();
        if (words.empty()) continue;
        const std::size_t first = b * field.entries + static_cast<std::size_t>(slot->entries.first);
        for (std::size_t e = 0; e < slot->entries.count; ++e)
          extend(std::span(words).subspan(slot->offset + e * slot->limbs, slot->limbs),
                 row.subspan((first + e) * field.limbs, field.limbs));
      }
    }
    for (const Tables& table : tables)
      if (table.observable.is_observed(cell)) put_table(table, index, cell, bins);
    for (int b = 0; b < kJackknifeBins; ++b)
      for (const auto& [m_bin, count] : bins[b].histogram)
        histogram.append(index, b, m_bin, HistogramBins::lower(m_bin), HistogramBins::width(m_bin), count);
  }
  void put_table(const Tables& table, std::uint32_t index, const Cell& cell, const CellTally& bins) const {
    h5::Group own = table.group->make_group(std::to_string(index));
    std::vector<h5::Axis> axes;
    for (const FieldAxis& axis : table.field.axes(cell))
      axes.push_back(
          std::visit([&](const auto& labels) { return own.make_axis(axis.name, labels); }, axis.labels));
    std::vector<const h5::Axis*> dimensions = {&bin};
    for (const h5::Axis& axis : axes) dimensions.push_back(&axis);
    h5::Dataset counts = own.make_dataset<std::uint64_t>(table.field.name, dimensions);
    for (int b = 0; b < kJackknifeBins; ++b)
      if (const Tally& tally = bins[b]; tally.samples > 0)
        counts.write_rows(static_cast<hsize_t>(b), 1, tally.counts(table.field));
  }
  void append_nothing() {
    samples.next_row();
    for (Rows& field : rows) field.writer.next_row();
  }
  void finish() {
    samples.flush();
    for (Rows& field : rows) field.writer.flush();
    histogram.finish();
  }
};

MomentsWriter::MomentsWriter(h5::Group group, const Plan& plan, const MomentsAxes& axes)
    : state_(std::make_unique<State>(std::make_shared<h5::Group>(std::move(group)), plan, axes)) {}
MomentsWriter::~MomentsWriter() = default;
void MomentsWriter::append(std::uint32_t cell, const CellTally& bins) { state_->append(cell, bins); }
void MomentsWriter::append_nothing() { state_->append_nothing(); }
void MomentsWriter::finish() { state_->finish(); }

// ---- reading

struct MomentsReader::State {
  struct Rows {
    const Field& field;
    std::size_t limbs, entries;
    h5::Dataset dataset;
  };
  struct Tables {
    const Observable& observable;
    const Field& field;
    std::shared_ptr<const h5::Group> group;
  };
  const Plan plan;
  std::vector<std::uint32_t> cells;
  std::vector<DoneChunks> done;
  std::vector<std::size_t> first_done;  ///< by row of the file's cells, and one behind
  std::vector<hsize_t> first_histogram_row;
  std::shared_ptr<const h5::Group> group;
  h5::Dataset samples;
  std::vector<Rows> rows;
  std::vector<Tables> tables;
  std::vector<h5::Dataset> histogram;
  std::size_t heights = 1;

  State(const h5::Group& root, const Plan& of, std::span<const std::uint32_t> of_cells,
        std::span<const DoneChunks> chunks, std::uint64_t most_rows)
      : plan(of),
        cells(of_cells.begin(), of_cells.end()),
        done(chunks.begin(), chunks.end()),
        group(std::make_shared<const h5::Group>(root.group("moments"))),
        samples(open_dataset(*group, "samples", h5::Extent{cells.size(), kJackknifeBins})) {
    for (const std::uint32_t c : cells) heights = std::max(heights, all_heights(plan.cells()[c]).count);
    require(root.dataset("height_j").extent() == h5::Extent{heights},
            "its heights are not those of its cells");
    std::size_t at = 0;
    for (const std::uint32_t c : cells) {
      require(at == done.size() || done[at].cell >= c, "its ledger names cells that it does not hold");
      first_done.push_back(at);
      while (at < done.size() && done[at].cell == c) ++at;
    }
    require(at == done.size(), "its ledger names cells that it does not hold");
    first_done.push_back(at);
    for (const Observable* observable : observables())
      if (is_stored(*observable, plan)) add(*observable);
    index_histogram(most_rows);
  }

  void add(const Observable& observable) {
    const std::string name = observable.group;
    const auto own = name.empty() ? group : std::make_shared<const h5::Group>(group->group(name));
    for (const Field* field : observable.fields) {
      if (field->shape == Field::Shape::table) {
        tables.push_back({observable, *field, own});
        continue;
      }
      const std::size_t limbs = limbs_in_files(*field);
      const std::size_t entries = field->shape == Field::Shape::by_height ? heights : 1;
      h5::Extent extent = {cells.size(), kJackknifeBins};
      if (field->shape == Field::Shape::by_height) extent.push_back(heights);
      if (limbs > 1) extent.push_back(limbs);
      rows.push_back({*field, limbs, entries, open_dataset(*own, field->name, extent)});
    }
  }

  /// Where the rows of each cell begin.
  void index_histogram(std::uint64_t most_rows) {
    histogram = open_columns(group->group("histogram"), kHistogramColumns, most_rows);
    const hsize_t all = histogram[0].extent()[0];
    hsize_t row = 0;
    for_each_row<std::uint32_t>(std::span(histogram).first(1), 0, all, [&](std::uint32_t cell) {
      while (first_histogram_row.size() < cells.size() && cells[first_histogram_row.size()] <= cell)
        first_histogram_row.push_back(row);
      require(first_histogram_row.empty() || cells[first_histogram_row.size() - 1] <= cell,
              "its histogram is not in order");
      require(!first_histogram_row.empty() && cells[first_histogram_row.size() - 1] == cell,
              "a row of its histogram cannot be");
      ++row;
    });
    first_histogram_row.resize(cells.size() + 1, all);
  }

  Ledger::Intervals chunks_of(std::size_t row) const {
    Ledger::Intervals intervals;
    for (std::size_t i = first_done[row]; i < first_done[row + 1]; ++i)
      intervals.insert(Ledger::Intervals::interval_type::right_open(done[i].first, done[i].last + 1));
    return intervals;
  }
  bool has_chunks(std::size_t row) const { return first_done[row] < first_done[row + 1]; }

  std::vector<CellTally> read(std::size_t first, std::size_t count) const {
    std::vector<CellTally> tallies;
    tallies.reserve(count);
    std::vector<std::uint64_t> counts(count * kJackknifeBins);
    samples.read_rows(first, count, std::span(counts));
    for (std::size_t i = 0; i < count; ++i) {
      CellTally& bins = tallies.emplace_back(empty_bins(plan.cells()[cells[first + i]]));
      const auto expected = samples_by_bin(plan, chunks_of(first + i), cells[first + i]);
      for (std::size_t b = 0; b < kJackknifeBins; ++b) {
        bins[b].samples = expected[b];
        require(counts[i * kJackknifeBins + b] == expected[b],
                "its numbers of samples are not those of its chunks");
      }
    }
    for (const Rows& field : rows) read_rows(field, first, tallies);
    for (const Tables& table : tables) read_tables(table, first, tallies);
    for (std::size_t i = 0; i < count; ++i) read_histogram(first + i, tallies[i]);
    for (std::size_t i = 0; i < count; ++i) check(plan.cells()[cells[first + i]], tallies[i]);
    return tallies;
  }
  static void check(const Cell& cell, const CellTally& bins) {
    for (const Observable* observable : observables()) {
      if (!observable->is_observed(cell)) continue;
      for (const Tally& bin : bins)
        if (bin.samples > 0)
          if (const char* what = observable->contradiction(cell, bin)) require(false, what);
    }
  }

  static void read_rows(const Rows& field, std::size_t first, std::vector<CellTally>& tallies) {
    std::vector<std::uint64_t> values(tallies.size() * field.dataset.row_size());
    field.dataset.read_rows(first, tallies.size(), std::span(values));
    std::span<const std::uint64_t> left = values;
    for (CellTally& bins : tallies) {
      const TallyLayout::Slot* slot = bins[0].layout()->find(field.field);
      for (Tally& bin : bins)
        for (std::size_t j = 0; j < field.entries; ++j, left = left.subspan(field.limbs))
          take(bin, slot, static_cast<int>(j), left.first(field.limbs));
    }
  }
  /// An entry from a file's words into as many as its cell needs.
  static void take(Tally& bin, const TallyLayout::Slot* slot, int index,
                   std::span<const std::uint64_t> wide) {
    std::uint64_t any = 0;
    for (const std::uint64_t limb : wide) any |= limb;
    if (any == 0) return;
    require(slot && bin.samples > 0 && index >= slot->entries.first &&
                index - slot->entries.first < static_cast<int>(slot->entries.count),
            "sums where nothing is tallied");
    require(fits(wide, slot->limbs), "a sum larger than can be");
    std::vector<std::uint64_t>& words = bin.words();
    if (words.empty()) words.resize(bin.layout()->words());
    const std::size_t entry = static_cast<std::size_t>(index - slot->entries.first);
    std::copy_n(wide.begin(), slot->limbs,
                words.begin() + static_cast<std::ptrdiff_t>(slot->offset + entry * slot->limbs));
  }
  static bool fits(std::span<const std::uint64_t> wide, std::size_t limbs) {
    if (wide.size() == 1) return true;
    const std::uint64_t rest = wide[limbs - 1] >> 63 ? ~std::uint64_t{0} : 0;
    return std::ranges::all_of(wide.subspan(limbs), [rest](std::uint64_t limb) { return limb == rest; });
  }

  void read_tables(const Tables& table, std::size_t first, std::vector<CellTally>& tallies) const {
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      const std::uint32_t index = cells[first + i];
      const Cell& cell = plan.cells()[index];
      if (!table.observable.is_observed(cell) || !has_chunks(first + i)) continue;
      h5::Extent extent = {kJackknifeBins};
      for (const FieldAxis& axis : table.field.axes(cell)) extent.push_back(axis.size());
      const h5::Dataset counts =
          open_dataset(table.group->group(std::to_string(index)), table.field.name, extent);
      for (int b = 0; b < kJackknifeBins; ++b) {
        std::vector<std::uint64_t> values(counts.row_size());
        counts.read_rows(static_cast<hsize_t>(b), 1, std::span(values));
        Tally& bin = tallies[i][b];
        if (bin.samples > 0)
          std::ranges::copy(values, bin.counts(table.field).begin());
        else
          require(std::ranges::all_of(values, std::logical_not<>()), "sums where nothing is tallied");
      }
    }
  }

  void read_histogram(std::size_t row, CellTally& bins) const {
    using Place = std::tuple<std::int32_t, std::int32_t>;
    Place last{-1, 0};
    static const int most = HistogramBins::bin(std::int64_t{1} << 62);
    const bool observed = plan.cells()[cells[row]].observe().histogram;
    const auto add = [&](std::uint32_t cell, std::int32_t bin, std::int32_t m_bin, std::int64_t lower,
                         std::int64_t width, std::uint64_t count) {
      require(cell == cells[row] && bin >= 0 && bin < kJackknifeBins && has_chunks(row) &&
                  std::abs(std::int64_t{m_bin}) <= most && count > 0,
              "a row of its histogram cannot be");
      require(Place(bin, m_bin) > last, "its histogram is not in order");
      require(lower == HistogramBins::lower(m_bin) && width == HistogramBins::width(m_bin),
              "its histogram has other bins than this program");
      last = {bin, m_bin};
      require(observed, "a histogram that was not to be observed");
      Histogram& histogram_of_bin = bins[bin].histogram;
      histogram_of_bin.emplace_hint(histogram_of_bin.end(), m_bin, count);
    };
    for_each_row<std::uint32_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::uint64_t>(
        std::span(histogram), first_histogram_row[row], first_histogram_row[row + 1], add);
  }
};

MomentsReader::MomentsReader(const h5::Group& root, const Plan& plan, std::span<const std::uint32_t> cells,
                             std::span<const DoneChunks> done, std::uint64_t most_rows)
    : state_(std::make_unique<State>(root, plan, cells, done, most_rows)) {}
MomentsReader::~MomentsReader() = default;
std::vector<CellTally> MomentsReader::read(std::size_t first, std::size_t count) const {
  return state_->read(first, count);
}

void MomentsReader::rest() const {
  state_->samples.forget_chunk();
  for (const auto& field : state_->rows) field.dataset.forget_chunk();
  for (const h5::Dataset& column : state_->histogram) column.forget_chunk();
}

}  // namespace leafcast::io
