#include "analysis/estimate/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace leafcast::analysis {

namespace {

template <class Distribution>
double tail(const Distribution& distribution, double x) {
  return boost::math::cdf(boost::math::complement(distribution, x));
}

}  // namespace

double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }

double order_statistic_quantile(double p, double i, double n) {
  return boost::math::quantile(boost::math::beta_distribution<>(i + 1, n - i), p);
}

double chi_squared_tail(double chi2, double degrees_of_freedom) {
  return boost::math::gamma_q(degrees_of_freedom / 2, chi2 / 2);
}

double fisher_tail(double f, double above, double below) {
  return tail(boost::math::fisher_f(above, below), f);
}

double student_two_sided(double t, double degrees_of_freedom) {
  return 2 * tail(boost::math::students_t(degrees_of_freedom), std::abs(t));
}

}  // namespace leafcast::analysis
