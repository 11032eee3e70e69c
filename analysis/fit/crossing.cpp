#include "analysis/fit/crossing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace leafcast::analysis {

namespace {

constexpr double kClear = 3;      // standard errors from the tolerance, for a verdict to be beyond doubt
constexpr double kConfident = 2;  // those for it to bound s* with 95% confidence
constexpr double kCertainly = std::numeric_limits<double>::infinity();

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
  Crossing found{.size = scan[*last + 1].size, .failing = *last, .passing = *last + 1};
  // By how many errors a point is beyond the tolerance; a point without an error is clear.
  const auto beyond = [&](const ScanPoint& p) {
    const double excess = std::abs(p.deviation) - tolerance, error = total_error(p, truth_error);
    return error > 0 ? excess / error : excess > 0 ? kCertainly : -kCertainly;
  };
  for (const ScanPoint& p : scan)
    if (beyond(p) > kConfident) found.low = p.size;
  found.high = kCertainly;
  for (std::size_t i = scan.size(); i-- > 0 && beyond(scan[i]) < -kConfident;) found.high = scan[i].size;
  return {found, ""};
}

/// In log s.
double uniform_error(const ScanPoint& a, const ScanPoint& b) {
  return std::log(b.size / a.size) / std::sqrt(12.0);
}

/// Calls use(i) for the first size that could be the first from which on all pass, with one verdict in doubt the opposite.
template <class Use>
void each_alternative(std::span<const ScanPoint> scan, const Crossing& crossing, double tolerance,
                      double truth_error, Use use) {
  for (std::size_t i = crossing.passing; i + 1 < scan.size(); ++i)
    if (is_in_doubt(scan[i], tolerance, truth_error)) use(i + 1);
  if (is_in_doubt(scan[crossing.failing], tolerance, truth_error)) {
    const auto before = last_failing(scan.first(crossing.failing), tolerance);
    use(before ? *before + 1 : 0);
  }
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
  crossing.statistical = crossing.size * sigma;
  crossing.systematic = crossing.size * uniform_error(a, b);
  return result;
}

CrossingResult find_interval(std::span<const ScanPoint> scan, double tolerance, double truth_error) {
  CrossingResult result = find_neighbours(scan, tolerance, truth_error);
  if (!result.crossing) return result;
  Crossing& crossing = *result.crossing;
  const ScanPoint &a = scan[crossing.failing], &b = scan[crossing.passing];
  crossing.size = std::sqrt(a.size * b.size);
  crossing.systematic = crossing.size * uniform_error(a, b);
  each_alternative(scan, crossing, tolerance, truth_error, [&](std::size_t first) {
    crossing.in_doubt = true;
    const double size = first == 0 ? scan[0].size : std::sqrt(scan[first - 1].size * scan[first].size);
    crossing.statistical =
        std::max(crossing.statistical, crossing.size * std::abs(std::log(size / crossing.size)));
  });
  return result;
}

CrossingResult find_level(std::span<const ScanPoint> scan, double tolerance, double truth_error) {
  CrossingResult result = find_neighbours(scan, tolerance, truth_error);
  if (!result.crossing) return result;
  Crossing& crossing = *result.crossing;
  each_alternative(scan, crossing, tolerance, truth_error, [&](std::size_t first) {
    crossing.in_doubt = true;
    crossing.statistical = std::max(crossing.statistical, std::abs(scan[first].size - crossing.size));
  });
  // What fails clearly is too small; the next level may do.
  const auto above = std::ranges::find_if(scan, [&](const ScanPoint& p) { return p.size > crossing.low; });
  crossing.low = above == scan.end() ? crossing.low : above->size;
  return result;
}

}  // namespace leafcast::analysis
