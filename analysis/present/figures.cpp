#include "analysis/present/figures.h"

#include <cmath>

namespace leafcast::analysis {

namespace {

constexpr double kDistinct = 2;  // standard errors from zero
constexpr double kStep = 1.01;   // of x, over which a line through exact values says what lies between

void break_line(Curve& curve) {
  if (!curve.points.empty() && !std::isnan(curve.points.back().y))
    curve.points.push_back(point(kUnknown, kUnknown));
}

}  // namespace

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
