#include "analysis/fit/fits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/estimate/distributions.h"
#include "analysis/fit/fit_form.h"
#include "analysis/fit/fit_stability.h"
#include "analysis/fit/laws/registry.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double kLeastPValue = 0.01;
constexpr double kSharp = 0.3;  // of the measurement's error: an exact value that is known better than that

using LeftOut = std::map<std::string, std::vector<double>>;  // reason, and the abscissae

std::string list(const std::vector<double>& values) {
  std::string joined;
  for (const double x : values) joined += (joined.empty() ? "" : ", ") + fmt::format("{:.4g}", x);
  return joined;
}

void add(std::string& note, const std::string& sentence) {
  if (!sentence.empty()) note += (note.empty() ? "" : "; ") + sentence;
}

std::vector<double> as_vector(const VectorXd& v) { return {v.data(), v.data() + v.size()}; }

// ---- points

/// Keeps the points whose value has the sign of the most significant one: a power law has one sign.
void keep_one_sign(std::vector<std::size_t>& usable, const std::vector<LawPoint>& points, LeftOut& left_out) {
  if (usable.empty()) return;
  const auto significance = [&](std::size_t i) { return std::abs(points[i].value) / points[i].error; };
  const std::size_t leader = *std::ranges::max_element(usable, {}, significance);
  const bool negative = points[leader].value < 0;
  std::erase_if(usable, [&](std::size_t i) {
    if ((points[i].value < 0) == negative) return false;
    left_out["of the other sign"].push_back(points[i].x);
    return true;
  });
}

/// The points that can be fitted; the others are listed by the reason.
std::vector<std::size_t> usable(const Law& law, const Series& series, LeftOut& left_out) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const LawPoint& p = series.points[i];
    if (!p.in_domain) continue;
    const std::string reason = std::isnan(p.value)                  ? "value unknown"
                               : !series.is_exact && !(p.error > 0) ? "error unknown"
                                                                    : law.why_not_usable(p);
    if (reason.empty())
      indices.push_back(i);
    else
      left_out[reason].push_back(p.x);
  }
  keep_one_sign(indices, series.points, left_out);
  return indices;
}

FitData ordinates(const Law& law, const Series& series, const std::vector<std::size_t>& indices) {
  FitData data;
  data.is_exact = series.is_exact;
  data.y.resize(static_cast<Index>(indices.size()));
  std::vector<double> derivatives;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const LawPoint& p = series.points[indices[i]];
    const Ordinate ordinate = law.y(p.value);
    data.points.push_back(p);
    data.y(static_cast<Index>(i)) = ordinate.y;
    derivatives.push_back(ordinate.derivative);
  }
  data.covariance = series.covariance.select(indices);
  if (!data.is_exact) data.covariance = data.covariance.scaled(derivatives);
  return data;
}

std::vector<double> errors(const FitData& data) {
  return data.is_exact ? std::vector<double>(data.points.size(), 0.0) : data.covariance.errors();
}

// ---- window

/// The abscissa, first or last, without which the rest lies better on the law.
double worse_end(const Law& law, const FitData& data) {
  const std::vector<double> x = data.abscissae();
  const auto strain = [&](double first, double last) {
    const auto fit = fit_form(law.form, data.window(first, last));
    return fit ? fit->chi2 / fit->degrees_of_freedom : kCertain;
  };
  return strain(x[1], x.back()) < strain(x.front(), x[x.size() - 2]) ? x.front() : x.back();
}

/// How far the asymptotic regime reaches, on either side, depends on the errors: gives up one end after the
/// other while χ² is too large.
FitData asymptotic_window(const Law& law, const FitData& domain, Fit& fit) {
  FitData data = domain;
  std::vector<double> given_up;
  const auto fits = [&] {
    const auto line = fit_form(law.form, data);
    return !line || !(line->p_value < kLeastPValue);
  };
  while (!fits()) {
    const std::vector<double> x = data.abscissae();
    if (x.size() <= kFewestAbscissae) {
      add(fit.note, fmt::format("p < {} even so: this is not the asymptotic regime yet", kLeastPValue));
      break;
    }
    const double end = worse_end(law, data);
    given_up.push_back(end);
    data = end == x.front() ? data.window(x[1], x.back()) : data.window(x.front(), x[x.size() - 2]);
  }
  if (!given_up.empty())
    add(fit.note,
        fmt::format("given up {} = {}, with which p < {}", law.x_name, list(given_up), kLeastPValue));
  return data;
}

// ---- beside the fit

/// What the same form through the exact values gives: the law as it is at these finite depths. NaN if some
/// are not known.
std::vector<double> exact_coefficients(const Law& law, const FitData& data) {
  FitData exact = data;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    const LawPoint& p = data.points[i];
    const double y = law.y(p.exact).y;
    if (data.is_exact || p.exact_error > kSharp * p.error || !std::isfinite(y)) return {};
    exact.y(static_cast<Index>(i)) = y;
  }
  const auto fit = fit_form(law.form, exact);
  return fit ? as_vector(fit->coefficients) : std::vector<double>{};
}

std::string finite_size_note(const std::vector<Coefficient>& coefficients) {
  if (std::isnan(coefficients.front().exact)) return "";
  std::string note;
  for (const Coefficient& c : coefficients) {
    note += note.empty() ? "the exact values of these very cells have " : " and ";
    note += fmt::format("{} {:.4f}", c.name, c.exact);
    if (&c == &coefficients.front())
      note += fmt::format(" (fit − exact = {} errors)", z_text((c.value - c.exact) / c.error));
  }
  return note;
}

std::vector<Coefficient> named(const Form& form, const LeastSquares& fit,
                               const std::vector<double>& predicted, const std::vector<double>& exact = {}) {
  std::vector<Coefficient> list;
  for (std::size_t k = 0; k < form.coefficients.size(); ++k) {
    const auto at = static_cast<Index>(k);
    Coefficient c{form.coefficients[k], fit.coefficients(at), fit.error(static_cast<int>(at))};
    if (k < predicted.size()) c.predicted = predicted[k];
    if (k < exact.size()) c.exact = exact[k];
    list.push_back(c);
  }
  return list;
}

FormFit form_fit(const Form& form, const FitData& data, const LeastSquares& fit,
                 const std::vector<double>& predicted) {
  FormFit result;
  result.name = form.name;
  result.formula = form.formula;
  result.nesting = form.nesting == Form::Nesting::contains ? "contains the law"
                   : form.nesting == Form::Nesting::within ? "within the law"
                                                           : "";
  result.coefficients = named(form, fit, predicted);
  result.y = as_vector(evaluate(form, data.points, fit.coefficients));
  result.chi2 = fit.chi2;
  result.degrees_of_freedom = fit.degrees_of_freedom;
  result.p_value = fit.p_value;
  const double k = static_cast<double>(form.coefficients.size());
  result.aic = fit.minus_two_log_likelihood + 2 * k;
  result.bic = fit.minus_two_log_likelihood + k * std::log(static_cast<double>(data.points.size()));
  return result;
}

/// Wilks: twice the log ratio of nested likelihoods is χ² of as many degrees as coefficients are added.
void compare(FormFit& form, double minus_two_log_likelihood, const LeastSquares& law, Form::Nesting nesting) {
  if (nesting == Form::Nesting::none) return;
  const double gain = minus_two_log_likelihood - law.minus_two_log_likelihood;
  const auto added =
      std::abs(static_cast<int>(form.coefficients.size()) - static_cast<int>(law.coefficients.size()));
  form.likelihood_ratio = std::max(0.0, nesting == Form::Nesting::contains ? -gain : gain);
  if (added > 0) form.ratio_p_value = chi_squared_tail(form.likelihood_ratio, added);
}

/// The law and its rivals on all points of the domain.
std::vector<FormFit> compare_forms(const Law& law, const Series& series, const FitData& domain,
                                   const Prediction& prediction) {
  const auto base = fit_form(law.form, domain);
  if (!base) return {};
  std::vector<FormFit> list = {form_fit(law.form, domain, *base, prediction.coefficients)};
  const auto try_form = [&](const Form& form, const std::vector<double>& predicted) {
    const std::size_t k = form.coefficients.size();
    if (domain.points.size() <= k || domain.abscissae().size() < k) return;
    const auto fit = fit_form(form, domain, base->coefficients);
    if (!fit) return;
    list.push_back(form_fit(form, domain, *fit, predicted));
    compare(list.back(), fit->minus_two_log_likelihood, *base, form.nesting);
  };
  if (const auto corrected = law.corrected(series)) {
    std::vector<double> predicted = prediction.coefficients;
    if (law.correction) predicted = law.correction(series).coefficients;
    try_form(*corrected, predicted);
  }
  for (const Form& rival : law.rivals) try_form(rival, {});
  return list;
}

bool has_number(const std::vector<double>& values) {
  return std::ranges::any_of(values, [](double v) { return !std::isnan(v); });
}

void set_points(Fit& fit, const FitData& domain, const FitData& window) {
  fit.domain_x = domain.x();
  fit.domain_y = as_vector(domain.y);
  fit.domain_y_error = errors(domain);
  fit.x = window.x();
  fit.y = as_vector(window.y);
  fit.y_error = errors(window);
  for (const LawPoint& p : window.points) fit.cells.push_back(p.index);
}

void set_coefficients(Fit& fit, const Law& law, const FitData& window, const LeastSquares& line,
                      const Prediction& prediction) {
  fit.coefficients = named(law.form, line, prediction.coefficients, exact_coefficients(law, window));
  const Bootstrap check = bootstrap(law.form, window, line);
  for (std::size_t k = 0; k < fit.coefficients.size(); ++k) {
    fit.coefficients[k].bootstrap_error = check.error(static_cast<Index>(k));
    fit.coefficients[k].bootstrap_bias = check.bias(static_cast<Index>(k));
  }
  fit.chi2 = line.chi2;
  fit.degrees_of_freedom = line.degrees_of_freedom;
  fit.p_value = line.p_value;
}

}  // namespace

Fit fit_law(const Law& law, const Series& series) {
  Fit fit;
  fit.law = law.name;
  fit.formula = law.formula;
  fit.source = law.source;
  fit.domain = law.domain;
  fit.x_name = law.x_name;
  fit.y_name = law.y_name;
  fit.group = series.group;
  fit.covariance = series.covariance_text;
  fit.note = law.why_no_law(series);
  if (!fit.note.empty()) return fit;

  LeftOut left_out;
  const std::vector<std::size_t> indices = usable(law, series, left_out);
  const FitData domain = ordinates(law, series, indices);
  set_points(fit, domain, domain);
  fit.note = "window " + law.domain;
  for (const auto& [reason, x] : left_out)
    add(fit.note, fmt::format("left out {} = {} ({})", law.x_name, list(x), reason));
  add(fit.note, series.remark);
  if (const std::size_t count = domain.abscissae().size(); count < kFewestAbscissae) {
    add(fit.note,
        fmt::format("no fit: {} different {} remain and {} are needed", count, law.x_name, kFewestAbscissae));
    return fit;
  }
  if (const std::string problem = domain.covariance.problem(); !problem.empty()) {
    add(fit.note, "no fit: " + problem);
    return fit;
  }

  const FitData window = asymptotic_window(law, domain, fit);
  const auto line = fit_form(law.form, window);
  if (!line) {
    add(fit.note, "no fit: the points do not determine the coefficients");
    return fit;
  }
  fit.cells.clear();
  set_points(fit, domain, window);
  const Prediction prediction = law.predict(series);
  set_coefficients(fit, law, window, *line, prediction);
  fit.windows = scan_windows(law.form, domain);
  const WindowAverage mean = average(fit.windows, domain.points.size(), law.form.coefficients.size());
  fit.averaged = mean.value;
  fit.averaged_error = mean.error;
  fit.forms = compare_forms(law, series, domain, prediction);
  if (has_number(prediction.coefficients))
    fit.predicted_y =
        as_vector(evaluate(law.form, domain.points, complete(law.form, window, prediction.coefficients)));
  add(fit.note, prediction.assumption);
  add(fit.note, finite_size_note(fit.coefficients));
  return fit;
}

namespace {

void each_fit(const Evidence& evidence, const std::function<void(const Fit&)>& use, const Checkpoint& checkpoint) {
  for (const Law& law : laws())
    for (const Series& series : law.series(evidence))
      if (std::ranges::count_if(series.points, &LawPoint::in_domain) >= 2) {
        pass(checkpoint);
        use(fit_law(law, series));
      }
}

}  // namespace

void each_fit(const Record& record, const std::vector<Estimate>& estimates,
              const std::function<void(const Fit&)>& use, const Checkpoint& checkpoint) {
  const EstimateIndex index(estimates);
  const std::vector<Required> needs = required(record, index);
  each_fit(Evidence{record, index, needs}, use, checkpoint);
}

std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates,
                      const std::vector<Required>& needs, const Checkpoint& checkpoint) {
  const EstimateIndex index(estimates);
  std::vector<Fit> list;
  each_fit(Evidence{record, index, needs}, [&](const Fit& fit) { list.push_back(fit); }, checkpoint);
  return list;
}

std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates,
                      const Checkpoint& checkpoint) {
  return fits(record, estimates, required(record, EstimateIndex(estimates)), checkpoint);
}

}  // namespace leafcast::analysis
