#include "io/record/results.h"

#include <algorithm>
#include <functional>

#include "io/file/atomic_file.h"
#include "io/record/fit_tables.h"
#include "io/record/grammar_groups.h"
#include "io/record/record_file.h"

namespace leafcast::io {

namespace {

/// The estimates of each statistic, in the order in which the statistics first appear.
std::vector<std::pair<std::string, std::vector<const Estimate*>>> by_statistic(
    const std::vector<Estimate>& estimates) {
  std::vector<std::pair<std::string, std::vector<const Estimate*>>> columns;
  std::map<StatisticName, std::size_t> index;
  for (const Estimate& estimate : estimates) {
    const auto [found, is_new] = index.emplace(estimate.statistic, columns.size());
    if (is_new) columns.emplace_back(estimate.statistic, std::vector<const Estimate*>());
    columns[found->second].second.push_back(&estimate);
  }
  return columns;
}

/// Columns by cell; NaN where a cell has none.
void put_estimates(h5::Group group, const h5::Axis& cell, const std::vector<Estimate>& estimates,
                   std::size_t cells) {
  for (const auto& [name, list] : by_statistic(estimates)) {
    h5::Group columns = group.make_group(name);
    const auto put = [&](const char* column, double otherwise, auto value) {
      std::vector<double> values(cells, otherwise);
      for (const Estimate* estimate : list) values.at(estimate->cell) = std::invoke(value, *estimate);
      columns.make_column(column, cell, values);
    };
    put("value", kUnknown, &Estimate::value);
    put("stderr", kUnknown, &Estimate::error);
    put("exact", kUnknown, &Estimate::exact);
    if (std::ranges::any_of(list, [](const Estimate* e) { return e->exact_error != 0; }))
      put("exact_stderr", 0, &Estimate::exact_error);
    put("z", kUnknown, &Estimate::z);
  }
}

}  // namespace

void write_results(const std::filesystem::path& path, const Record& record, const Derived& derived,
                   const Checkpoint& checkpoint) {
  const auto see = [&](std::uint32_t cell, const CellTally& bins) {
    pass(checkpoint);
    if (derived.see) derived.see(cell, bins);
  };
  const auto fill = [&](RecordImage& image) {
    h5::Group estimates = image.root().make_group("estimates");
    if (derived.estimates)
      put_estimates(std::move(estimates), image.cell_axis(), derived.estimates(), record.plan.cells().size());
    FitTables fits(image.root().make_group("fits"));
    if (derived.each_fit) derived.each_fit([&](const Fit& fit) { fits.append(fit); });
    fits.finish();
    put_grammars(image.root(), image.cell_axis(), record.plan);
    h5::Group origin = image.root().make_group("provenance");
    for (const auto& [name, text] : derived.provenance) origin.set(name, text);
    pass(checkpoint);
  };
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    RecordImage image(h5::File::create(), FileType::results, record, see);  // a device is written to
    fill(image);
    return write_atomically(path, image.finish());
  }
  write_record(path, FileType::results, record, see, fill, [&](const std::string&) { return path; });
}

void write_results(const std::filesystem::path& path, const Record& record,
                   const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                   const std::map<std::string, std::string>& provenance) {
  Derived derived;
  derived.estimates = [&]() -> const std::vector<Estimate>& { return estimates; };
  derived.each_fit = [&](const auto& use) { std::ranges::for_each(fits, use); };
  derived.provenance = provenance;
  write_results(path, record, derived);
}

}  // namespace leafcast::io
