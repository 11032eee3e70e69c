#include "analysis/fit/crossing.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace leafcast::analysis::crossing_test {
namespace {

using Scan = std::vector<ScanPoint>;

/// Contexts 1, 3, 9 … that deviate so.
Scan scan_of(const std::vector<double>& deviations, double error) {
  Scan scan;
  double size = 1;
  for (const double r : deviations) {
    scan.push_back({size, r, error});
    size *= 3;
  }
  return scan;
}

TEST_CASE("a crossing is interpolated in log size between the last that fails and the next") {
  // r from −0.3 at 9 to −0.06 at 27: −0.1 is met after t = 0.2/0.24 of the way.
  const CrossingResult found = find_crossing(scan_of({-0.9, -0.6, -0.3, -0.06, 0.0}, 0), 0.1);
  REQUIRE(found.crossing);
  CHECK(found.crossing->size == Approx(9 * std::pow(3, 0.2 / 0.24)));
  CHECK(found.crossing->statistical == 0);
  CHECK(found.crossing->failing == 2);
  CHECK(found.crossing->passing == 3);
  CHECK_FALSE(found.crossing->in_doubt);

  SECTION("from above as from below") {
    const CrossingResult above = find_crossing(scan_of({0.9, 0.6, 0.3, 0.06, 0.0}, 0), 0.1);
    CHECK(above.crossing->size == Approx(found.crossing->size));
  }
  SECTION("a context that agrees by chance on the way is not enough: all larger ones must") {
    const CrossingResult late = find_crossing(scan_of({-0.9, -0.05, -0.3, -0.06, 0.0}, 0), 0.1);
    CHECK(late.crossing->size == Approx(found.crossing->size));
  }
  SECTION("the bound that is broken is the one that is met: r may pass from one side to the other") {
    const CrossingResult across = find_crossing(scan_of({-0.3, 0.05}, 0), 0.1);
    CHECK(across.crossing->size == Approx(std::pow(3, 0.2 / 0.35)));
  }
  SECTION("the delta method") {
    const Scan scan = {{9, -0.3, 0.01}, {27, -0.06, 0.004}};
    const double t = 0.2 / 0.24, k = 9 * std::pow(3, t);
    CHECK(find_crossing(scan, 0.1).crossing->statistical ==
          Approx(k * std::log(3) * std::hypot((1 - t) * 0.01, t * 0.004) / 0.24));
    // The true value's error moves all deviations together.
    CHECK(find_crossing(scan, 0.1, 0.005).crossing->statistical ==
          Approx(k * std::log(3) * std::hypot((1 - t) * 0.01, t * 0.004, ((1 - t) * 0.7 + t * 0.94) * 0.005) /
                 0.24));
  }
}

TEST_CASE("where a scan shows no crossing it says why") {
  CHECK(find_crossing({}, 0.1).why_none == "nothing was scanned");
  CHECK(find_crossing(scan_of({-0.05, 0.0}, 0), 0.1).why_none == "the smallest scanned agrees already");
  CHECK(find_crossing(scan_of({-0.5, -0.2}, 0), 0.1).why_none == "the largest scanned does not agree yet");
  CHECK(find_crossing(scan_of({-0.5, NAN}, 0), 0.1).why_none == "the largest scanned does not agree yet");
  for (const double largest : {-0.02, -0.12})
    CHECK(find_crossing(scan_of({-0.5, largest}, 0.07), 0.1).why_none ==
          "errors are too large to judge a tolerance of 0.1 by");
}

TEST_CASE("levels are not interpolated, and doubt is the distance to what it could be instead") {
  const auto levels = [](const std::vector<double>& deviations, double error) {
    Scan scan;
    for (const double r : deviations) scan.push_back({3.0 * static_cast<double>(scan.size() + 1), r, error});
    return find_level(scan, 0.1);
  };
  const CrossingResult clear = levels({-0.9, -0.3, -0.04, 0.0}, 0.01);
  CHECK(clear.crossing->size == 9);
  CHECK(clear.crossing->error() == 0);
  CHECK_FALSE(clear.crossing->in_doubt);
  // Could fail: 12 instead. Could pass: 6 instead.
  CHECK(levels({-0.9, -0.3, -0.08, 0.0}, 0.01).crossing->error() == 3);
  CHECK(levels({-0.9, -0.12, -0.04, 0.0}, 0.01).crossing->error() == 3);
  // If −0.11 passed, all but the first would.
  const CrossingResult far = levels({-0.9, -0.05, -0.04, -0.11, 0.0}, 0.01);
  CHECK(far.crossing->size == 15);
  CHECK(far.crossing->error() == 9);
  CHECK(far.crossing->in_doubt);
  CHECK(levels({-0.5, -0.2}, 0).why_none == "the largest scanned does not agree yet");
}

TEST_CASE("what lies between two points of a scan is in the error") {
  // A valid rate of d = 5 colorings: contexts in powers of 5, and some in between (n = 3125).
  const Scan coarse = {{125, -0.9, 0.003}, {625, -0.42, 0.003}, {3125, 0, 0.0003}};
  const Scan fine = {{125, -0.9, 0.003},   {625, -0.42, 0.003},   {1250, -0.205, 0.003},
                     {1600, -0.12, 0.003}, {1687, -0.097, 0.002}, {2084, -0.037, 0.002},
                     {3125, 0, 0.0003}};
  const Crossing far = *find_crossing(coarse, 0.1).crossing, near = *find_crossing(fine, 0.1).crossing;
  CHECK(far.error() == Approx(std::hypot(far.statistical, far.systematic)));
  CHECK(far.systematic == Approx(far.size * std::log(5) / std::sqrt(12)));
  CHECK(std::abs(far.size - near.size) < far.error());
  CHECK_FALSE(std::abs(far.size - near.size) <
              3 * far.statistical);  // the wrong twin: the statistical error alone
  CHECK(near.error() < 0.03 * near.size);
  CHECK((far.low == 625 && far.high == 3125));
  CHECK((near.low == 1600 && near.high == 2084));  // 1687 passes by 1.5 errors
  CHECK((near.low < near.size && near.size < near.high));
}

TEST_CASE("of blocks it is an interval") {
  const CrossingResult found = find_interval(scan_of({-0.9, -0.6, -0.3, -0.06, 0.0}, 0.005), 0.1);
  REQUIRE(found.crossing);
  CHECK(found.crossing->size == Approx(std::sqrt(9.0 * 27)));
  CHECK((found.crossing->low == 9 && found.crossing->high == 27));
  CHECK(found.crossing->statistical == 0);
  CHECK(found.crossing->systematic == Approx(std::sqrt(9.0 * 27) * std::log(3) / std::sqrt(12)));
  const CrossingResult doubt = find_interval(scan_of({-0.9, -0.6, -0.11, -0.065, 0.0}, 0.02), 0.1);
  CHECK((doubt.crossing->low == 3 && doubt.crossing->high == 81));
  CHECK(doubt.crossing->statistical == Approx(doubt.crossing->size * std::log(3)));
  CHECK(find_interval(scan_of({-0.9, -0.06, -0.05}, 0.04), 0.1).crossing->high ==
        std::numeric_limits<double>::infinity());
}

// ---- errors over many noisy scans

/// How often |log k* − log k*_exact| is within one and two errors, and the mean of it in errors.
struct Coverage {
  double one = 0, two = 0, bias = 0;
  int scans = 0;

  void add(double z) {
    ++scans;
    one += std::abs(z) < 1;
    two += std::abs(z) < 1.959964;
    bias += z;
  }
  Coverage shares() const { return {one / scans, two / scans, bias / scans, scans}; }
};

using ErrorOf = std::function<double(const Scan&, const Crossing&)>;  // in log k

double as_told(const Scan&, const Crossing& c) { return c.statistical / c.size; }

Coverage cover(const std::vector<double>& truth, double error, double truth_error, std::uint64_t seed,
               const ErrorOf& error_of, int scans = 4000) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const double exact = std::log(find_crossing(scan_of(truth, 0), 0.1).crossing->size);
  Coverage coverage;
  for (int i = 0; i < scans; ++i) {
    Scan scan = scan_of(truth, error);
    const double common = 1 + truth_error * normal(random);
    for (ScanPoint& p : scan) p.deviation = (1 + p.deviation + error * normal(random)) / common - 1;
    const CrossingResult found = find_crossing(scan, 0.1, truth_error);
    REQUIRE(found.crossing);
    coverage.add((std::log(found.crossing->size) - exact) / error_of(scan, *found.crossing));
  }
  return coverage.shares();
}

/// Errors of the share of 4000 that is within one error: 0.0074; within 1.96: 0.0034; of the mean z: 0.016.
/// Five of them: false alarms about once in 10⁶.
bool is_calibrated(const Coverage& c) {
  return std::abs(c.one - 0.6827) < 5 * 0.0074 && std::abs(c.two - 0.95) < 5 * 0.0034 &&
         std::abs(c.bias) < 5 * 0.016;
}

/// Deviations of the Ising block writer with root memory (d = 3, ρ = 0.9, h = 8).
const std::vector<double> kIsing = {-0.991, -0.97, -0.93, -0.83, -0.611, -0.2645, -0.0373, 0};

TEST_CASE("errors of a crossing: bias and coverage where verdicts are clear") {
  CHECK(is_calibrated(cover(kIsing, 0.005, 0, 1, as_told)));
  CHECK(is_calibrated(cover(kIsing, 0.002, 0.006, 2, as_told)));
  SECTION("wrong twins fail") {
    const auto only_failing = [](const Scan& scan, const Crossing& c) {  // no noise of the other end
      const ScanPoint &a = scan[c.failing], &b = scan[c.passing];
      return (1 - std::log(c.size / a.size) / std::log(3)) * std::log(3) * a.error /
             std::abs(b.deviation - a.deviation);
    };
    CHECK_FALSE(is_calibrated(cover(kIsing, 0.005, 0, 1, only_failing)));
    const auto not_weighted = [](const Scan& scan, const Crossing& c) {  // as if the ends counted in full
      const ScanPoint &a = scan[c.failing], &b = scan[c.passing];
      return std::log(3) * std::hypot(a.error, b.error) / std::abs(b.deviation - a.deviation);
    };
    CHECK_FALSE(is_calibrated(cover(kIsing, 0.005, 0, 1, not_weighted)));
    const auto without_truth = [](const Scan& scan, const Crossing& c) {
      const Crossing alone = *find_crossing(scan, 0.1, 0).crossing;
      return alone.statistical / c.size;
    };
    CHECK_FALSE(is_calibrated(cover(kIsing, 0.002, 0.006, 2, without_truth)));
  }
}

TEST_CASE("errors of a crossing: where neighbours differ by no more than noise, they cover at least") {
  // The steps next to the tolerance are as small as the errors.
  const std::vector<double> flat = {-0.5, -0.13, -0.12, -0.108, -0.096, -0.084, -0.07, -0.02, 0};
  const Coverage wide = cover(flat, 0.012, 0, 3, as_told);
  CHECK(wide.one > 0.6827);
  CHECK(wide.two > 0.95);
  // The last failing one of many in doubt lies late: by less than its error.
  CHECK(std::abs(wide.bias) < 0.5);
  // Also where the tolerance is met on a kink, with steps of ten errors on one side and of one on the other.
  const Coverage kink = cover({-0.9, -0.5, -0.2, -0.1, -0.09, -0.05, 0}, 0.01, 0, 4, as_told);
  CHECK(kink.one > 0.6827);
  CHECK(kink.two > 0.95);
  SECTION("the delta method alone, the wrong twin, does not") {
    const auto delta = [](const Scan& scan, const Crossing& c) {
      const Scan two = {scan[c.failing], scan[c.passing]};
      const double t = std::log(c.size / two[0].size) / std::log(3);
      return std::log(3) * std::hypot((1 - t) * two[0].error, t * two[1].error) /
             std::abs(two[1].deviation - two[0].deviation);
    };
    CHECK(cover(flat, 0.012, 0, 3, delta).two < 0.9);
  }
}

}  // namespace
}  // namespace leafcast::analysis::crossing_test
