#include "analysis/present/fit_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr double kMargin = 0.06;  // of an axis, on either side

/// Axes that show what they are given.
class Range {
 public:
  void operator()(double low, double high) {
    if (!std::isfinite(low) || !std::isfinite(high)) return;
    low_ = std::min(low_, low);
    high_ = std::max(high_, high);
  }
  double low() const { return low_ - margin(); }
  double high() const { return high_ + margin(); }

 private:
  double margin() const {
    return high_ > low_ ? kMargin * (high_ - low_) : std::max(1e-3, kMargin * std::abs(high_));
  }
  double low_ = std::numeric_limits<double>::infinity(), high_ = -std::numeric_limits<double>::infinity();
};

Curve curve(Curve::Style style, int color, const std::string& label) {
  Curve c;
  c.label = label;
  c.style = style;
  c.color = color;
  return c;
}

void set_ranges(Plot& plot) {
  Range x, y;
  for (const Curve& c : plot.curves)
    for (const Curve::Point& p : c.points) {
      x(p.x, p.x);
      y(p.y, p.y);
      y(p.high, p.high);
      if (p.y - p.low < 3) y(p.low, p.low);  // a bar of many decades says "down to nothing"
    }
  plot.x_low = x.low();
  plot.x_high = x.high();
  plot.y_low = y.low();
  plot.y_high = y.high();
  plot.whole_x = std::ranges::all_of(plot.curves, [](const Curve& c) {
    return std::ranges::all_of(c.points, [](const Curve::Point& p) { return p.x == std::round(p.x); });
  });
}

Curve line_through(Curve c, const std::vector<double>& x, const std::vector<double>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) c.points.push_back(point(x[i], y[i]));
  return c;
}

/// All laws are lines in their abscissa, or constants.
double law_at(const Fit& fit, double x) {
  const double first = fit.coefficients[0].value;
  return fit.coefficients.size() == 1 ? first : first * x + fit.coefficients[1].value;
}

/// Nothing if its coefficients are not determined.
const FormFit* corrected(const Fit& fit) {
  const auto found = std::ranges::find(fit.forms, "corrected", &FormFit::name);
  return found == fit.forms.end() || !found->coefficients.front().is_determined() ? nullptr : &*found;
}

std::string plot_name(const Fit& fit, const char* what) {
  return file_name(fmt::format("{} {} {}", what, fit.law, fit.group));
}

std::string text_of(const Coefficient& c) {
  if (!c.is_determined()) return fmt::format("the points do not determine a {}", c.name);
  return fmt::format("{} {}", c.name, value_text(c.value, c.error));
}

/// A point of the domain with the ends of its bar as they are in y.
Curve::Point bar(const Fit& fit, std::size_t i) {
  return {fit.domain_x[i], fit.domain_y[i], fit.domain_y_low[i], fit.domain_y_high[i]};
}

/// Ends bars that go on for ever where the axis ends, and puts values that have no y there. Whether there are any.
bool end_bars(Plot& plot) {
  bool any = false;
  for (Curve& c : plot.curves)
    for (Curve::Point& p : c.points) {
      any = any || p.low < plot.y_low || p.high > plot.y_high;
      if (std::isnan(p.y) && p.high > plot.y_low && std::isfinite(p.high))
        p.y = plot.y_low;  // the bar's foot
      p.low = std::max(p.low, plot.y_low);
      p.high = std::min(p.high, plot.y_high);
    }
  return any;
}

/// An abscissa in words, where its symbol alone says little.
std::string axis_text(const std::string& x_name) {
  if (x_name == "j") return "height j";
  if (x_name == "h") return "height of the tree, h";
  if (x_name == "w") return "context depth w";
  if (x_name == "h−w") return "levels that the context lacks, h − w";
  if (x_name == "log_d k") return "log k / log d";
  return x_name;
}

std::string plot_title(const Fit& fit) {
  std::string group = fit.group;
  std::ranges::replace(group, '_', ' ');
  return fmt::format("{} · {}{}", fit.law, group, fit.is_excluded() ? " · excluded" : "");
}

Plot points_plot(const Fit& fit) {
  Plot plot;
  plot.name = plot_name(fit, "law");
  plot.title = plot_title(fit);
  plot.x_label = axis_text(fit.x_name);
  plot.y_label = fit.y_name;
  const bool narrowed = fit.x.size() < fit.domain_x.size();
  const bool is_fit = fit.is_determined() && (!fit.is_excluded() || narrowed);
  Curve used = curve(Curve::Style::points, 1, is_fit ? "fitted" : "measured"),
        unused = curve(Curve::Style::points, 1, "outside the window"),
        outside = curve(Curve::Style::points, 0, "outside the law's domain");
  unused.open = outside.open = true;
  const double first = fit.x.front(), last = fit.x.back();
  std::size_t only_bars = 0;
  for (std::size_t i = 0; i < fit.domain_x.size(); ++i) {
    const double x = fit.domain_x[i];
    (x < first || x > last ? unused : used).points.push_back(bar(fit, i));
    only_bars += std::isnan(fit.domain_y[i]);
  }
  for (std::size_t i = 0; i < fit.outside_x.size(); ++i)
    outside.points.push_back(point(fit.outside_x[i], fit.outside_y[i]));
  if (!fit.predicted_y.empty())
    plot.curves.push_back(
        line_through(curve(Curve::Style::reference, 0, "as predicted"), fit.domain_x, fit.predicted_y));
  const FormFit* with = corrected(fit);
  if (with)
    plot.curves.push_back(
        line_through(curve(Curve::Style::guide, 2, "with correction"), fit.domain_x, with->y));
  const Curve law = fit.is_excluded() ? curve(Curve::Style::guide, 1, "law (excluded)")
                                      : curve(Curve::Style::line, 1, "law");
  if (fit.is_determined())
    plot.curves.push_back(line_through(law, {first, last}, {law_at(fit, first), law_at(fit, last)}));
  plot.curves.push_back(std::move(used));
  if (!unused.points.empty()) plot.curves.push_back(std::move(unused));
  if (!outside.points.empty()) plot.curves.push_back(std::move(outside));
  bool merged = false;
  for (Curve& c : plot.curves) merged = merge_crowd(c) || merged;
  set_ranges(plot);
  const bool cut = end_bars(plot);
  plot.caption = fmt::format("{}: {}", fit.formula, text_of(fit.coefficients[0]));
  if (!std::isnan(fit.coefficients[0].predicted))
    plot.caption += fmt::format(", predicted {}", number_text(fit.coefficients[0].predicted, 5));
  if (fit.is_excluded())
    plot.caption += fmt::format("; all points of the domain exclude the law ({}){}",
                                p_value_text(fit.forms.front().p_value),
                                narrowed ? ", and the window shown was chosen by its p"
                                         : ", so that this line is no measurement of a slope");
  else if (!std::isnan(fit.p_value))
    plot.caption += ", " + p_value_text(fit.p_value);
  if (with) plot.caption += fmt::format("; with correction {}", text_of(with->coefficients[0]));
  plot.caption += merged ? ". Symbols are means over cells of one abscissa." : ".";
  if (only_bars > 0)
    plot.caption += fmt::format(
        " Of {} point{} noise left no logarithm: a bar from below is all that shows; {} fitted like others.",
        only_bars, only_bars == 1 ? "" : "s", only_bars == 1 ? "it is" : "they are");
  if (cut) plot.caption += " Bars that reach 0 end at the axis.";
  return plot;
}

/// First coefficients of the windows that end at `last`.
Curve by_first(const Fit& fit, double last, int color, bool open, double shift) {
  Curve c = curve(
      Curve::Style::points, color,
      fmt::format("up to {} = {:.4g}", fit.x_name == "log_d k" ? axis_text(fit.x_name) : fit.x_name, last));
  c.open = open;
  c.shift = shift;
  for (const WindowFit& w : fit.windows)
    if (w.last == last) c.points.push_back(point(w.first, w.value, w.error));
  return c;
}

void add_level(Plot& plot, Curve c, double y) {
  if (std::isnan(y)) return;
  for (const double x : {plot.x_low, plot.x_high}) c.points.push_back(point(x, y));
  plot.curves.push_back(std::move(c));
}

/// The y range of the more precise windows: those of few points may be off by any amount.
void set_stability_range(Plot& plot, const Fit& fit) {
  double least = std::numeric_limits<double>::infinity();
  for (const WindowFit& w : fit.windows) least = std::min(least, w.error);
  Range y;
  for (const WindowFit& w : fit.windows)
    if (w.error < 20 * least) y(w.value - w.error, w.value + w.error);
  const Coefficient& c = fit.coefficients[0];
  y(c.value - c.error, c.value + c.error);
  y(c.predicted, c.predicted);
  y(c.exact, c.exact);
  plot.y_low = y.low();
  plot.y_high = y.high();
}

Plot stability_plot(const Fit& fit) {
  Plot plot;
  const Coefficient& c = fit.coefficients[0];
  plot.name = plot_name(fit, "windows");
  plot.title = plot_title(fit);
  plot.x_label = fmt::format("{} at which the window begins", axis_text(fit.x_name));
  plot.y_label = c.name;
  const double first = fit.x.front(), last = fit.x.back(), end = fit.domain_x.back();
  const double shift = 0.01 * (end - fit.domain_x.front());
  if (end != last) plot.curves.push_back(by_first(fit, end, 2, true, -shift));
  plot.curves.push_back(by_first(fit, last, 1, true, 0));
  Curve chosen = curve(Curve::Style::points, 1,
                       fit.is_excluded() ? "the window shown, law excluded" : "the window of the fit");
  chosen.points.push_back(point(first, c.value, c.error));
  plot.curves.push_back(std::move(chosen));
  set_ranges(plot);
  plot.whole_x = plot.whole_x && plot.x_high - plot.x_low < 40;
  set_stability_range(plot, fit);
  add_level(plot, curve(Curve::Style::reference, 0, "predicted"), c.predicted);
  add_level(plot, curve(Curve::Style::guide, 3, "exact values of these cells"), c.exact);
  const double averaged = fit.is_excluded() ? kUnknown : fit.averaged;
  add_level(plot, curve(Curve::Style::slope, 7, "average over windows"), averaged);
  clip_bars(plot);
  plot.caption = fmt::format("{} of {} by window, ±1 standard error: {} windows in all", c.name, fit.law,
                             fit.windows.size());
  if (!std::isnan(averaged))
    plot.caption += fmt::format(", averaged {}", value_text(averaged, fit.averaged_error));
  plot.caption += ".";
  return plot;
}

bool has_stability(const Fit& fit) { return fit.is_determined() && fit.windows.size() > 1; }

}  // namespace

std::vector<Plot> fit_plots(const std::vector<Fit>& fits, std::size_t most) {
  std::vector<Plot> plots;
  for (const Fit& fit : fits) {
    if (fit.coefficients.empty()) continue;
    if (plots.size() < most) plots.push_back(points_plot(fit));
    if (has_stability(fit) && plots.size() < most) plots.push_back(stability_plot(fit));
  }
  return plots;
}

std::size_t count_fit_plots(const std::vector<Fit>& fits) {
  std::size_t count = 0;
  for (const Fit& fit : fits)
    if (!fit.coefficients.empty()) count += has_stability(fit) ? 2 : 1;
  return count;
}

}  // namespace leafcast::analysis
