#pragma once
#include <cmath>
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
  double size;
  double statistical = 0;        ///< standard error of `size` from those of the points
  double systematic = 0;         ///< from not knowing what lies between two points of the scan
  double low = 0, high = 0;      ///< it lies between these, with 95% confidence; see below
  std::size_t failing, passing;  ///< neighbours in the scan: the last that fails, the next, which passes
  bool in_doubt =
      false;  ///< some verdict that decides it is within 3 errors of the tolerance; see `statistical`

  double error() const { return std::hypot(statistical, systematic); }
};

/// Nothing, and why, if the scan does not show a crossing.
struct CrossingResult {
  std::optional<Crossing> crossing;
  std::string why_none;
};

/// All of them: the scan is by ascending size; a point fails if |r| > ε, and clearly if by more than two errors. `low` is the
/// last size that fails clearly (0 if none does), `high` the first from which on all clearly pass (∞ if the last does not).
/// A passing neighbour whose error exceeds ε/2 decides nothing. `truth_error`: τ, the relative standard error of x_true,
/// which all points share.

/// Sizes that vary freely, such as a k-gram's context. Between the last failing point 1 and the next one, 2, r is taken as
/// linear in log size; it meets the tolerance it breaks, c = ±ε, at
///   log s* = log s₁ + t·log(s₂/s₁),  t = (c − r₁)/(r₂ − r₁).
/// All that is known is that s* lies between the two: the systematic error is that of a uniform distribution,
/// s*·log(s₂/s₁)/√12, and small where the scan is fine. The statistical one is the delta method's,
///   σ_t = √[(1−t)²σ₁² + t²σ₂² + ((1−t)(1+r₁) + t(1+r₂))²τ²] / |r₂ − r₁|,  s*·log(s₂/s₁)·σ_t.
/// Where a verdict is in doubt, s* could lie between other neighbours: then it is at least
/// as far (in log s) as s* moves if all points do by one error, and half as far as if by two, either way.
CrossingResult find_crossing(std::span<const ScanPoint> scan, double tolerance, double truth_error = 0);

/// Sizes of which nothing lies between two neighbours, but of which the answer is not one of them: blocks, whose contexts are
/// whole levels, while the least context that would do is somewhere between. s* = √(s₁ s₂), with the systematic error of a
/// uniform distribution in log s. Statistical: the distance to the farthest s* that it would be if one verdict in doubt were
/// the opposite.
CrossingResult find_interval(std::span<const ScanPoint> scan, double tolerance, double truth_error = 0);

/// Sizes of which one is the answer, such as the levels that a memory keeps: the size of the first point from which on all
/// pass, without a systematic error. Statistical as of intervals. `low` is a level that may do, too.
CrossingResult find_level(std::span<const ScanPoint> scan, double tolerance, double truth_error = 0);

}  // namespace leafcast::analysis
