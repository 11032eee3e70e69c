#include "engine/kernels/collapsed/binomial.h"

#include <bit>
#include <cmath>

#include "engine/int128.h"

namespace leafcast {

namespace {

constexpr std::int64_t kFewTrials = 12;
constexpr double kFewSuccesses = 10;         // BTRS needs n·p ≥ 10
constexpr std::int64_t kMostInverted = 128;  // more than this where n·p < 10: probability below 1e-80

constexpr double kLog2High = 0x1.62e42fefa3800p-1, kLog2Low = 0x1.ef35793c76730p-45;

/// (2 artanh s − 2s)/s³ = 2/3 + 2s²/5 + 2s⁴/7 + …, right to the last bits for |s| ≤ 0.1716.
double artanh_tail(double s) {
  const double x = s * s, y = x * x;
  const double even = 2. / 3 + y * (2. / 7 + y * (2. / 11 + y * (2. / 15 + y * (2. / 19 + y * (2. / 23)))));
  const double odd = 2. / 5 + y * (2. / 9 + y * (2. / 13 + y * (2. / 17 + y * (2. / 21))));
  return even + x * odd;
}
constexpr double kTailReaches = 0.1716;

/// x > 0 and normal: x = 2^e m with √½ ≤ m < √2, and log m = 2 artanh((m − 1)/(m + 1)).
double log(double x) {
  constexpr std::int64_t root_half = 0x3fe6a09e667f3bcd;
  const auto bits = std::bit_cast<std::int64_t>(x);
  const std::int64_t exponent = (bits - root_half) >> 52;
  const double m = std::bit_cast<double>(bits - (exponent << 52)), e = static_cast<double>(exponent);
  const double s = (m - 1) / (m + 1);
  return e * kLog2High + (2 * s + (s * s * s * artanh_tail(s) + e * kLog2Low));
}

/// −1/2 ≤ x ≤ 1/2.
double log1p(double x) {
  const double s = x / (2 + x);
  return s > -kTailReaches && s < kTailReaches ? 2 * s + s * s * s * artanh_tail(s) : log(1 + x);
}

/// −700 < x ≤ 0.
double exp(double x) {
  const auto k = static_cast<std::int64_t>(x / kLog2High - 0.5);
  const double e = static_cast<double>(k), r = (x - e * kLog2High) - e * kLog2Low;
  static constexpr double over_factorial[] = {
      1,         1,          1. / 2,      1. / 6,       1. / 24,       1. / 120,       1. / 720,
      1. / 5040, 1. / 40320, 1. / 362880, 1. / 36288e2, 1. / 399168e2, 1. / 4790016e2, 1. / 62270208e2};
  double sum = 0;
  for (int i = 13; i >= 0; --i) sum = sum * r + over_factorial[i];
  return sum * std::bit_cast<double>((1023 + k) << 52);
}

/// log(b/a) − 2s for s = (b − a)/(b + a), without the digits that b/a would lose.
double log_beyond(double s, double a, double b) {
  return s > -kTailReaches && s < kTailReaches ? s * s * s * artanh_tail(s) : log(b / a) - 2 * s;
}

/// log k! − [(k + ½) log(k + 1) − (k + 1) + ½ log 2π], Stirling's correction.
double stirling_rest(std::int64_t k) {
  static constexpr double small[] = {
      0.08106146679532725822,  0.04134069595540929409,  0.02767792568499833915, 0.02079067210376509311,
      0.01664469118982119216,  0.013876128823070748,    0.0118967099458917701,  0.0104112652619720965,
      0.009255462182712732918, 0.008330563433362871256,
  };
  if (k < 10) return small[k];
  const double r = 1 / static_cast<double>(k + 1), x = r * r;
  return (1. / 12 - (1. / 360 - (1. / 1260 - (1. / 1680 - x / 1188) * x) * x) * x) * r;
}

/// log(k!/m!) − j log(m + 1), j = k − m: the deviance, and what Stirling's formula leaves.
double log_factorial_ratio(std::int64_t m, std::int64_t j) {
  const std::int64_t k = m + j;
  const double a = static_cast<double>(m + 1), b = static_cast<double>(k + 1),
               s = static_cast<double>(j) / (a + b);
  return s * (static_cast<double>(j) - 1) + (b - 0.5) * log_beyond(s, a, b) + stirling_rest(k) -
         stirling_rest(m);
}

/// log f(m + j)/f(m) of Binomial(n, p), given m − n·p.
double log_ratio(std::int64_t n, double p, std::int64_t m, double above_mean, std::int64_t j) {
  // ((m + 1)/(n − m + 1)) / (p/(1 − p)) = 1 + (m + 1 − 2p − n·p)/((n − m + 1) p)
  const double odds = log1p((above_mean + (1 - 2 * p)) / (static_cast<double>(n - m + 1) * p));
  return -log_factorial_ratio(m, j) - log_factorial_ratio(n - m, -j) - static_cast<double>(j) * odds;
}

std::int64_t floor(double x) {
  const auto whole = static_cast<std::int64_t>(x);
  return whole - (x < static_cast<double>(whole));
}

}  // namespace

BinomialSampler::BinomialSampler(double p, double complement)
    : p_(p <= complement ? p : complement), log_miss_(log1p(-p_)), swapped_(p > complement) {
  int exponent;
  mantissa_ = static_cast<std::uint64_t>(std::frexp(p_, &exponent) * 0x1p53);
  shift_ = 53 - exponent;
}

std::int64_t BinomialSampler::operator()(std::int64_t n, ScalarStream& stream) const {
  std::int64_t rarer = 0;
  if (p_ > 0) {
    if (n <= kFewTrials)
      rarer = count_trials(n, stream);
    else if (static_cast<double>(n) * p_ < kFewSuccesses)
      rarer = invert(n, stream);
    else
      rarer = reject(n, stream);
  }
  return swapped_ ? n - rarer : rarer;
}

std::int64_t BinomialSampler::count_trials(std::int64_t n, ScalarStream& stream) const {
  std::int64_t k = 0;
  for (; n > 0; --n) k += stream.uniform() < p_;
  return k;
}

/// Subtracts f(0), f(1), … from a uniform deviate, f(k)/f(k − 1) = (n − k + 1)/k · p/(1 − p).
std::int64_t BinomialSampler::invert(std::int64_t n, ScalarStream& stream) const {
  const double none = exp(static_cast<double>(n) * log_miss_), odds = p_ / (1 - p_);
  for (;;) {
    double u = stream.uniform(), f = none;
    for (std::int64_t k = 0; k <= n && k < kMostInverted; ++k) {
      if (u <= f) return k;
      u -= f;
      f *= static_cast<double>(n - k) * odds / static_cast<double>(k + 1);
    }  // Rounding left the sum of all f below u: draw again.
  }
}

std::int64_t BinomialSampler::reject(std::int64_t n, ScalarStream& stream) const {
  // n·p and the mode ⌊(n+1)p⌋, exactly: below 2^115, as n·p ≥ 10 bounds the shift.
  const UInt128 product = static_cast<UInt128>(n) * mantissa_;
  const auto whole = static_cast<std::int64_t>(product >> shift_);
  const auto mode = static_cast<std::int64_t>((product + mantissa_) >> shift_);
  const auto fraction = static_cast<std::int64_t>(product << (128 - shift_) >> 75);
  const double mean_above_mode = static_cast<double>(fraction) * 0x1p-53 - static_cast<double>(mode - whole);

  const double sd = std::sqrt(static_cast<double>(n) * p_ * (1 - p_));
  const double b = 1.15 + 2.53 * sd, a = -0.0873 + 0.0248 * b + 0.01 * p_;
  const double surely = 0.92 - 4.2 / b;
  for (;;) {
    const double u = stream.uniform() - 0.5, v = stream.uniform();
    const double us = 0.5 - (u < 0 ? -u : u);
    const double deviate = (2 * a / us + b) * u + (mean_above_mode + 0.5);
    if (us >= 0.07 && v <= surely) return mode + floor(deviate);
    if (!(deviate > -0x1p62 && deviate < 0x1p62)) continue;
    const std::int64_t j = floor(deviate);
    if (j < -mode || j > n - mode) continue;
    const double alpha = (2.83 + 5.1 / b) * sd;
    if (log(v * alpha / (a / (us * us) + b)) <= log_ratio(n, p_, mode, -mean_above_mode, j)) return mode + j;
  }
}

}  // namespace leafcast
