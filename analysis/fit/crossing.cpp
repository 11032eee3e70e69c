#include "analysis/fit/crossing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace leafcast::analysis {

namespace {

constexpr double kClear = 3;  // standard errors from the tolerance, for a verdict to be beyond doubt

bool fails(const ScanPoint& p, double tolerance) { return !(std::abs(p.deviation) <= tolerance); }

double total_error(const ScanPoint& p, double truth_error) {
  return std::hypot(p.error, (1 + p.deviation) * truth_error);
}

bool is_in_doubt(const ScanPoint& p, double tolerance, double truth_error) {
  return std::abs(std::abs(p.deviation) - tolerance) < kClear * total_error(p, truth_error);
}

std::optional<std::size_t> last_failing(std::span<const ScanPoint> scan, double tolerance) {
  for (std::size_t i = scan.size(); i-- > 0;)
    if (fails(scan[i], tolerance)) return i;
  return {};
}

/// What the two kinds of search agree on: between which neighbours, or why nowhere.
CrossingResult find_neighbours(std::span<const ScanPoint> scan, double tolerance, double truth_error) {
  if (scan.empty()) return {{}, "nothing was scanned"};
  const auto last = last_failing(scan, tolerance);
  if (!last) return {{}, "the smallest scanned agrees already"};
  const bool none_passes = *last + 1 == scan.size();
  if (total_error(scan[none_passes ? *last : *last + 1], truth_error) > tolerance / 2)
    return {{}, fmt::format("errors are too large to judge a tolerance of {} by", tolerance)};
  if (none_passes) return {{}, "the largest scanned does not agree yet"};
  return {Crossing{scan[*last + 1].size, 0, *last, *last + 1}, ""};
}

/// log s* of the scan with its points moved by so many errors away from the bound c (towards it, if
/// negative).
double moved(std::span<const ScanPoint> scan, double c, double truth_error, int errors) {
  const double outward = c > 0 ? 1 : -1;
  std::vector<ScanPoint> points(scan.begin(), scan.end());
  for (ScanPoint& p : points) p.deviation += errors * outward * total_error(p, truth_error);
  // Only the side of c: what is moved across the other bound was not in question.
  const auto fails_here = [&](const ScanPoint& p) { return outward * p.deviation > std::abs(c); };
  for (std::size_t i = points.size(); i-- > 0;) {
    if (!fails_here(points[i])) continue;
    if (i + 1 == points.size()) return std::log(points[i].size);
    const double t = (c - points[i].deviation) / (points[i + 1].deviation - points[i].deviation);
    return std::log(points[i].size) + t * std::log(points[i + 1].size / points[i].size);
  }
  return std::log(points.front().size);
}

}  // namespace

CrossingResult find_crossing(std::span<const ScanPoint> scan, double tolerance, double truth_error) {
  CrossingResult result = find_neighbours(scan, tolerance, truth_error);
  if (!result.crossing) return result;
  Crossing& crossing = *result.crossing;
  const ScanPoint &a = scan[crossing.failing], &b = scan[crossing.passing];
  const double c = std::copysign(tolerance, a.deviation), step = b.deviation - a.deviation;
  const double t = (c - a.deviation) / step, stretch = std::log(b.size / a.size);
  const double truth = ((1 - t) * (1 + a.deviation) + t * (1 + b.deviation)) * truth_error;
  double sigma = stretch * std::hypot((1 - t) * a.error, t * b.error, truth) / std::abs(step);

  crossing.in_doubt = std::any_of(scan.begin(), scan.end(),
                                  [&](const ScanPoint& p) { return is_in_doubt(p, tolerance, truth_error); });
  const double log_size = std::log(a.size) + t * stretch;
  if (crossing.in_doubt)
    for (const int errors : {-2, -1, 1, 2})
      sigma = std::max(sigma, std::abs(moved(scan, c, truth_error, errors) - log_size) / std::abs(errors));
  crossing.size = std::exp(log_size);
  crossing.error = crossing.size * sigma;
  return result;
}

CrossingResult find_level(std::span<const ScanPoint> scan, double tolerance, double truth_error) {
  CrossingResult result = find_neighbours(scan, tolerance, truth_error);
  if (!result.crossing) return result;
  Crossing& crossing = *result.crossing;
  const auto in_doubt = [&](std::size_t i) { return is_in_doubt(scan[i], tolerance, truth_error); };
  const auto could_be = [&](double size) {
    crossing.in_doubt = true;
    crossing.error = std::max(crossing.error, std::abs(size - crossing.size));
  };
  for (std::size_t i = crossing.passing; i + 1 < scan.size(); ++i)
    if (in_doubt(i)) could_be(scan[i + 1].size);
  if (in_doubt(crossing.failing)) {
    const auto before = last_failing(scan.first(crossing.failing), tolerance);
    could_be(scan[before ? *before + 1 : 0].size);
  }
  return result;
}

}  // namespace leafcast::analysis
