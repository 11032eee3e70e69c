#include "analysis/fit/least_squares.h"

#include <fmt/format.h>

#include <cmath>
#include <unsupported/Eigen/NonLinearOptimization>

#include "analysis/estimate/distributions.h"

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kFewestDegrees = 8;  // left in the covariance when as many as there are points are taken off
constexpr double kLeastEigenvalue = 1e-9;  // of the correlations: below, they are rounding

/// From the whitened residual and Jacobian at the minimum.
std::optional<LeastSquares> finish(const VectorXd& beta, const VectorXd& residual, const MatrixXd& jacobian,
                                   const Covariance& covariance, const Whitening& whitening) {
  const Index k = jacobian.cols();
  // X = QR, so (XᵀX)⁻¹ = R⁻¹ R⁻ᵀ, without squaring the condition number.
  const Eigen::HouseholderQR<MatrixXd> qr(jacobian);
  const VectorXd diagonal = qr.matrixQR().diagonal().head(k).cwiseAbs();
  if (!(diagonal.minCoeff() > 1e-9 * diagonal.maxCoeff())) return {};
  const MatrixXd r_inverse =
      qr.matrixQR().topRows(k).triangularView<Eigen::Upper>().solve(MatrixXd::Identity(k, k));
  LeastSquares fit;
  fit.coefficients = beta;
  fit.covariance = r_inverse * r_inverse.transpose();
  fit.chi2 = residual.squaredNorm();
  fit.degrees_of_freedom = static_cast<int>(jacobian.rows() - k);
  fit.covariance *= coefficient_inflation(covariance, fit.degrees_of_freedom);
  fit.p_value = chi_squared_p_value(fit.chi2, fit.degrees_of_freedom, covariance);
  fit.minus_two_log_likelihood = whitening.minus_two_log_likelihood(residual);
  return fit;
}

/// Eigen's interface to a problem of least squares.
struct WhitenedResiduals {
  const Model& model;
  const VectorXd& y;
  const Whitening& whitening;
  int k;

  int inputs() const { return k; }
  int values() const { return static_cast<int>(y.size()); }
  int operator()(const VectorXd& beta, VectorXd& residual) const {
    VectorXd f(y.size());
    MatrixXd jacobian(y.size(), k);
    model(beta, f, jacobian);
    residual = whitening(f - y);
    return 0;
  }
  int df(const VectorXd& beta, MatrixXd& derivative) const {
    VectorXd f(y.size());
    derivative.resize(y.size(), k);
    model(beta, f, derivative);
    derivative = whitening(derivative);
    return 0;
  }
};

}  // namespace

Whitening::Whitening(const Covariance& covariance, int m) {
  const bool alone = covariance.blocks.size() == 1;
  for (const Covariance::Block& block : covariance.blocks) {
    const double nu = block.degrees_of_freedom;
    const double size = alone ? m : static_cast<double>(block.matrix.rows());
    const double inflation = std::isinf(nu) ? 1 : nu / (nu - size - 1);
    factors_.push_back({std::sqrt(inflation) * cholesky_factor(block.matrix), nu, inflation});
  }
}

MatrixXd Whitening::operator()(MatrixXd rows) const {
  Index first = 0;
  for (const Factor& f : factors_) {
    auto part = rows.middleRows(first, f.lower.rows());
    f.lower.triangularView<Eigen::Lower>().solveInPlace(part);
    first += f.lower.rows();
  }
  return rows;
}

double Whitening::minus_two_log_likelihood(const VectorXd& whitened) const {
  double sum = 0;
  Index first = 0;
  for (const Factor& f : factors_) {
    const double raw = whitened.segment(first, f.lower.rows()).squaredNorm() * f.inflation;
    sum += std::isinf(f.degrees_of_freedom)
               ? raw
               : (f.degrees_of_freedom + 1) * std::log1p(raw / f.degrees_of_freedom);
    first += f.lower.rows();
  }
  return sum;
}

double coefficient_inflation(const Covariance& covariance, int m) {
  const double nu = covariance.blocks.front().degrees_of_freedom;
  return covariance.blocks.size() == 1 && !std::isinf(nu) ? (nu - 1) / (nu - m) : 1;
}

double chi_squared_p_value(double chi2, int m, const Covariance& covariance) {
  if (m <= 0) return std::numeric_limits<double>::quiet_NaN();
  double inverse = 0;  // mean of 1/ν
  for (const Covariance::Block& b : covariance.blocks)
    inverse += 1 / b.degrees_of_freedom / static_cast<double>(covariance.blocks.size());
  if (inverse == 0) return chi_squared_tail(chi2, m);
  const double nu = 1 / inverse;
  const double other = covariance.blocks.size() == 1 ? nu - m + 1 : 4 + (m + 2) * (nu - 4) / 3;
  // F of these degrees has the mean D/(D−2), chi2/m the mean 1.
  const double f = chi2 / m * other / (other - 2);
  return fisher_tail(f, m, other);
}

MatrixXd cholesky_factor(const MatrixXd& matrix) {
  const VectorXd sigma = matrix.diagonal().cwiseSqrt(), inverse = sigma.cwiseInverse();
  const MatrixXd correlation = inverse.asDiagonal() * matrix * inverse.asDiagonal();
  return sigma.asDiagonal() * MatrixXd(correlation.llt().matrixL());
}

Covariance Covariance::independent(std::span<const double> sigma, double degrees_of_freedom) {
  Covariance list;
  for (const double s : sigma) list.blocks.push_back({MatrixXd::Constant(1, 1, s * s), degrees_of_freedom});
  return list;
}

Index Covariance::size() const {
  Index sum = 0;
  for (const Block& block : blocks) sum += block.matrix.rows();
  return sum;
}

std::vector<double> Covariance::errors() const {
  std::vector<double> list;
  for (const Block& block : blocks)
    for (Index i = 0; i < block.matrix.rows(); ++i) list.push_back(std::sqrt(block.matrix(i, i)));
  return list;
}

Covariance Covariance::select(std::span<const std::size_t> points) const {
  Covariance selected;
  auto point = points.begin();
  Index first = 0;
  for (const Block& block : blocks) {
    const Index end = first + block.matrix.rows();
    std::vector<Index> kept;
    for (; point != points.end() && static_cast<Index>(*point) < end; ++point)
      kept.push_back(static_cast<Index>(*point) - first);
    if (!kept.empty()) selected.blocks.push_back({block.matrix(kept, kept), block.degrees_of_freedom});
    first = end;
  }
  return selected;
}

Covariance Covariance::scaled(std::span<const double> factors) const {
  Covariance result = *this;
  std::size_t first = 0;
  for (Block& block : result.blocks) {
    const auto size = static_cast<std::size_t>(block.matrix.rows());
    const Eigen::Map<const VectorXd> f(factors.data() + first, block.matrix.rows());
    block.matrix = f.asDiagonal() * block.matrix * f.asDiagonal();
    first += size;
  }
  return result;
}

std::string Covariance::problem() const {
  for (const Block& block : blocks) {
    const double left = block.degrees_of_freedom - static_cast<double>(block.matrix.rows());
    if (left < kFewestDegrees)
      return fmt::format("the covariance of {} points from {} bins has no use", block.matrix.rows(),
                         block.degrees_of_freedom + 1);
    if (block.matrix.rows() == 1) continue;
    const VectorXd inverse = block.matrix.diagonal().cwiseSqrt().cwiseInverse();
    const MatrixXd correlation = inverse.asDiagonal() * block.matrix * inverse.asDiagonal();
    const VectorXd eigenvalues = Eigen::SelfAdjointEigenSolver<MatrixXd>(correlation).eigenvalues();
    if (!(eigenvalues(0) > kLeastEigenvalue))
      return fmt::format("the points depend on each other (rank {} of {})",
                         (eigenvalues.array() > kLeastEigenvalue).count(), block.matrix.rows());
  }
  return "";
}

std::optional<LeastSquares> solve_least_squares(const MatrixXd& design, const VectorXd& y,
                                                const Covariance& covariance) {
  if (design.rows() < design.cols()) return {};
  const Whitening whitening(covariance, static_cast<int>(design.rows() - design.cols()));
  const MatrixXd x = whitening(design);
  const VectorXd target = whitening(y);
  const VectorXd beta = x.householderQr().solve(target);
  return finish(beta, target - x * beta, x, covariance, whitening);
}

std::optional<LeastSquares> solve_least_squares(const Model& model, const VectorXd& start, const VectorXd& y,
                                                const Covariance& covariance) {
  if (y.size() < start.size()) return {};
  const Whitening whitening(covariance, static_cast<int>(y.size() - start.size()));
  WhitenedResiduals residuals{model, y, whitening, static_cast<int>(start.size())};
  Eigen::LevenbergMarquardt<WhitenedResiduals> search(residuals);
  search.parameters.xtol = search.parameters.ftol = 1e-12;
  search.parameters.maxfev = 400;
  VectorXd beta = start;
  const auto status = search.minimize(beta);
  if (status == Eigen::LevenbergMarquardtSpace::ImproperInputParameters || !beta.allFinite()) return {};
  VectorXd residual(y.size());
  MatrixXd jacobian;
  residuals(beta, residual);
  residuals.df(beta, jacobian);
  if (!residual.allFinite() || !jacobian.allFinite()) return {};
  return finish(beta, residual, jacobian, covariance, whitening);
}

LeastSquares fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> sigma) {
  const auto points = static_cast<Index>(x.size());
  const auto vector = [points](std::span<const double> v) {
    return Eigen::Map<const VectorXd>(v.data(), points);
  };
  MatrixXd design(points, 2);
  design << vector(x), VectorXd::Ones(points);
  return solve_least_squares(design, vector(y), Covariance::independent(sigma)).value();
}

}  // namespace leafcast::analysis
