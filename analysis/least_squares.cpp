#include "analysis/least_squares.h"

#include <boost/math/special_functions/gamma.hpp>
#include <limits>

namespace leafcast::analysis {

LeastSquares solve_least_squares(const Eigen::MatrixXd& design, const Eigen::VectorXd& y,
                                 const Eigen::VectorXd& sigma) {
  const Eigen::VectorXd weights = sigma.cwiseInverse();
  const Eigen::MatrixXd x = weights.asDiagonal() * design;
  const Eigen::VectorXd target = weights.cwiseProduct(y);
  const Eigen::Index k = design.cols();

  // X = QR, so β = R⁻¹ Qᵀ y and (XᵀX)⁻¹ = R⁻¹ R⁻ᵀ, without squaring the condition number.
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(x);
  const Eigen::MatrixXd r_inverse =
      qr.matrixQR().topRows(k).triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(k, k));
  LeastSquares fit;
  fit.coefficients = qr.solve(target);
  fit.covariance = r_inverse * r_inverse.transpose();
  fit.chi2 = (target - x * fit.coefficients).squaredNorm();
  fit.degrees_of_freedom = static_cast<int>(design.rows() - k);
  fit.p_value = fit.degrees_of_freedom > 0 ? boost::math::gamma_q(fit.degrees_of_freedom / 2.0, fit.chi2 / 2)
                                           : std::numeric_limits<double>::quiet_NaN();
  return fit;
}

LeastSquares fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> sigma) {
  const auto points = static_cast<Eigen::Index>(x.size());
  const auto vector = [points](std::span<const double> v) {
    return Eigen::Map<const Eigen::VectorXd>(v.data(), points);
  };
  Eigen::MatrixXd design(points, 2);
  design << vector(x), Eigen::VectorXd::Ones(points);
  return solve_least_squares(design, vector(y), vector(sigma));
}

}  // namespace leafcast::analysis
