#include "analysis/present/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>

namespace leafcast::analysis {

namespace {

constexpr std::size_t kWholeName = 160;  // file systems take 255 bytes, with what is appended
constexpr std::size_t kNamedPoints = 6;

}  // namespace

std::string file_name(const std::string& text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "ρ") == 0) name += "rho";
    if (text.compare(i, 2, "λ") == 0) name += "lambda";
    if (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '.') name += text[i];
    if (text[i] == ' ' || text[i] == '-') name += '-';
  }
  if (name.size() <= kWholeName) return name;
  std::uint32_t hash = 2166136261u;  // FNV-1a: names that differ stay different
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return name.substr(0, kWholeName) + fmt::format("-{:08x}", hash);
}

Curve::Point point(double x, double y, double error) {
  if (std::isnan(error)) error = 0;
  return {x, y, y - error, y + error};
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

bool merge_crowd(Curve& curve) {
  constexpr std::size_t kCrowd = 300;
  if (curve.points.size() <= kCrowd) return false;
  struct Sum {
    double y = 0, squares = 0, count = 0;
  };
  std::map<double, Sum> sums;
  for (const Curve::Point& p : curve.points) {
    Sum& sum = sums[p.x];
    sum.y += p.y;
    sum.squares += (p.high - p.low) * (p.high - p.low) / 4;
    ++sum.count;
  }
  if (sums.size() == curve.points.size()) return false;
  curve.points.clear();
  for (const auto& [x, sum] : sums)
    curve.points.push_back(point(x, sum.y / sum.count, std::sqrt(sum.squares) / sum.count));
  return true;
}

void set_y_range(Plot& plot, const std::vector<double>& values) {
  double bottom = 0, top = 0, least_positive = std::numeric_limits<double>::infinity();
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
  std::vector<std::string> off;
  for (Curve& curve : plot.curves) {
    if (curve.style != Curve::Style::points) continue;
    for (Curve::Point& p : curve.points) {
      if (plot.log_y && (p.y < plot.y_low || p.y > plot.y_high))
        off.push_back(fmt::format("{} at {:.4g} (y = {:.2g}){}",
                                  curve.label.empty() ? "a negative" : curve.label, p.x, p.y,
                                  p.high > plot.y_low && p.y < plot.y_low ? " (bar only)" : ""));
      p.low = std::max(p.low, plot.y_low);
      p.high = std::min(p.high, plot.y_high);
    }
  }
  if (off.empty()) return;
  const std::size_t named = std::min(off.size(), kNamedPoints);
  plot.caption += fmt::format(" Off this logarithmic axis: {}{}.",
                              fmt::join(off.begin(), off.begin() + static_cast<std::ptrdiff_t>(named), ", "),
                              off.size() > named ? fmt::format(", and {} more", off.size() - named) : "");
}

void tell_apart(Plot& plot) {
  const auto is_points = [](const Curve& curve) { return curve.style == Curve::Style::points; };
  if (std::ranges::any_of(plot.curves, [&](const Curve& c) { return is_points(c) && c.open; })) return;
  for (Curve& curve : plot.curves) curve.open = is_points(curve) && curve.color % 2 == 0;
  std::ranges::stable_partition(plot.curves, [&](const Curve& c) { return !is_points(c); });
}

void number_parts(std::vector<Plot>& parts) {
  if (parts.size() < 2) return;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (part > 0) parts[part].name += fmt::format("-{}", part + 1);
    parts[part].title += fmt::format(" ({} of {})", part + 1, parts.size());
  }
}

}  // namespace leafcast::analysis
