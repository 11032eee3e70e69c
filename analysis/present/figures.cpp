#include "analysis/present/figures.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

namespace leafcast::analysis {

namespace {

constexpr double kDistinct = 2;     // standard errors from zero
constexpr std::size_t kCrowd = 12;  // measurements at an abscissa
constexpr double kStep = 1.01;      // of x, over which a line through exact values says what lies between

void break_line(Curve& curve) {
  if (!curve.points.empty() && !std::isnan(curve.points.back().y))
    curve.points.push_back(point(kUnknown, kUnknown));
}

/// The mean of measurements of one abscissa; its error is that of independent ones.
Estimate mean_of(std::span<const Measurement> crowd) {
  Estimate mean{crowd.front().estimate->cell, crowd.front().estimate->statistic, 0, 0, 0, 0};
  double squares = 0;
  for (const Measurement& m : crowd) {
    mean.value += m.estimate->value;
    mean.exact += m.estimate->exact;
    squares += m.estimate->error * m.estimate->error;
  }
  const auto count = static_cast<double>(crowd.size());
  mean.value /= count;
  mean.exact /= count;
  mean.error = std::sqrt(squares) / count;
  return mean;
}

}  // namespace

std::size_t average_crowds(std::vector<Measurement>& measurements, std::deque<Estimate>& means) {
  std::set<double> abscissae;
  for (const Measurement& m : measurements) abscissae.insert(m.x);
  if (measurements.size() <= kCrowd * abscissae.size()) return 0;
  std::vector<Measurement> averaged;
  std::size_t most = 0;
  for (auto first = measurements.begin(); first != measurements.end();) {  // by ascending x
    const auto end =
        std::find_if(first, measurements.end(), [&](const Measurement& m) { return m.x != first->x; });
    means.push_back(mean_of({first, end}));
    averaged.push_back({first->cell, first->x, &means.back()});
    most = std::max(most, static_cast<std::size_t>(end - first));
    first = end;
  }
  measurements = std::move(averaged);
  return most;
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

std::vector<double> clear_values(const std::vector<Measurement>& measurements, bool sizes) {
  std::vector<double> list;
  for (const Measurement& m : measurements) {
    const Estimate& e = *m.estimate;
    list.push_back(sizes ? std::abs(e.exact) : e.exact);
    if (!(std::abs(e.value) < kDistinct * e.error)) list.push_back(sizes ? std::abs(e.value) : e.value);
  }
  return list;
}

}  // namespace leafcast::analysis
