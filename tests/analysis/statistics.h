#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

/// What tests of fits count over many trials. Tolerances: 5 standard deviations, or their like.
namespace leafcast::trials {

/// Share of trials in which something held, against the probability p: within 5 binomial standard
/// deviations (false alarms 6e-7), and what ν ≥ 30 degrees of freedom take from a Gaussian's (1%).
inline bool is_share(double count, double trials, double p) {
  return std::abs(count / trials - p) < 5 * std::sqrt(p * (1 - p) / trials) + 0.01;
}

/// Kolmogorov's distance from uniform, times √N: above 2.2 with probability 1e-4.
inline double kolmogorov(std::vector<double> p) {
  std::ranges::sort(p);
  const double n = static_cast<double>(p.size());
  double distance = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    distance = std::max({distance, p[i] - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p[i]});
  return distance * std::sqrt(n);
}
inline bool is_uniform(const std::vector<double>& p) { return kolmogorov(p) < 2.2; }

/// Estimates of a coefficient, over trials, against the truth.
struct Coverage {
  double trials = 0, within_1 = 0, within_2 = 0, sum = 0, squares = 0;
  std::vector<double> p_values;

  void operator()(double value, double error, double truth, double p_value) {
    const double off = value - truth;
    ++trials;
    within_1 += std::abs(off) < error;
    within_2 += std::abs(off) < 1.959964 * error;
    sum += off;
    squares += off * off;
    p_values.push_back(p_value);
  }
  bool covers() const { return is_share(within_1, trials, 0.6827) && is_share(within_2, trials, 0.95); }
  bool unbiased() const { return std::abs(sum) < 5 * std::sqrt(squares); }
};

}  // namespace leafcast::trials
