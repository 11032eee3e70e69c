#pragma once
#include <vector>

#include "analysis/fit/fit_form.h"
#include "engine/observe/fit.h"

/// Whether a fit stands: other windows of the same points, and other draws of the same errors.
namespace leafcast::analysis {

inline constexpr std::size_t kFewestAbscissae = 3;

/// All windows of the law's abscissae, by first, then last. A window is a range of x: it begins and ends at one of at most
/// sixteen places, evenly spread where there are more abscissae, and holds three of these places or more. So a dense end
/// of a scan has no more votes than a sparse one. Those whose points do not determine the first coefficient are left out.
std::vector<WindowFit> scan_windows(const Form& law, const FitData& data);

/// The first coefficient averaged over windows with weights exp(−AIC/2), AIC = χ² + 2K + 2·(points outside);
/// its error holds the spread over windows too (Jay & Neil, Phys. Rev. D 103 (2021) 114502). NaN if χ² is
/// unknown, or the error is.
struct WindowAverage {
  double value = kUnknown, error = kUnknown;
};
WindowAverage average(const std::vector<WindowFit>& windows, std::size_t points, std::size_t coefficients);

/// Parametric bootstrap: the fitted form plus Gaussian noise of the points' covariance, and a covariance
/// drawn anew (Wishart of as many degrees of freedom as it has) where it comes from bins, fitted again.
/// The same seed each time.
struct Bootstrap {
  Eigen::VectorXd error, bias;  ///< standard deviation of the coefficients, and mean − true
  int replicas = 0;             ///< that could be fitted
};
Bootstrap bootstrap(const Form& form, const FitData& data, const LeastSquares& fit, int replicas = 1000);

}  // namespace leafcast::analysis
