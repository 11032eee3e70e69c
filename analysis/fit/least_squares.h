#pragma once
#include <Eigen/Dense>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace leafcast::analysis {

inline constexpr double kCertain = std::numeric_limits<double>::infinity();

/// Covariance of points that come in blocks: correlated within a block (statistics of one cell), independent
/// between blocks (cells of their own).
struct Covariance {
  struct Block {
    Eigen::MatrixXd matrix;
    /// ν of the estimate: bins − 1 if it comes from jackknife bins (then matrix ~ Wishart/ν); kCertain if
    /// it is known.
    double degrees_of_freedom = kCertain;
  };
  std::vector<Block> blocks;  ///< in the order of the points

  static Covariance independent(std::span<const double> sigma, double degrees_of_freedom = kCertain);
  Eigen::Index size() const;
  std::vector<double> errors() const;  ///< by point
  /// Of the points of these indices, which ascend.
  Covariance select(std::span<const std::size_t> points) const;
  /// Of f_i·y_i.
  Covariance scaled(std::span<const double> factors) const;
  /// Why it is of no use for a fit of its points, "" if it is: too few bins for so many points, or points
  /// that depend on each other.
  std::string problem() const;
};

/// Generalised least squares: minimises χ² = (y − f(β))ᵀ C⁻¹ (y − f(β)).
///
/// What is fitted and what C is estimated from are independent, but C⁻¹ is not unbiased and the noise of C
/// spreads β. With ν degrees of freedom in C, P points, K coefficients and m = P − K:
/// * one block: T² = raw χ² is Hotelling's, T²(ν−m+1)/(νm) ~ F(m, ν−m+1); `chi2` is T²(ν−m−1)/ν, whose mean
///   is m; the covariance of β is (Xᵀ C⁻¹ X)⁻¹ ν(ν−1)/((ν−m)(ν−m−1)) (Rao, Biometrika 54 (1967) 259).
/// * several: each block's C⁻¹ is multiplied by (ν−p−1)/ν for its p points (Hartlap, Simon, Schneider, A&A
///   464 (2007) 399); p-values from F(m, D) of the same variance, D = 4 + (m+2)(ν−4)/3, exact for m = 1.
struct LeastSquares {
  Eigen::VectorXd coefficients;  ///< β, K
  Eigen::MatrixXd covariance;    ///< K×K; not rescaled by χ²
  double chi2;
  int degrees_of_freedom;  ///< m = points − K
  double p_value;          ///< P(as large a χ² or larger); NaN if there are no degrees of freedom
  /// Σ over blocks of (ν+1) log(1 + χ²_block/ν), the likelihood if C is estimated (Sellentin & Heavens, MNRAS
  /// 456 (2016) L132), up to a constant; χ² if it is known.
  double minus_two_log_likelihood;

  double error(int k) const { return std::sqrt(covariance(k, k)); }
};

/// Makes points independent of unit variance, block by block, with covariances inflated as said above for residuals of m
/// degrees of freedom.
class Whitening {
 public:
  Whitening(const Covariance& covariance, int m);
  Eigen::MatrixXd operator()(Eigen::MatrixXd rows) const;
  double minus_two_log_likelihood(const Eigen::VectorXd& whitened) const;

 private:
  struct Factor {
    Eigen::MatrixXd lower;
    double degrees_of_freedom, inflation;
  };
  std::vector<Factor> factors_;
};

/// By what (Xᵀ C⁻¹ X)⁻¹ of whitened points is multiplied in `LeastSquares::covariance`.
double coefficient_inflation(const Covariance& covariance, int m);
/// P(as large a χ² or larger) of m degrees of freedom; NaN if there are none.
double chi_squared_p_value(double chi2, int m, const Covariance& covariance);

/// f = Xβ. The design X is points×K; nothing if its rank is below K.
std::optional<LeastSquares> solve_least_squares(const Eigen::MatrixXd& design, const Eigen::VectorXd& y,
                                                const Covariance& covariance);

/// Any f, by Levenberg and Marquardt from a starting value. `model` fills f (points) and its Jacobian
/// (points×K). Nothing if the coefficients are not determined.
using Model = std::function<void(const Eigen::VectorXd& beta, Eigen::VectorXd& f, Eigen::MatrixXd& jacobian)>;
std::optional<LeastSquares> solve_least_squares(const Model& model, const Eigen::VectorXd& start,
                                                const Eigen::VectorXd& y, const Covariance& covariance);

/// y = β₀x + β₁ for independent y_i of known σ_i.
LeastSquares fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> sigma);

/// Lower Cholesky factor of a block's matrix, through its correlations, so that scales do not matter.
Eigen::MatrixXd cholesky_factor(const Eigen::MatrixXd& matrix);

}  // namespace leafcast::analysis
