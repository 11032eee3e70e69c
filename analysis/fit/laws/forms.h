#pragma once
#include <string>

#include "analysis/fit/law.h"

/// Forms and ordinates that laws are put together from.
namespace leafcast::analysis {

/// slope·x + intercept.
Form line(const std::string& x_name);
/// The law says that nothing changes: y = intercept.
Form constant();
/// slope·log(1 + x) + intercept: a power law where the law is exponential.
Form power(const std::string& x_name);
/// The same in an abscissa that is a logarithm itself: slope·log x + intercept.
Form logarithm(const std::string& x_name);
/// slope·e^x + intercept: a power law where the law is one of logarithms.
Form exponential(const std::string& formula);
/// slope·x + intercept + log(1 + c·e^{−ω·distance}), the logarithm of a power law with its leading correction
/// (Wegner, Phys. Rev. B 5 (1972) 4529).
Form corrected_line(const std::string& x_name, const std::string& term, double omega);

Ordinate as_is(double v);
Ordinate log_of(double v);
Ordinate log_of_size(double v);
Ordinate log_of_minus_log(double v);

inline constexpr double kSignificant = 3;  // standard errors

std::string zero_within_error(const LawPoint& p);
std::string rate_within_error_of_bounds(const LawPoint& p);
std::string error_beyond_a_third(const LawPoint& p);  ///< for what cannot be zero
std::string any_value(const LawPoint& p);

/// Slope and intercept of a line.
Prediction predicted_line(double slope, double intercept = kUnknown);

}  // namespace leafcast::analysis
