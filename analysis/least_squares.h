#pragma once
#include <Eigen/Dense>
#include <span>

namespace leafcast::analysis {

/// Weighted linear least squares: minimises χ² = Σ_i ((y_i − Σ_k X_ik β_k)/σ_i)² for independent y_i with
/// known σ_i.
struct LeastSquares {
  Eigen::VectorXd coefficients;  ///< β, K
  Eigen::MatrixXd covariance;    ///< (Xᵀ W X)⁻¹ with W = diag(1/σ²), K×K; not rescaled by χ²
  double chi2;
  int degrees_of_freedom;  ///< points − K
  double p_value;          ///< P(χ² of as many degrees of freedom ≥ chi2); NaN if there are none

  double error(int k) const { return std::sqrt(covariance(k, k)); }
};

/// The design X is points×K, of rank K.
LeastSquares solve_least_squares(const Eigen::MatrixXd& design, const Eigen::VectorXd& y,
                                 const Eigen::VectorXd& sigma);

/// y = β₀x + β₁.
LeastSquares fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> sigma);

}  // namespace leafcast::analysis
