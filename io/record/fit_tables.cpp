#include "io/record/fit_tables.h"

#include <cstdint>
#include <string>

#include "engine/contract.h"
#include "io/hdf5/table.h"

namespace leafcast::io {

namespace {

template <class... Columns>
using Table = h5::Table<Columns...>;
using std::string;
using Int = std::int32_t;

}  // namespace

struct FitTables::OfLaw {
  string name;
  h5::Group group;
  Table<string, string, string, double, Int, double, double, double> fits{
      group.make_group("fit"),
      "fit",
      {"group", "covariance", "note", "chi2", "degrees_of_freedom", "p_value", "averaged",
       "averaged_stderr"}};
  Table<Int, Int, double, double, double> points{
      group.make_group("points"), "point", {"fit", "cell", "x", "y", "y_stderr"}};
  Table<Int, double, double, double, double, double, double, double, double> domain{
      group.make_group("domain"),
      "domain_point",
      {"fit", "x", "y", "y_stderr", "predicted_y", "value", "value_stderr", "y_low", "y_high"}};
  Table<Int, string, double, double, double, double, double, double> coefficients{
      group.make_group("coefficients"),
      "coefficient",
      {"fit", "name", "value", "stderr", "predicted", "exact", "bootstrap_stderr", "bootstrap_bias"}};
  Table<Int, double, double, Int, double, double, double, Int, double> windows{
      group.make_group("windows"),
      "window",
      {"fit", "first", "last", "points", "value", "stderr", "chi2", "degrees_of_freedom", "p_value"}};
  Table<Int, string, string, string, double, Int, double, double, double, double, double> forms{
      group.make_group("forms"),
      "form",
      {"fit", "name", "formula", "nesting", "chi2", "degrees_of_freedom", "p_value", "aic", "bic",
       "likelihood_ratio", "ratio_p_value"}};
  Table<Int, string, double, double, double> form_coefficients{
      group.make_group("form_coefficients"),
      "form_coefficient",
      {"form", "name", "value", "stderr", "predicted"}};
  Table<Int, double, double> form_values{group.make_group("form_values"), "form_value", {"form", "x", "y"}};

  OfLaw(h5::Group in, const Fit& first) : name(first.law), group(std::move(in)) {
    group.set("formula", first.formula);
    group.set("source", first.source);
    group.set("domain", first.domain);
    group.set("x_name", first.x_name);
    group.set("y_name", first.y_name);
  }

  void append(const Fit& fit) {
    const auto number = static_cast<Int>(fits.rows());
    fits.append(fit.group, fit.covariance, fit.note, fit.chi2, fit.degrees_of_freedom, fit.p_value,
                fit.averaged, fit.averaged_error);
    for (std::size_t i = 0; i < fit.x.size(); ++i) {
      const bool has_cell = i < fit.cells.size() && fit.cells[i] != kNoCell;
      points.append(number, has_cell ? static_cast<Int>(fit.cells[i]) : -1, fit.x[i], fit.y[i],
                    fit.y_error[i]);
    }
    for (std::size_t i = 0; i < fit.domain_x.size(); ++i)
      domain.append(number, fit.domain_x[i], fit.domain_y[i], fit.domain_y_error[i],
                    i < fit.predicted_y.size() ? fit.predicted_y[i] : kUnknown, fit.domain_value[i],
                    fit.domain_value_error[i], fit.domain_y_low[i], fit.domain_y_high[i]);
    for (const Coefficient& c : fit.coefficients)
      coefficients.append(number, c.name, c.value, c.error, c.predicted, c.exact, c.bootstrap_error,
                          c.bootstrap_bias);
    for (const WindowFit& w : fit.windows)
      windows.append(number, w.first, w.last, w.points, w.value, w.error, w.chi2, w.degrees_of_freedom,
                     w.p_value);
    for (const FormFit& form : fit.forms) append(number, fit, form);
  }
  void append(Int number, const Fit& fit, const FormFit& form) {
    const auto place = static_cast<Int>(forms.rows());
    forms.append(number, form.name, form.formula, form.nesting, form.chi2, form.degrees_of_freedom,
                 form.p_value, form.aic, form.bic, form.likelihood_ratio, form.ratio_p_value);
    for (const Coefficient& c : form.coefficients)
      form_coefficients.append(place, c.name, c.value, c.error, c.predicted);
    for (std::size_t i = 0; i < form.y.size(); ++i)
      form_values.append(place, i < fit.domain_x.size() ? fit.domain_x[i] : kUnknown, form.y[i]);
  }
  void finish() {
    fits.finish();
    points.finish();
    domain.finish();
    coefficients.finish();
    windows.finish();
    forms.finish();
    form_coefficients.finish();
    form_values.finish();
  }
};

FitTables::FitTables(h5::Group group) : group_(std::move(group)) {}
FitTables::~FitTables() = default;

void FitTables::append(const Fit& fit) {
  LEAFCAST_EXPECT(
      fit.y.size() == fit.x.size() && fit.y_error.size() == fit.x.size() &&
          fit.domain_y.size() == fit.domain_x.size() && fit.domain_y_error.size() == fit.domain_x.size() &&
          fit.domain_value.size() == fit.domain_x.size() &&
          fit.domain_value_error.size() == fit.domain_x.size() &&
          fit.domain_y_low.size() == fit.domain_x.size() && fit.domain_y_high.size() == fit.domain_x.size(),
      "the points of a fit", "x, y and errors are of unequal length", "give each point all three");
  if (!law_ || law_->name != fit.law) {
    finish();
    LEAFCAST_EXPECT(!group_.has(fit.law), "the fits of " + fit.law, "those of another law came between",
                    "give the fits of one law together");
    law_ = std::make_unique<OfLaw>(group_.make_group(fit.law), fit);
  }
  law_->append(fit);
}

void FitTables::finish() {
  if (law_) law_->finish();
  law_.reset();
}

}  // namespace leafcast::io
