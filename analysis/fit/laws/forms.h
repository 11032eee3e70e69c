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

extern const LawScale as_is;
extern const LawScale log_of;            ///< v = e^y
extern const LawScale log_of_size;       ///< v = ±e^y
extern const LawScale log_of_kurtosis;   ///< v = ±e^y, of excess kurtoses
extern const LawScale log_of_minus_log;  ///< v = exp(−e^y), of rates

/// Slope and intercept of a line.
Prediction predicted_line(double slope, double intercept = kUnknown);

}  // namespace leafcast::analysis
