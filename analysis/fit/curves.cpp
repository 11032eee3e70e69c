#include "analysis/fit/curves.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "analysis/text/cell_text.h"
#include "analysis/theory/exact.h"

namespace leafcast::analysis {

namespace {

constexpr double kClear = 2;    // standard errors from zero
constexpr double kStep = 1.01;  // of x, over which a line through exact values says what lies between
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void break_line(Curve& curve) {
  if (!curve.points.empty() && !std::isnan(curve.points.back().y))
    curve.points.push_back(point(kUnknown, kUnknown));
}

}  // namespace

Cell true_language(const Cell& cell) {
  Parameters parameters;
  for (const auto& [key, value] : cell.parameters())
    if (describes_language(key)) parameters[key] = value;
  parameters["generator.kind"] = "true";
  return Cell::make(parameters);
}

const std::set<std::string>& context_keys() {
  static const std::set<std::string> keys = {"generator.context", "generator.context-depth",
                                             "generator.memory-depth", "seed"};
  return keys;
}

std::optional<double> context_levels(const Cell& cell) {
  const Generator& generator = cell.generator();
  if (const auto* block = std::get_if<BlockGenerator>(&generator)) return block->context_depth;
  if (const auto* reasoning = std::get_if<ReasoningGenerator>(&generator)) return reasoning->memory_depth;
  const auto* kgram = std::get_if<KgramGenerator>(&generator);
  if (!kgram || kgram->context < 1) return {};
  const double d = cell.language().d, k = static_cast<double>(kgram->context);
  const double leaves = kgram->unit == ContextUnit::leaves ? k : k * d / (d + 1);
  return std::log(std::min(leaves, static_cast<double>(cell.language().leaves()))) / std::log(d);
}

std::vector<Family> families(const Record& record, const EstimateIndex& index,
                             const std::vector<std::size_t>& cells, const std::string& statistic) {
  std::vector<Family> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : cells) {
    const Cell& cell = record.plan.cells()[i];
    const auto x = context_levels(cell);
    const Estimate* estimate = index.find(i, statistic);
    if (!x || !estimate || std::isnan(estimate->value)) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, context_keys()), list.size());
    if (is_new) list.push_back({generator_text(cell, context_keys()), {}});
    list[entry->second].measurements.push_back({i, *x, estimate});
  }
  for (Family& family : list)
    std::stable_sort(family.measurements.begin(), family.measurements.end(),
                     [](const Measurement& a, const Measurement& b) { return a.x < b.x; });
  return list;
}

std::optional<double> true_value(const Record& record, const EstimateIndex& index,
                                 const std::vector<std::size_t>& cells, const std::string& statistic) {
  if (const auto exact = Exact(true_language(record.plan.cells()[cells.front()]))(statistic))
    return exact->value;
  for (const std::size_t i : cells) {
    const Estimate* estimate = index.find(i, statistic);
    if (record.plan.cells()[i].generator_name() == "true" && estimate && !std::isnan(estimate->value))
      return estimate->value;
  }
  return {};
}

std::string file_name(const std::string& text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "ρ") == 0) name += "rho";
    if (text.compare(i, 2, "λ") == 0) name += "lambda";
    if (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '.') name += text[i];
    if (text[i] == ' ' || text[i] == '-') name += '-';
  }
  return name.substr(0, 80);
}

Curve::Point point(double x, double y, double error) {
  if (std::isnan(error)) error = 0;
  return {x, y, y - error, y + error};
}

void add_measurements(Plot& plot, const std::string& label, const std::vector<Measurement>& measurements,
                      int color, double shift, bool sizes) {
  const auto curve = [&](const std::string& name, Curve::Style style) {
    return Curve{name, style, color, false, style == Curve::Style::points ? shift : 0, {}};
  };
  Curve theory = curve("", Curve::Style::line), guide = curve("", Curve::Style::guide);
  Curve positive = curve(label, Curve::Style::points), negative = positive;
  negative.open = true;
  bool broken = false;
  for (const Measurement& m : measurements) {
    const Estimate& e = *m.estimate;
    const double shown = sizes ? std::abs(e.value) : e.value;
    const bool far = !guide.points.empty() && m.x - guide.points.back().x > kStep;
    if (far || std::isnan(e.exact)) break_line(theory), broken = true;
    if (!std::isnan(e.exact)) theory.points.push_back(point(m.x, sizes ? std::abs(e.exact) : e.exact));
    guide.points.push_back(point(m.x, shown));
    (sizes && e.value < 0 ? negative : positive).points.push_back(point(m.x, shown, e.error));
  }
  if (!positive.points.empty()) negative.label.clear();
  if (broken && guide.points.size() > 1) plot.curves.push_back(std::move(guide));
  if (theory.points.size() > 1) plot.curves.push_back(std::move(theory));
  for (Curve* points : {&positive, &negative})
    if (!points->points.empty()) plot.curves.push_back(std::move(*points));
}

void add_horizontal(Plot& plot, const std::string& label, double y) {
  plot.curves.push_back(
      {label, Curve::Style::reference, 0, false, 0, {point(plot.x_low, y), point(plot.x_high, y)}});
}

void add_slope(Plot& plot, const std::string& label, double x, double y, double slope) {
  Curve curve{label, Curve::Style::slope, 0, false, 0, {}};
  for (const double end : {plot.x_low, plot.x_high})
    curve.points.push_back(point(end, y * std::exp(slope * (end - x))));
  plot.curves.push_back(std::move(curve));
}

double gaussian(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

void add_gaussian(Plot& plot) {
  Curve curve{"Gaussian", Curve::Style::reference, 0, false, 0, {}};
  for (int i = 0; i <= 120; ++i) {
    const double x = plot.x_low + (plot.x_high - plot.x_low) * i / 120;
    curve.points.push_back(point(x, gaussian(x)));
  }
  plot.curves.push_back(std::move(curve));
}

void add_bin(Curve& curve, double left, double right, double density) {
  curve.points.push_back(point(left, density));
  curve.points.push_back(point(right, density));
}

std::vector<double> clear_values(const std::vector<Measurement>& measurements, bool sizes) {
  std::vector<double> list;
  for (const Measurement& m : measurements) {
    const Estimate& e = *m.estimate;
    list.push_back(sizes ? std::abs(e.exact) : e.exact);
    if (!(std::abs(e.value) < kClear * e.error)) list.push_back(sizes ? std::abs(e.value) : e.value);
  }
  return list;
}

void set_y_range(Plot& plot, const std::vector<double>& values) {
  double bottom = 0, top = 0, least_positive = kInfinity;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    bottom = std::min(bottom, v);
    top = std::max(top, v);
    if (v > 0) least_positive = std::min(least_positive, v);
  }
  plot.log_y = plot.log_y && top > 3 * least_positive;
  if (plot.log_y) {
    const double margin = std::max(1.6, std::pow(top / least_positive, 0.05));
    plot.y_low = least_positive / margin;
    plot.y_high = top * margin;
    return;
  }
  const double span = top > bottom ? top - bottom : 1;
  plot.y_low = bottom < 0 ? bottom - 0.08 * span : 0;
  plot.y_high = top + 0.08 * span;
}

void clip_bars(Plot& plot) {
  for (Curve& curve : plot.curves)
    for (Curve::Point& p : curve.points) {
      p.low = std::max(p.low, plot.y_low);
      p.high = std::min(p.high, plot.y_high);
    }
}

}  // namespace leafcast::analysis
