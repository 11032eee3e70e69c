#include "analysis/present/fit_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

using Json = nlohmann::ordered_json;  // shows a number that is none as null
using Kind = Column::Kind;
using Look = Paragraph::Look;

// ---- for people

std::string chi2_text(double chi2, int degrees_of_freedom) {
  return std::isnan(chi2) || degrees_of_freedom <= 0 ? ""
                                                     : fmt::format("{:.4g}/{}", chi2, degrees_of_freedom);
}

std::string difference_text(double x) { return fmt::format(fmt::runtime(x < 1e4 ? "{:.1f}" : "{:.2g}"), x); }

/// Of a law that is excluded no coefficient is a measurement, so that none deviates.
double deviation(const Fit& fit, const Coefficient& c) { return fit.is_excluded() ? kUnknown : c.z(); }

/// Where a law's coefficients come from, a row each.
Table coefficient_table(const Fit& fit) {
  Table table{{{"coefficient", Kind::word},
               {"fitted"},
               {"predicted"},
               {"(fit-pred)/error", Kind::z},
               {"exact", Kind::number, 7},
               {"bootstrap", Kind::number, 6}},
              {}};
  for (const Coefficient& c : fit.coefficients)
    table.rows.push_back({c.name,
                          {c.value, c.error},
                          c.predicted,
                          deviation(fit, c),
                          number_text(c.exact, 5),
                          number_text(c.bootstrap_error, 2)});
  return table;
}

/// The law and its rivals on the whole domain, AIC and BIC as differences from the least.
Table form_table(const std::vector<FormFit>& forms) {
  const double aic = std::ranges::min_element(forms, {}, &FormFit::aic)->aic,
               bic = std::ranges::min_element(forms, {}, &FormFit::bic)->bic;
  Table table{{{"form", Kind::word},
               {"first coefficient"},
               {"chi2/dof"},
               {"p"},
               {"dAIC"},
               {"dBIC", Kind::number, 6},
               {"p(ratio)", Kind::number, 7}},
              {}};
  for (const FormFit& f : forms) {
    const Coefficient& first = f.coefficients.front();
    table.rows.push_back(
        {f.name,
         first.is_determined() ? fmt::format("{} {}", first.name, value_text(first.value, first.error))
                               : fmt::format("no {} determined", first.name),
         chi2_text(f.chi2, f.degrees_of_freedom), probability_text(f.p_value), difference_text(f.aic - aic),
         difference_text(f.bic - bic), probability_text(f.ratio_p_value)});
  }
  return table;
}

Document fit_document(const Fit& fit) {
  Document document;
  const auto say = [&](std::string line) { document << Paragraph{std::move(line), Look::soft}; };
  const auto say_of = [&](const char* what, const std::string& line) {
    if (!line.empty()) say(fmt::format("{}: {}", what, line));
  };
  document << Heading{fit.law + " · " + fit.group};
  say(fit.formula);
  say_of("source", fit.source);
  document << coefficient_table(fit);
  if (fit.is_excluded())
    say(fmt::format("EXCLUDED by all points of its domain ({}): what follows is no measurement of the law",
                    p_value_text(fit.forms.front().p_value)));
  say(fmt::format("{} points{}{}", fit.x.size(),
                  std::isnan(fit.chi2) || fit.degrees_of_freedom <= 0
                      ? ""
                      : ", chi2/dof = " + chi2_text(fit.chi2, fit.degrees_of_freedom),
                  std::isnan(fit.p_value) ? "" : ", " + p_value_text(fit.p_value)));
  say_of("errors", fit.covariance);
  if (!std::isnan(fit.averaged) && !fit.is_excluded())
    say(fmt::format("{} averaged over {} windows: {}", fit.coefficients.front().name, fit.windows.size(),
                    value_text(fit.averaged, fit.averaged_error)));
  if (!fit.forms.empty()) {
    say(fmt::format("on all {} points of the domain:", fit.domain_x.size()));
    document << form_table(fit.forms);
  }
  say(fit.note);
  return document;
}

Document fits_document(const std::vector<Fit>& fits) {
  Document document;
  if (fits.empty())
    document << Paragraph{
        "No law applies: fits need cells that differ in context depth, memory depth, context or height only, and "
        "in nothing else (see analysis/README.md)."};
  for (const Fit& fit : fits)
    if (!fit.coefficients.empty()) document << fit_document(fit);
  document << Heading{"Not fitted"};
  for (const Fit& fit : fits)
    if (fit.coefficients.empty())
      document << Paragraph{fmt::format("{} · {}: {}", fit.law, fit.group, fit.note), Look::soft};
  return document;
}

// ---- for programs

void write_csv(std::ostream& out, const std::vector<Fit>& fits) {
  RowWriter write(out, Format::csv,
                  {{"law"},
                   {"group"},
                   {"formula"},
                   {"coefficient"},
                   {"value"},
                   {"stderr"},
                   {"predicted"},
                   {"z"},
                   {"points"},
                   {"chi2"},
                   {"dof"},
                   {"p_value"},
                   {"note"},
                   {"exact"},
                   {"bootstrap_stderr"},
                   {"source"},
                   {"excluded"}});
  for (const Fit& fit : fits) {
    const auto row = [&](const Coefficient& c) {
      write({fit.law, fit.group, fit.formula, c.name, c.value, c.error, c.predicted, deviation(fit, c),
             fit.x.size(), fit.chi2, fit.degrees_of_freedom, fit.p_value, fit.note, c.exact,
             c.bootstrap_error, fit.source, fit.is_excluded() ? 1 : 0});
    };
    if (fit.coefficients.empty()) row({"", kUnknown, kUnknown});
    std::ranges::for_each(fit.coefficients, row);
  }
}

/// An object for each, by its function to_json.
template <class T, class Make>
Json array_of(const std::vector<T>& list, Make make) {
  Json array = Json::array();
  for (const T& one : list) array.push_back(make(one));
  return array;
}

Json coefficient_json(const Fit& fit, const Coefficient& c) {
  return {{"name", c.name},
          {"value", c.value},
          {"stderr", c.error},
          {"predicted", c.predicted},
          {"z", deviation(fit, c)},
          {"exact", c.exact},
          {"bootstrap_stderr", c.bootstrap_error},
          {"bootstrap_bias", c.bootstrap_bias}};
}

Json coefficients_json(const Fit& fit, const std::vector<Coefficient>& coefficients) {
  return array_of(coefficients, [&](const Coefficient& c) { return coefficient_json(fit, c); });
}

Json form_json(const Fit& fit, const FormFit& f) {
  return {{"name", f.name},
          {"formula", f.formula},
          {"nesting", f.nesting},
          {"coefficients", coefficients_json(fit, f.coefficients)},
          {"y", f.y},
          {"chi2", f.chi2},
          {"dof", f.degrees_of_freedom},
          {"p_value", f.p_value},
          {"aic", f.aic},
          {"bic", f.bic},
          {"likelihood_ratio", f.likelihood_ratio},
          {"ratio_p_value", f.ratio_p_value}};
}

Json window_json(const WindowFit& w) {
  return {{"first", w.first},  {"last", w.last}, {"points", w.points},          {"value", w.value},
          {"stderr", w.error}, {"chi2", w.chi2}, {"dof", w.degrees_of_freedom}, {"p_value", w.p_value}};
}

Json fit_json(const Fit& fit) {
  Json points = Json::array();
  for (std::size_t i = 0; i < fit.x.size(); ++i)
    points.push_back({{"cell", fit.cells[i] == kNoCell ? Json() : Json(fit.cells[i])},
                      {"x", fit.x[i]},
                      {"y", fit.y[i]},
                      {"stderr", fit.y_error[i]}});
  return {{"law", fit.law},
          {"group", fit.group},
          {"formula", fit.formula},
          {"source", fit.source},
          {"domain", fit.domain},
          {"x_name", fit.x_name},
          {"y_name", fit.y_name},
          {"covariance", fit.covariance},
          {"coefficients", coefficients_json(fit, fit.coefficients)},
          {"points", points},
          {"chi2", fit.chi2},
          {"dof", fit.degrees_of_freedom},
          {"p_value", fit.p_value},
          {"averaged", fit.averaged},
          {"averaged_stderr", fit.averaged_error},
          {"domain_x", fit.domain_x},
          {"domain_y", fit.domain_y},
          {"domain_stderr", fit.domain_y_error},
          {"domain_value", fit.domain_value},
          {"domain_value_stderr", fit.domain_value_error},
          {"excluded", fit.is_excluded()},
          {"predicted_y", fit.predicted_y},
          {"forms", array_of(fit.forms, [&](const FormFit& f) { return form_json(fit, f); })},
          {"windows", array_of(fit.windows, window_json)},
          {"note", fit.note}};
}

}  // namespace

void write_fits(std::ostream& out, Format format, const std::vector<Fit>& fits) {
  if (format == Format::text) return write_text(out, fits_document(fits));
  if (format == Format::csv) return write_csv(out, fits);
  const char* before = "[\n";
  for (const Fit& fit : fits) out << std::exchange(before, ",\n") << fit_json(fit).dump();
  out << (fits.empty() ? "[]\n" : "\n]\n");
}

Document laws_document(const std::vector<Fit>& fits) {
  Document document, without;
  if (fits.empty()) return document;
  document << Paragraph{
      "Generalised least squares in the scale of the statistic, so that points within noise of zero count as what they are; errors "
      "are not rescaled by χ². The laws are asymptotic: where errors are small, χ² and the distance from the prediction show the "
      "corrections of finite depth. Errors and deviations are those of the profile of χ²; a coefficient that the points do not determine "
      "is left open. Excluded: p < 0.01 on all points of the law's domain. The notes say what fitting the exact "
      "values of the same cells gives."};
  for (std::size_t i = 0; i < fits.size();) {
    const Fit& first = fits[i];
    Table table{{{"cells", Kind::word},
                 {"coefficient", Kind::word},
                 {"fitted"},
                 {"predicted"},
                 {"(fit−pred)/error", Kind::z},
                 {"points"},
                 {"χ²/dof"},
                 {"p"}},
                {}};
    for (; i < fits.size() && fits[i].law == first.law; ++i) {
      const Fit& fit = fits[i];
      if (fit.coefficients.empty())
        without << List{{fmt::format("{} · {}: {}", fit.law, fit.group, fit.note)}};
      for (const Coefficient& c : fit.coefficients) {
        Row row = {"", c.name, {c.value, c.error}, c.predicted, deviation(fit, c), "", "", ""};
        if (&c == &fit.coefficients.front()) {
          row[0] = fit.group;
          row[5] = fit.x.size();
          row[6] = chi2_text(fit.chi2, fit.degrees_of_freedom);
          row[7] = fit.is_excluded() ? "excluded" : probability_text(fit.p_value);
        }
        table.rows.push_back(std::move(row));
      }
      if (!fit.coefficients.empty() && !fit.note.empty()) table.rows.push_back({fit.note});
    }
    if (!table.rows.empty())
      document << Heading{first.law} << Paragraph{first.formula, Look::soft} << std::move(table);
  }
  document.fold("Where no law could be fitted", std::move(without));
  return document;
}

}  // namespace leafcast::analysis
