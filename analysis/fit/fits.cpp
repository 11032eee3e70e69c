#include "analysis/fit/fits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/estimate/distributions.h"
#include "analysis/fit/fit_form.h"
#include "analysis/fit/fit_stability.h"
#include "analysis/fit/laws/registry.h"
#include "analysis/fit/profile.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double kSharp = 0.3;  // of the measurement's error: an exact value that is known better than that

using LeftOut = std::map<std::string, std::vector<double>>;  // reason, and the abscissae

/// Few by name, many by their range.
std::string list(const std::vector<double>& values) {
  constexpr std::size_t kFew = 12;
  if (values.size() > kFew) {
    const auto [least, most] = std::ranges::minmax(values);
    return fmt::format("{} values from {:.4g} to {:.4g}", values.size(), least, most);
  }
  std::string joined;
  for (const double x : values) joined += (joined.empty() ? "" : ", ") + fmt::format("{:.4g}", x);
  return joined;
}

void add(std::string& note, const std::string& sentence) {
  if (!sentence.empty()) note += (note.empty() ? "" : "; ") + sentence;
}

std::vector<double> as_vector(const VectorXd& v) { return {v.data(), v.data() + v.size()}; }

// ---- points

/// The points of the domain; those that cannot be weighted are listed by the reason.
std::vector<std::size_t> usable(const Series& series, LeftOut& left_out) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const LawPoint& p = series.points[i];
    if (!p.in_domain) continue;
    const char* reason = std::isnan(p.value)   ? "value unknown"
                         : series.is_exact     ? ""
                         : std::isnan(p.error) ? "error unknown"
                         : p.error == 0        ? "no error, so of no weight beside others"
                                               : "";
    if (*reason == '\0')
      indices.push_back(i);
    else
      left_out[reason].push_back(p.x);
  }
  return indices;
}

/// The sign of the most significant value.
double sign_of(const Series& series, const std::vector<std::size_t>& indices) {
  const auto significance = [&](std::size_t i) {
    return std::abs(series.points[i].value) / series.points[i].error;
  };
  if (indices.empty()) return 1;
  return series.points[*std::ranges::max_element(indices, {}, significance)].value < 0 ? -1 : 1;
}

FitData data_of(const Law& law, const Series& series, const std::vector<std::size_t>& indices) {
  FitData data;
  data.is_exact = series.is_exact;
  data.values.resize(static_cast<Index>(indices.size()));
  // Values without errors are fitted as ordinates, which the law says to scatter alike.
  if (!data.is_exact) data.scale = law.scale;
  if (law.scale.of_size && !data.is_exact) data.sign = sign_of(series, indices);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const LawPoint& p = series.points[indices[i]];
    data.points.push_back(p);
    data.values(static_cast<Index>(i)) = data.is_exact ? law.scale.y(std::abs(p.value)).y : p.value;
  }
  data.covariance = series.covariance.select(indices);
  return data;
}

/// Errors as they were if values were those of the law: of 0 to begin with, and of its fit if there is one.
FitData reweighed(const Law& law, const FitData& data) {
  if (data.is_exact || !law.scale.error_factor || data.points.empty()) return data;
  FitData result = data;
  const auto expect = [&](const VectorXd& expected) {
    std::vector<double> factors;
    for (Index i = 0; i < data.values.size(); ++i)
      factors.push_back(law.scale.error_factor(data.values(i), expected(i)));
    result.covariance = data.covariance.scaled(factors);
  };
  expect(VectorXd::Zero(data.values.size()));
  if (const auto fit = fit_form(law.form, result); fit && Profile(law.form, result, *fit, 0).is_determined())
    expect(evaluate_values(law.form, result, fit->coefficients));
  return result;
}

std::vector<double> errors(const FitData& data) {
  return data.is_exact ? std::vector<double>(data.points.size(), 0.0) : data.covariance.errors();
}

// ---- window

/// All points of the domain, unless they exclude the law: then the widest window that does not, of equal ones that which is
/// deepest in the asymptotic regime. Chosen by its p, so that its p is no test.
FitData asymptotic_window(const FitData& domain, Fit& fit) {
  const double p = fit.forms.empty() ? kUnknown : fit.forms.front().p_value;
  if (!(p < Fit::kExclusion)) return domain;
  const WindowFit* best = nullptr;
  const auto depth = [&](const WindowFit& w) {
    double least = kCertain;
    for (const LawPoint& point : domain.window(w.first, w.last).points)
      least = std::min(least, point.distance);
    return least;
  };
  for (const WindowFit& w : fit.windows) {
    if (!(w.p_value >= Fit::kExclusion)) continue;
    const double wider = best ? (w.last - w.first) - (best->last - best->first) : 1;
    if (wider > 1e-9 || (wider > -1e-9 && depth(w) > depth(*best))) best = &w;
  }
  add(fit.note, fmt::format("all points of the law's domain exclude it ({})", p_value_text(p)));
  if (!best) {
    add(fit.note,
        fmt::format("so does every window of {} = {:.4g} to {:.4g}: no slope is claimed", fit.x_name,
                    fit.windows.empty() ? domain.points.front().x : fit.windows.front().first,
                    domain.points.back().x));
    return domain;
  }
  add(fit.note,
      fmt::format(
          "the widest window that does not is {} = {:.4g} to {:.4g}: chosen by its p, which is no test",
          fit.x_name, best->first, best->last));
  return domain.window(best->first, best->last);
}

// ---- beside the fit

/// What the same form through the exact values gives: the law as it is at these finite depths.
struct ExactFit {
  std::vector<double> coefficients;  ///< empty if too few of the values are known
  std::size_t known = 0;             ///< points
  bool is_comparable = true;         ///< points without an exact value are but bounds
};
ExactFit exact_fit(const Law& law, const FitData& data, const VectorXd& coefficients) {
  ExactFit result;
  if (data.is_exact) return result;
  FitData exact = data;
  std::vector<std::size_t> known;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    const LawPoint& p = data.points[i];
    const bool is_known = !std::isnan(p.exact) && !(p.exact_error > kSharp * p.error);
    const bool has_ordinate = std::isfinite(data.y(p.exact).y);
    exact.values(static_cast<Index>(i)) = p.exact;
    if (is_known && !has_ordinate && !exact.is_bound(i)) return {};  // of the other sign: no such law
    if (is_known && has_ordinate)
      known.push_back(i);
    else
      result.is_comparable = result.is_comparable && data.is_bound(i);
  }
  exact = exact.select(known);
  result.known = known.size();
  if (exact.abscissae().size() < kFewestAbscissae) return result;
  if (const auto fit = fit_form(law.form, exact, coefficients))
    result.coefficients = as_vector(fit->coefficients);
  return result;
}

std::string finite_size_note(const std::vector<Coefficient>& coefficients, std::size_t known,
                             std::size_t points) {
  if (std::isnan(coefficients.front().exact)) return "";
  std::string note;
  for (const Coefficient& c : coefficients) {
    note += note.empty()
                ? fmt::format("fitting the exact values of {} gives ",
                              known == points
                                  ? "the same cells"
                                  : fmt::format("those {} of the {} cells that have one", known, points))
                : " and ";
    note += fmt::format("{} {:.4f}", c.name, c.exact);
    if (&c == &coefficients.front() && !std::isnan(c.exact_deviation))
      note += fmt::format(" (fit − exact = {} errors)", z_text(c.exact_deviation));
  }
  return note;
}

/// Coefficients with their intervals. None has a value if the points do not determine the first.
std::vector<Coefficient> named(const Form& form, const FitData& data, const LeastSquares& fit,
                               const std::vector<double>& predicted, const ExactFit& exact = {}) {
  std::vector<Coefficient> list;
  for (std::size_t k = 0; k < form.coefficients.size(); ++k) {
    Coefficient c{form.coefficients[k], kUnknown, kUnknown};
    if (k < predicted.size()) c.predicted = predicted[k];
    if (k < exact.coefficients.size()) c.exact = exact.coefficients[k];
    if (k == 0 || list.front().is_determined())
      if (Profile profile(form, data, fit, static_cast<int>(k)); profile.is_determined()) {
        c.value = fit.coefficients(static_cast<Index>(k));
        c.error = profile.error();
        if (!std::isnan(c.predicted)) c.deviation = profile.deviation(c.predicted);
        if (!std::isnan(c.exact) && exact.is_comparable) c.exact_deviation = profile.deviation(c.exact);
      }
    list.push_back(c);
  }
  return list;
}

/// Why points do not determine the law's first coefficient.
std::string undetermined_note(const Form& form, const FitData& data, const LeastSquares& fit) {
  const std::string& name = form.coefficients.front();
  const Whitening whitening(data.covariance, static_cast<int>(data.values.size() - fit.coefficients.size()));
  const double of_zero = whitening(data.values).squaredNorm();
  if (of_zero - fit.chi2 < Profile::kRuledOut)
    return fmt::format("the points are consistent with zero and do not determine a {}", name);
  return fmt::format(
      "the points do not determine a {}: χ² rises by less than {} however large or small it is", name,
      Profile::kRuledOut);
}

FormFit form_fit(const Form& form, const FitData& data, const LeastSquares& fit,
                 const std::vector<double>& predicted) {
  FormFit result;
  result.name = form.name;
  result.formula = form.formula;
  result.nesting = form.nesting == Form::Nesting::contains ? "contains the law"
                   : form.nesting == Form::Nesting::within ? "within the law"
                                                           : "";
  result.coefficients = named(form, data, fit, predicted);
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
    // With more coefficients they are determined even less.
    if (form.nesting == Form::Nesting::contains && !list.front().coefficients.front().is_determined())
      for (Coefficient& c : list.back().coefficients) c.value = c.error = c.deviation = kUnknown;
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

/// Ordinates and their errors; NaN for what has none.
struct Ordinates {
  std::vector<double> y, error, low, high;
};
Ordinates ordinates(const FitData& data) {
  Ordinates all;
  const std::vector<double> sigma = errors(data);
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    const double value = data.values(static_cast<Index>(i));
    const Ordinate at = data.y(value);
    const double one = data.y(value - sigma[i]).y, other = data.y(value + sigma[i]).y;
    all.y.push_back(std::isfinite(at.y) ? at.y : kUnknown);
    all.error.push_back(std::isfinite(at.y) ? std::abs(at.derivative) * sigma[i] : kUnknown);
    all.low.push_back(std::min(one, other));
    all.high.push_back(std::max(one, other));
  }
  return all;
}

void set_window(Fit& fit, const FitData& window) {
  Ordinates all = ordinates(window);
  fit.x = window.x();
  fit.y = std::move(all.y);
  fit.y_error = std::move(all.error);
  fit.cells.clear();
  for (const LawPoint& p : window.points) fit.cells.push_back(p.index);
}

void set_domain(Fit& fit, const Law& law, const Series& series, const FitData& domain) {
  Ordinates all = ordinates(domain);
  fit.domain_x = domain.x();
  fit.domain_y = std::move(all.y);
  fit.domain_y_error = std::move(all.error);
  fit.domain_y_low = std::move(all.low);
  fit.domain_y_high = std::move(all.high);
  fit.domain_value = as_vector(domain.values);
  fit.domain_value_error = errors(domain);
  std::vector<double> beyond, outside;
  for (std::size_t i = 0; i < fit.domain_y.size(); ++i)
    if (std::isnan(fit.domain_y[i])) beyond.push_back(fit.domain_x[i]);
  if (!beyond.empty())
    add(fit.note,
        fmt::format("noise left {} = {} without a logarithm; they are in the fit", law.x_name, list(beyond)));
  for (const LawPoint& p : series.points) {
    if (p.in_domain || std::isnan(p.value)) continue;
    const double y = domain.y(p.value).y;
    fit.outside_x.push_back(p.x);
    fit.outside_y.push_back(std::isfinite(y) ? y : kUnknown);
    outside.push_back(p.x);
  }
  if (!outside.empty()) add(fit.note, fmt::format("outside the domain: {} = {}", law.x_name, list(outside)));
}

void set_coefficients(Fit& fit, const Law& law, const FitData& window, const LeastSquares& line,
                      const Prediction& prediction) {
  const ExactFit exact = exact_fit(law, window, line.coefficients);
  fit.coefficients = named(law.form, window, line, prediction.coefficients, exact);
  if (fit.is_determined()) {
    const Bootstrap check = bootstrap(law.form, window, line);
    for (std::size_t k = 0; k < fit.coefficients.size(); ++k) {
      fit.coefficients[k].bootstrap_error = check.error(static_cast<Index>(k));
      fit.coefficients[k].bootstrap_bias = check.bias(static_cast<Index>(k));
    }
  } else {
    add(fit.note, undetermined_note(law.form, window, line));
  }
  const auto degrees = static_cast<int>(window.points.size() - law.form.coefficients.size());
  if (const int bounds = degrees - line.degrees_of_freedom; bounds > 0)
    add(fit.note,
        fmt::format("{} of {} points {} with the law: no degree{} of freedom", bounds, window.points.size(),
                    bounds == 1 ? "is but a bound that agrees" : "are but bounds that agree",
                    bounds == 1 ? "" : "s"));
  add(fit.note, finite_size_note(fit.coefficients, exact.known, window.points.size()));
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
  const std::vector<std::size_t> indices = usable(series, left_out);
  const FitData measured = data_of(law, series, indices);
  fit.note = "domain " + law.domain;
  set_domain(fit, law, series, measured);
  set_window(fit, measured);
  for (const auto& [reason, x] : left_out)
    add(fit.note, fmt::format("left out {} = {} ({})", law.x_name, list(x), reason));
  add(fit.note, series.remark);
  if (const std::size_t count = measured.abscissae().size(); count < kFewestAbscissae) {
    add(fit.note,
        fmt::format("no fit: {} different {} remain and {} are needed", count, law.x_name, kFewestAbscissae));
    return fit;
  }
  if (const std::string problem = measured.covariance.problem(); !problem.empty()) {
    add(fit.note, "no fit: " + problem);
    return fit;
  }

  const FitData domain = reweighed(law, measured);
  const Prediction prediction = law.predict(series);
  fit.windows = scan_windows(law.form, domain);
  fit.forms = compare_forms(law, series, domain, prediction);
  const FitData window = asymptotic_window(domain, fit);
  const auto line = fit_form(law.form, window);
  if (!line) {
    add(fit.note, "no fit: the points do not determine the coefficients");
    fit.forms.clear();
    fit.windows.clear();
    return fit;
  }
  set_window(fit, measured.window(window.points.front().x, window.points.back().x));
  add(fit.note, prediction.assumption);
  set_coefficients(fit, law, window, *line, prediction);
  const bool is_claimed = fit.is_determined() && !fit.is_excluded();
  if (is_claimed) {
    const WindowAverage mean = average(fit.windows, domain.points.size(), law.form.coefficients.size());
    fit.averaged = mean.value;
    fit.averaged_error = mean.error;
  }
  const bool all_predicted =
      !std::ranges::any_of(prediction.coefficients, [](double c) { return std::isnan(c); });
  if (has_number(prediction.coefficients) && (fit.is_determined() || all_predicted))
    fit.predicted_y =
        as_vector(evaluate(law.form, domain.points, complete(law.form, window, prediction.coefficients)));
  return fit;
}

namespace {

void each_fit(const Evidence& evidence, const std::function<void(const Fit&)>& use,
              const Checkpoint& checkpoint) {
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
  each_fit(
      Evidence{record, index, needs}, [&](const Fit& fit) { list.push_back(fit); }, checkpoint);
  return list;
}

std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates,
                      const Checkpoint& checkpoint) {
  return fits(record, estimates, required(record, EstimateIndex(estimates)), checkpoint);
}

}  // namespace leafcast::analysis
