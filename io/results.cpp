#include "io/results.h"

#include <algorithm>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/record_file.h"

namespace leafcast::io {

namespace {

/// One statistic of all cells; NaN where a cell has none.
struct StatisticColumns {
  std::string name;
  std::vector<double> value, error, exact, exact_error, z;

  StatisticColumns(std::string statistic, std::size_t cells)
      : name(std::move(statistic)),
        value(cells, kUnknown),
        error(cells, kUnknown),
        exact(cells, kUnknown),
        exact_error(cells, 0),
        z(cells, kUnknown) {}

  void set(const Estimate& estimate) {
    value.at(estimate.cell) = estimate.value;
    error.at(estimate.cell) = estimate.error;
    exact.at(estimate.cell) = estimate.exact;
    exact_error.at(estimate.cell) = estimate.exact_error;
    z.at(estimate.cell) = estimate.z();
  }
};

/// In the order in which the statistics first appear.
std::vector<StatisticColumns> columns_of(const std::vector<Estimate>& estimates, std::size_t cells) {
  std::vector<StatisticColumns> columns;
  std::map<std::string, std::size_t> index;
  for (const Estimate& estimate : estimates) {
    const auto [found, is_new] = index.emplace(estimate.statistic, columns.size());
    if (is_new) columns.emplace_back(estimate.statistic, cells);
    columns[found->second].set(estimate);
  }
  return columns;
}

void put_estimates(h5::Group group, const h5::Axis& cell, const std::vector<StatisticColumns>& statistics) {
  for (const StatisticColumns& statistic : statistics) {
    h5::Group columns = group.make_group(statistic.name);
    columns.make_column("value", cell, statistic.value);
    columns.make_column("stderr", cell, statistic.error);
    columns.make_column("exact", cell, statistic.exact);
    if (std::ranges::any_of(statistic.exact_error, [](double error) { return error != 0; }))
      columns.make_column("exact_stderr", cell, statistic.exact_error);
    columns.make_column("z", cell, statistic.z);
  }
}

void put_points(h5::Group& group, const Fit& fit) {
  if (fit.y.size() != fit.x.size() || fit.y_error.size() != fit.x.size())
    throw std::logic_error("a fit's x, y and y_error are of unequal length");
  std::vector<std::int32_t> numbers(fit.x.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int32_t>(i);
  const h5::Axis point = group.make_axis("point", numbers);
  group.make_column("x", point, fit.x);
  group.make_column("y", point, fit.y);
  group.make_column("y_stderr", point, fit.y_error);
}

void put_coefficients(h5::Group& group, const Fit& fit) {
  std::vector<std::string> names;
  std::vector<double> value, error, predicted;
  for (const Coefficient& coefficient : fit.coefficients) {
    names.push_back(coefficient.name);
    value.push_back(coefficient.value);
    error.push_back(coefficient.error);
    predicted.push_back(coefficient.predicted);
  }
  const h5::Axis axis = group.make_axis("coefficient", names);
  group.make_column("value", axis, value);
  group.make_column("stderr", axis, error);
  group.make_column("predicted", axis, predicted);
}

void put_fit(h5::Group group, const Fit& fit) {
  group.set("law", fit.law);
  group.set("group", fit.group);
  group.set("formula", fit.formula);
  group.set("note", fit.note);
  group.set("chi2", fit.chi2);
  group.set("degrees_of_freedom", std::int32_t{fit.degrees_of_freedom});
  group.set("p_value", fit.p_value);
  group.make_axis("cells", std::vector<std::int32_t>(fit.cells.begin(), fit.cells.end()));
  put_points(group, fit);
  put_coefficients(group, fit);
}

}  // namespace

void write_results(const std::filesystem::path& path, const Record& record,
                   const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                   const std::map<std::string, std::string>& provenance) {
  const RecordImage image(FileType::results, record);
  put_estimates(image.root().make_group("estimates"), image.cell_axis(),
                columns_of(estimates, record.plan.cells().size()));
  h5::Group fit_groups = image.root().make_group("fits");
  for (std::size_t i = 0; i < fits.size(); ++i) put_fit(fit_groups.make_group(std::to_string(i)), fits[i]);
  h5::Group origin = image.root().make_group("provenance");
  for (const auto& [name, text] : provenance) origin.set(name, text);
  write_atomically(path, image.finish());
}

}  // namespace leafcast::io
