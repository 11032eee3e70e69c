#pragma once

/// Quantiles and tails of distributions; every law that is needed in one place, since the library that has
/// them takes long to compile.
namespace leafcast::analysis {

double normal_quantile(double p);
/// Of the order statistic i = 0 … n − 1 of n independent uniform numbers: Beta(i + 1, n − i).
double order_statistic_quantile(double p, double i, double n);

// Probabilities of as much or more.
double chi_squared_tail(double chi2, double degrees_of_freedom);
double fisher_tail(double f, double above, double below);       ///< degrees of freedom
double student_two_sided(double t, double degrees_of_freedom);  ///< of |T| ≥ |t|

}  // namespace leafcast::analysis
