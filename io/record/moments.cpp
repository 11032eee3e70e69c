#include "io/record/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>

#include "engine/contract.h"
#include "engine/observe/observable.h"
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

void require_layouts(const Record& record, std::span<const std::uint32_t> cells) {
  for (const std::uint32_t c : cells) {
    const TallyLayout layout(record.plan.cells()[c]);
    for (const Tally& tally : record.tallies[c])
      LEAFCAST_EXPECT(tally.layout() && *tally.layout() == layout,
                      "sums of " + record.plan.cells()[c].label(), "they are of another cell's shape",
                      "tally them with the cell's layout");
  }
}

class MomentsWriter {
 public:
  MomentsWriter(const Record& record, std::span<const std::uint32_t> cells, const MomentsAxes& axes)
      : record_(record), cells_(cells), axes_(axes) {}

  void put(h5::Group& group, const Observable& observable) const {
    const auto is_weight = [](const Field* field) { return field->form == Field::Form::weight; };
    std::optional<h5::Axis> weight_limb;
    if (std::ranges::any_of(observable.fields, is_weight))
      weight_limb.emplace(group.make_numbered_axis("weight_limb", kWeightLimbs));
    for (const Field* field : observable.fields)
      if (field->shape == Field::Shape::table)
        put_tables(group, observable, *field);
      else
        put_rows(group, *field, weight_limb ? &*weight_limb : nullptr);
  }

  void put_samples(h5::Group& group) const {
    std::vector<std::uint64_t> values;
    for (const std::uint32_t c : cells_)
      for (const Tally& bin : record_.tallies[c]) values.push_back(bin.samples);
    group.make_dataset<std::uint64_t>("samples", {&axes_.cell, &axes_.bin})
        .write(std::span<const std::uint64_t>(values));
  }

  void put_histogram(h5::Group group) const {
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
    const h5::Axis row = group.make_numbered_axis("row", cell.size());
    group.make_column("cell", row, cell);
    group.make_column("bin", row, bin);
    group.make_column("histogram_bin", row, histogram_bin);
    group.make_column("lower", row, lower);
    group.make_column("width", row, width);
    group.make_column("count", row, count);
  }

 private:
  void put_rows(h5::Group& group, const Field& field, const h5::Axis* weight_limb) const {
    std::vector<const h5::Axis*> dimensions = {&axes_.cell, &axes_.bin};
    if (field.shape == Field::Shape::by_height) dimensions.push_back(&axes_.height);
    if (field.form == Field::Form::sum) dimensions.push_back(&axes_.limb);
    if (field.form == Field::Form::weight) dimensions.push_back(weight_limb);
    h5::Dataset dataset = group.make_dataset<std::uint64_t>(field.name, dimensions);
    const std::size_t limbs = limbs_in_files(field), entries = dataset.row_size() / kJackknifeBins / limbs;
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      if (record_.ledger.count(cells_[row]) == 0) continue;
      std::vector<std::uint64_t> values(dataset.row_size(), 0);
      auto at = values.begin();
      for (const Tally& bin : record_.tallies[cells_[row]])
        for (std::size_t j = 0; j < entries; ++j, at += static_cast<std::ptrdiff_t>(limbs))
          extend(bin.limbs(field, static_cast<int>(j)), std::span(at, limbs));
      dataset.write_rows(row, 1, std::span<const std::uint64_t>(values));
    }
  }

  /// A group for each cell that has the table, as its dimensions are the cell's own.
  void put_tables(h5::Group& group, const Observable& observable, const Field& field) const {
    for (const std::uint32_t c : cells_) {
      const Cell& cell = record_.plan.cells()[c];
      if (!observable.is_observed(cell) || record_.ledger.count(c) == 0) continue;
      h5::Group own = group.make_group(std::to_string(c));
      std::vector<h5::Axis> axes;
      for (const FieldAxis& axis : field.axes(cell))
        axes.push_back(
            std::visit([&](const auto& labels) { return own.make_axis(axis.name, labels); }, axis.labels));
      std::vector<const h5::Axis*> dimensions = {&axes_.bin};
      for (const h5::Axis& axis : axes) dimensions.push_back(&axis);
      h5::Dataset counts = own.make_dataset<std::uint64_t>(field.name, dimensions);
      for (int b = 0; b < kJackknifeBins; ++b)
        if (const Tally& bin = record_.tallies[c][b]; bin.samples > 0)
          counts.write_rows(static_cast<hsize_t>(b), 1, bin.counts(field));
    }
  }

  const Record& record_;
  std::span<const std::uint32_t> cells_;
  const MomentsAxes& axes_;
};

class MomentsReader {
 public:
  MomentsReader(const h5::Group& root, const Ledger& ledger, std::span<const std::uint32_t> cells,
                const Plan& plan)
      : plan_(plan), ledger_(ledger), cells_(cells), group_(root.group("moments")) {
    for (const std::uint32_t c : cells_) heights_ = std::max(heights_, all_heights(plan.cells()[c]).count);
    require(root.dataset("height_j").extent() == h5::Extent{heights_},
            "its heights are not those of its cells");
    std::uint64_t chunks = 0;
    const auto samples =
        read_all<std::uint64_t>(group_, "samples", h5::Extent{cells_.size(), kJackknifeBins});
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      CellTally& bins = tallies_.emplace_back(empty_bins(plan.cells()[cells_[row]]));
      const auto expected = samples_by_bin(plan, ledger, cells_[row]);
      for (int b = 0; b < kJackknifeBins; ++b) {
        bins[b].samples = expected[b];
        require(samples[row * kJackknifeBins + static_cast<std::size_t>(b)] == expected[b],
                "its numbers of samples are not those of its chunks");
      }
      chunks += ledger.count(cells_[row]);
    }
    require(chunks == ledger.count(), "its ledger names cells that it does not hold");
  }

  void read(const Observable& observable, std::uint64_t most_rows) {
    const std::string name = observable.group;
    std::optional<h5::Group> inner;
    if (!name.empty()) inner.emplace(group_.group(name));
    const h5::Group& own = inner ? *inner : group_;
    for (const Field* field : observable.fields)
      if (field->shape == Field::Shape::table)
        read_tables(own, observable, *field);
      else
        read_rows(own, *field);
    if (&observable == &kHistogram) read_histogram(most_rows);
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      const Cell& cell = plan_.cells()[cells_[row]];
      if (!observable.is_observed(cell)) continue;
      for (const Tally& bin : tallies_[row])
        if (bin.samples > 0)
          if (const char* what = observable.contradiction(cell, bin)) require(false, what);
    }
  }
  /// By row of the file's cells.
  const std::vector<CellTally>& tallies() const { return tallies_; }

 private:
  void read_rows(const h5::Group& own, const Field& field) {
    const std::size_t limbs = limbs_in_files(field);
    const std::size_t entries = field.shape == Field::Shape::by_height ? heights_ : 1;
    h5::Extent extent = {cells_.size(), kJackknifeBins};
    if (field.shape == Field::Shape::by_height) extent.push_back(heights_);
    if (limbs > 1) extent.push_back(limbs);
    const h5::Dataset dataset = open_dataset(own, field.name, extent);
    std::vector<std::uint64_t> values(dataset.row_size());
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      dataset.read_rows(row, 1, std::span(values));
      std::span<const std::uint64_t> left = values;
      for (Tally& bin : tallies_[row])
        for (std::size_t j = 0; j < entries; ++j, left = left.subspan(limbs))
          take(bin, field, static_cast<int>(j), left.first(limbs));
    }
  }
  /// An entry from a file's words into as many as its cell needs.
  static void take(Tally& bin, const Field& field, int index, std::span<const std::uint64_t> wide) {
    if (std::ranges::all_of(wide, std::logical_not<>())) return;
    const auto* slot = bin.layout()->find(field);
    require(slot && bin.samples > 0 && index >= slot->entries.first &&
                index - slot->entries.first < static_cast<int>(slot->entries.count),
            "sums where nothing is tallied");
    const std::span<std::uint64_t> limbs = bin.limbs(field, index);
    require(fits(wide, limbs.size()), "a sum larger than can be");
    std::ranges::copy(wide.first(limbs.size()), limbs.begin());
  }
  static bool fits(std::span<const std::uint64_t> wide, std::size_t limbs) {
    if (wide.size() == 1) return true;
    const std::uint64_t rest = wide[limbs - 1] >> 63 ? ~std::uint64_t{0} : 0;
    return std::ranges::all_of(wide.subspan(limbs), [rest](std::uint64_t limb) { return limb == rest; });
  }

  void read_tables(const h5::Group& own, const Observable& observable, const Field& field) {
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      const Cell& cell = plan_.cells()[cells_[row]];
      if (!observable.is_observed(cell) || ledger_.count(cells_[row]) == 0) continue;
      h5::Extent extent = {kJackknifeBins};
      for (const FieldAxis& axis : field.axes(cell)) extent.push_back(axis.size());
      const h5::Dataset counts = open_dataset(own.group(std::to_string(cells_[row])), field.name, extent);
      for (int b = 0; b < kJackknifeBins; ++b) {
        std::vector<std::uint64_t> values(counts.row_size());
        counts.read_rows(static_cast<hsize_t>(b), 1, std::span(values));
        Tally& bin = tallies_[row][b];
        if (bin.samples > 0)
          std::ranges::copy(values, bin.counts(field).begin());
        else
          require(std::ranges::all_of(values, std::logical_not<>()), "sums where nothing is tallied");
      }
    }
  }

  void read_histogram(std::uint64_t most_rows) {
    using Row = std::tuple<std::uint32_t, std::int32_t, std::int32_t>;
    Row last{0, -1, 0};
    static const int most = HistogramBins::bin(std::int64_t{1} << 62);
    std::size_t at = 0;  // row of the file's cells
    const auto add = [&](std::uint32_t cell, std::int32_t bin, std::int32_t m_bin, std::int64_t lower,
                         std::int64_t width, std::uint64_t count) {
      require(cell < plan_.cells().size() && bin >= 0 && bin < kJackknifeBins && ledger_.count(cell) > 0 &&
                  std::abs(std::int64_t{m_bin}) <= most && count > 0,
              "a row of its histogram cannot be");
      require(Row(cell, bin, m_bin) > last, "its histogram is not in order");
      require(lower == HistogramBins::lower(m_bin) && width == HistogramBins::width(m_bin),
              "its histogram has other bins than this program");
      last = {cell, bin, m_bin};
      while (cells_[at] < cell) ++at;  // the ledger has the cell, so it is there
      require(plan_.cells()[cell].observe().histogram, "a histogram that was not to be observed");
      Tally& tally = tallies_[at][bin];
      tally.histogram.emplace_hint(tally.histogram.end(), m_bin, count);
    };
    for_each_row<std::uint32_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::uint64_t>(
        group_.group("histogram"), {"cell", "bin", "histogram_bin", "lower", "width", "count"}, most_rows,
        add);
  }

  const Plan& plan_;
  const Ledger& ledger_;
  std::span<const std::uint32_t> cells_;
  h5::Group group_;
  std::size_t heights_ = 1;
  std::vector<CellTally> tallies_;
};

}  // namespace

void put_moments(h5::Group group, const Record& record, std::span<const std::uint32_t> cells,
                 const MomentsAxes& axes) {
  require_layouts(record, cells);
  const MomentsWriter writer(record, cells, axes);
  writer.put_samples(group);
  for (const Observable* observable : observables()) {
    if (!is_stored(*observable, record.plan)) continue;
    const std::string own = observable->group;
    if (own.empty()) {
      writer.put(group, *observable);
    } else {
      h5::Group inner = group.make_group(own);
      writer.put(inner, *observable);
    }
  }
  writer.put_histogram(group.make_group("histogram"));
}

void add_moments(const h5::Group& root, const Ledger& ledger, std::span<const std::uint32_t> cells,
                 std::uint64_t most_rows, Record& record) {
  MomentsReader reader(root, ledger, cells, record.plan);
  for (const Observable* observable : observables())
    if (is_stored(*observable, record.plan)) reader.read(*observable, most_rows);
  for (std::size_t row = 0; row < cells.size(); ++row)
    for (int b = 0; b < kJackknifeBins; ++b) record.tallies[cells[row]][b] += reader.tallies()[row][b];
}

}  // namespace leafcast::io
