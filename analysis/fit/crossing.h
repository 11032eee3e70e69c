#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>

/// Where a scan comes within a tolerance and stays there: the smallest size (context, memory) from which on a
/// statistic agrees with the true one within ε.
namespace leafcast::analysis {

/// One size of a scan.
struct ScanPoint {
  double size;       ///< > 0
  double deviation;  ///< r = x/x_true − 1
  double error;      ///< standard error of r; 0 if exact. Points are independent of each other
};

struct Crossing {
  double size, error;
  std::size_t failing, passing;  ///< neighbours in the scan: the last that fails, the next, which passes
  bool in_doubt = false;  ///< some verdict that decides it is within 3 errors of the tolerance; see `error`
};

/// Nothing, and why, if the scan does not show a crossing.
struct CrossingResult {
  std::optional<Crossing> crossing;
  std::string why_none;
};

/// Sizes that vary freely, such as a context. The scan is by ascending size; a point fails if |r| > ε.
/// Between the last failing point 1 and the next one, 2, r is taken as linear in log size; it meets the
/// tolerance it breaks, c = ±ε, at
///   log s* = log s₁ + t·log(s₂/s₁),  t = (c − r₁)/(r₂ − r₁),
/// and the delta method gives
///   σ_t = √[(1−t)²σ₁² + t²σ₂² + ((1−t)(1+r₁) + t(1+r₂))²τ²] / |r₂ − r₁|,
/// with τ = `truth_error` the relative standard error of x_true, which all points share; σ(s*) =
/// s*·log(s₂/s₁)·σ_t. Where a verdict is in doubt, s* could lie between other neighbours: then σ is at least
/// as far (in log s) as s* moves if all points do by one error, and half as far as if by two, either way. A
/// passing neighbour whose error exceeds ε/2 decides nothing.
CrossingResult find_crossing(std::span<const ScanPoint> scan, double tolerance, double truth_error = 0);

/// Sizes of which nothing lies between two neighbours, such as the levels that a memory keeps: the size of
/// the first point from which on all pass, not interpolated. Its error is 0 where all verdicts are clear,
/// else the distance to the farthest size that it would be if one verdict in doubt were the opposite.
CrossingResult find_level(std::span<const ScanPoint> scan, double tolerance, double truth_error = 0);

}  // namespace leafcast::analysis
