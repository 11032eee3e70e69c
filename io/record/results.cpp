#include "io/record/results.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <type_traits>
#include <unordered_map>

#include "engine/contract.h"
#include "io/file/atomic_file.h"
#include "io/record/grammar_groups.h"
#include "io/record/record_file.h"

namespace leafcast::io {

namespace {

/// The estimates of each statistic, in the order in which the statistics first appear.
std::vector<std::pair<std::string, std::vector<const Estimate*>>> by_statistic(
    const std::vector<Estimate>& estimates) {
  std::vector<std::pair<std::string, std::vector<const Estimate*>>> columns;
  std::unordered_map<std::string, std::size_t> index;
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

void put_points(h5::Group& group, const Fit& fit) {
  LEAFCAST_EXPECT(fit.y.size() == fit.x.size() && fit.y_error.size() == fit.x.size(), "the points of a fit",
                  "x, y and y_error are of unequal length", "give each point all three");
  const h5::Axis point = group.make_numbered_axis("point", fit.x.size());
  group.make_column("x", point, fit.x);
  group.make_column("y", point, fit.y);
  group.make_column("y_stderr", point, fit.y_error);
}

/// All points of the law's domain, and the law there as it is predicted.
void put_domain(h5::Group& group, const Fit& fit) {
  const std::size_t size = fit.domain_x.size();
  std::vector<double> predicted = fit.predicted_y;
  predicted.resize(size, kUnknown);
  const h5::Axis point = group.make_numbered_axis("domain_point", size);
  group.make_column("domain_x", point, fit.domain_x);
  group.make_column("domain_y", point, fit.domain_y);
  group.make_column("domain_y_stderr", point, fit.domain_y_error);
  group.make_column("predicted_y", point, predicted);
}

/// Entries of structures as columns: `field` of each.
template <class Entry, class Field>
std::vector<std::decay_t<std::invoke_result_t<Field, const Entry&>>> column(const std::vector<Entry>& entries,
                                                                            Field field) {
  std::vector<std::decay_t<std::invoke_result_t<Field, const Entry&>>> values;
  for (const Entry& entry : entries) values.push_back(std::invoke(field, entry));
  return values;
}

void put_coefficients(h5::Group& group, const std::vector<Coefficient>& list) {
  const h5::Axis axis = group.make_axis("coefficient", column(list, &Coefficient::name));
  group.make_column("value", axis, column(list, &Coefficient::value));
  group.make_column("stderr", axis, column(list, &Coefficient::error));
  group.make_column("predicted", axis, column(list, &Coefficient::predicted));
  group.make_column("exact", axis, column(list, &Coefficient::exact));
  group.make_column("bootstrap_stderr", axis, column(list, &Coefficient::bootstrap_error));
  group.make_column("bootstrap_bias", axis, column(list, &Coefficient::bootstrap_bias));
}

void put_windows(h5::Group group, const std::vector<WindowFit>& windows) {
  const h5::Axis axis = group.make_numbered_axis("window", windows.size());
  group.make_column("first", axis, column(windows, &WindowFit::first));
  group.make_column("last", axis, column(windows, &WindowFit::last));
  group.make_column("points", axis, column(windows, &WindowFit::points));
  group.make_column("value", axis, column(windows, &WindowFit::value));
  group.make_column("stderr", axis, column(windows, &WindowFit::error));
  group.make_column("chi2", axis, column(windows, &WindowFit::chi2));
  group.make_column("degrees_of_freedom", axis, column(windows, &WindowFit::degrees_of_freedom));
  group.make_column("p_value", axis, column(windows, &WindowFit::p_value));
}

void put_form(h5::Group group, const FormFit& form) {
  group.set("name", form.name);
  group.set("formula", form.formula);
  group.set("nesting", form.nesting);
  group.set("chi2", form.chi2);
  group.set("degrees_of_freedom", std::int32_t{form.degrees_of_freedom});
  group.set("p_value", form.p_value);
  group.set("aic", form.aic);
  group.set("bic", form.bic);
  group.set("likelihood_ratio", form.likelihood_ratio);
  group.set("ratio_p_value", form.ratio_p_value);
  put_coefficients(group, form.coefficients);
  const h5::Axis point = group.make_numbered_axis("domain_point", form.y.size());
  group.make_column("y", point, form.y);
}

void put_fit(h5::Group group, const Fit& fit) {
  group.set("law", fit.law);
  group.set("group", fit.group);
  group.set("formula", fit.formula);
  group.set("source", fit.source);
  group.set("domain", fit.domain);
  group.set("x_name", fit.x_name);
  group.set("y_name", fit.y_name);
  group.set("covariance", fit.covariance);
  group.set("note", fit.note);
  group.set("chi2", fit.chi2);
  group.set("degrees_of_freedom", std::int32_t{fit.degrees_of_freedom});
  group.set("p_value", fit.p_value);
  group.set("averaged", fit.averaged);
  group.set("averaged_stderr", fit.averaged_error);
  std::vector<std::int32_t> cells;
  for (const std::size_t cell : fit.cells)
    cells.push_back(cell == kNoCell ? -1 : static_cast<std::int32_t>(cell));
  group.make_axis("cells", cells);
  put_points(group, fit);
  put_domain(group, fit);
  put_coefficients(group, fit.coefficients);
  put_windows(group.make_group("windows"), fit.windows);
  h5::Group forms = group.make_group("forms");
  for (std::size_t i = 0; i < fit.forms.size(); ++i)
    put_form(forms.make_group(std::to_string(i)), fit.forms[i]);
}

}  // namespace

void write_results(const std::filesystem::path& path, const Record& record,
                   const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                   const std::map<std::string, std::string>& provenance, const Checkpoint& checkpoint) {
  const auto fill = [&](RecordImage& image) {
    put_estimates(image.root().make_group("estimates"), image.cell_axis(), estimates,
                  record.plan.cells().size());
    h5::Group fit_groups = image.root().make_group("fits");
    for (std::size_t i = 0; i < fits.size(); ++i) {
      pass(checkpoint);
      put_fit(fit_groups.make_group(std::to_string(i)), fits[i]);
    }
    put_grammars(image.root(), image.cell_axis(), record.plan);
    h5::Group origin = image.root().make_group("provenance");
    for (const auto& [name, text] : provenance) origin.set(name, text);
    pass(checkpoint);
  };
  const auto see = [&](std::uint32_t, const CellTally&) { pass(checkpoint); };
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    RecordImage image(h5::File::create(), FileType::results, record, see);  // a device is written to
    fill(image);
    return write_atomically(path, image.finish());
  }
  write_record(path, FileType::results, record, see, fill, [&](const std::string&) { return path; });
}

}  // namespace leafcast::io
