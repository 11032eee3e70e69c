#include "engine/observe/estimate.h"

#include <algorithm>
#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/beta.hpp>

namespace leafcast {

namespace {

/// z of a Gaussian with these probabilities below and above; `far` where they are too small to tell.
double quantile(double below, double above, double far) {
  constexpr double kLeast = 1e-300;
  const double tail = std::min(below, above);
  if (!(tail > kLeast)) return far;
  const double z = boost::math::quantile(boost::math::normal(), std::min(tail, 0.5));
  return below < above ? z : -z;
}

/// Of k = value/noise hits in n = 1/noise trials, neither of which need be whole.
double binomial_z(double value, double exact, double noise) {
  constexpr double kMany = 1000;  // hits and misses due: score and mid-P agree to 0.01
  if (exact <= 0 || exact >= 1) return std::copysign(std::numeric_limits<double>::infinity(), value - exact);
  const double n = 1 / noise, k = std::clamp(value * n, 0.0, n);
  const double score = (value - exact) / std::sqrt(noise * exact * (1 - exact));
  if (n * exact * (1 - exact) > kMany) return score;
  using boost::math::ibeta, boost::math::ibetac;
  const double less = k > 0 ? ibetac(k, n - k + 1, exact) : 0, more = k < n ? ibeta(k + 1, n - k, exact) : 0;
  const double at_most = k < n ? ibetac(k + 1, n - k, exact) : 1,
               at_least = k > 0 ? ibeta(k, n - k + 1, exact) : 1;
  return quantile((less + at_most) / 2, (more + at_least) / 2, score);
}

/// |c|²/noise is of a noncentral χ².
double square_z(double value, double exact, double noise, double freedom) {
  constexpr double kFar = 1000;  // from 0: then the cube root is Gaussian (Abdel-Aty 1954)
  // Half a sample more or less of two symbols moves c by 4 noise: |c|² is not known to be smaller than by that.
  const double x = std::max(value / noise + freedom, 64 * noise);
  const double noncentral = std::max(exact, 0.0) / noise, mean = freedom + noncentral;
  const double variance = 2 * (freedom + 2 * noncentral) / (9 * mean * mean);
  const double by_root = (std::cbrt(x / mean) - (1 - variance)) / std::sqrt(variance);
  if (noncentral > kFar || std::abs(by_root) > 30) return by_root;
  const boost::math::non_central_chi_squared law(freedom, noncentral);
  return quantile(cdf(law, x), cdf(complement(law, x)), by_root);
}

double signed_square(double root) { return root * std::abs(root); }

}  // namespace

double Estimate::z() const {
  const double spread = std::hypot(error, exact_error);
  if (std::isnan(value) || std::isnan(exact) || std::isnan(spread)) return kUnknown;
  if (value == exact) return 0;
  const double linear = (value - exact) / spread;  // ±∞ if nothing varies
  if (spread == 0) return linear;
  switch (scale) {
    case Scale::linear:
      return linear;
    case Scale::log:
      return value > 0 && exact > 0 ? value * std::log(value / exact) / spread : linear;
    case Scale::kurtosis:
      return linear * (value + 3) / (exact + 3);
    case Scale::binder:
      return linear * (1 - value) / (1 - exact);
    case Scale::rate: {
      if (!(noise > 0)) return linear;
      const double due = std::sqrt(noise * std::clamp(exact * (1 - exact), 0.0, 0.25));
      if (exact_error == 0) return binomial_z(value, exact, noise);
      return due > 0 ? binomial_z(value, exact, noise) * due / std::hypot(due, exact_error) : linear;
    }
    case Scale::square:
      return noise > 0 ? square_z(value, exact, noise, freedom) * error / spread : linear;
    case Scale::root:
      return noise > 0 ? square_z(signed_square(value), signed_square(exact), noise, freedom) * error / spread
                       : linear;
  }
  return linear;
}

}  // namespace leafcast
