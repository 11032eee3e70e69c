#include "analysis/fit/fit_stability.h"

#include <algorithm>
#include <boost/random/chi_squared_distribution.hpp>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "analysis/fit/profile.h"

namespace leafcast::analysis {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Random = boost::random::mt19937_64;
constexpr std::uint64_t kSeed = 20240229;

VectorXd normals(Index size, Random& random) {
  boost::random::normal_distribution<double> normal;
  return VectorXd::NullaryExpr(size, [&](Index) { return normal(random); });
}

/// Wishart(ν, L Lᵀ/ν) by Bartlett's decomposition: L A Aᵀ Lᵀ/ν, A lower triangular, A_ii² ~ χ²(ν−i).
MatrixXd wishart(const MatrixXd& lower, double degrees_of_freedom, Random& random) {
  const Index size = lower.rows();
  MatrixXd a = MatrixXd::Zero(size, size);
  for (Index i = 0; i < size; ++i) {
    boost::random::chi_squared_distribution<double> squares(degrees_of_freedom - static_cast<double>(i));
    a(i, i) = std::sqrt(squares(random));
    a.row(i).head(i) = normals(i, random);
  }
  const MatrixXd factor = lower * a / std::sqrt(degrees_of_freedom);
  return factor * factor.transpose();
}

/// By what the noise is larger than the covariance says. Of exact values: their scatter. Of one block from
/// bins: fitted points look better determined than they are, (Xᵀ C⁻¹ X)⁻¹ being (ν−m)/ν of the truth on
/// average.
double scale_of_noise(const Form& form, const FitData& data, const LeastSquares& fit) {
  if (data.is_exact) {
    const VectorXd residual = data.values - evaluate_values(form, data, fit.coefficients);
    return std::sqrt(residual.squaredNorm() / std::max(1, fit.degrees_of_freedom));
  }
  const double nu = data.covariance.blocks.front().degrees_of_freedom;
  if (data.covariance.blocks.size() > 1 || std::isinf(nu)) return 1;
  return std::sqrt(nu / (nu - fit.degrees_of_freedom));
}

/// Draws points about the truth, with covariances that jackknife bins would have given.
class Redraw {
 public:
  Redraw(const FitData& data, const VectorXd& truth, double scatter) : data_(data), truth_(truth) {
    for (const Covariance::Block& block : data.covariance.blocks)
      factors_.push_back(scatter * cholesky_factor(block.matrix));
  }

  const FitData& operator()(Random& random) {
    Index first = 0;
    for (std::size_t b = 0; b < factors_.size(); ++b) {
      const MatrixXd& lower = factors_[b];
      Covariance::Block& block = data_.covariance.blocks[b];
      data_.values.segment(first, lower.rows()) =
          truth_.segment(first, lower.rows()) + lower * normals(lower.rows(), random);
      if (!std::isinf(block.degrees_of_freedom))
        block.matrix = wishart(lower, block.degrees_of_freedom, random);
      first += lower.rows();
    }
    return data_;
  }

 private:
  FitData data_;
  VectorXd truth_;
  std::vector<MatrixXd> factors_;
};

/// Where windows may begin and end.
std::vector<double> window_ends(const std::vector<double>& x) {
  constexpr std::size_t kMost = 16;
  if (x.size() <= kMost) return x;
  std::vector<double> ends;
  for (std::size_t i = 0; i < kMost; ++i) {
    const double place = x.front() + (x.back() - x.front()) * static_cast<double>(i) / (kMost - 1);
    const double end = *std::ranges::min_element(x, {}, [&](double v) { return std::abs(v - place); });
    if (ends.empty() || end > ends.back()) ends.push_back(end);
  }
  return ends;
}

}  // namespace

std::vector<WindowFit> scan_windows(const Form& law, const FitData& data) {
  std::vector<WindowFit> windows;
  const std::vector<double> x = window_ends(data.abscissae());
  for (std::size_t first = 0; first < x.size(); ++first)
    for (std::size_t last = first + kFewestAbscissae - 1; last < x.size(); ++last) {
      const FitData part = data.window(x[first], x[last]);
      const auto fit = fit_form(law, part);
      if (!fit) continue;
      const Profile profile(law, part, *fit, 0);
      if (!profile.is_determined()) continue;
      windows.push_back({x[first], x[last], static_cast<int>(part.points.size()), fit->coefficients(0),
                         profile.error(), fit->chi2, fit->degrees_of_freedom, fit->p_value});
    }
  return windows;
}

WindowAverage average(const std::vector<WindowFit>& windows, std::size_t points, std::size_t coefficients) {
  std::vector<double> aic;
  for (const WindowFit& w : windows)
    aic.push_back(w.chi2 + 2 * static_cast<double>(coefficients) +
                  2 * (static_cast<double>(points) - w.points));
  if (aic.empty() || std::ranges::any_of(aic, [](double a) { return !std::isfinite(a); })) return {};
  const double least = *std::ranges::min_element(aic);
  double sum = 0, mean = 0, squares = 0, variance = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const double weight = std::exp(-(aic[i] - least) / 2);
    sum += weight;
    mean += weight * windows[i].value;
    squares += weight * windows[i].value * windows[i].value;
    variance += weight * windows[i].error * windows[i].error;
  }
  mean /= sum;
  const double error = std::sqrt(variance / sum + std::max(0.0, squares / sum - mean * mean));
  if (!std::isfinite(error)) return {};
  return {mean, error};
}

Bootstrap bootstrap(const Form& form, const FitData& data, const LeastSquares& fit, int replicas) {
  const Index k = fit.coefficients.size();
  const double scatter = scale_of_noise(form, data, fit);
  Bootstrap result{VectorXd::Constant(k, kUnknown), VectorXd::Constant(k, kUnknown)};
  if (!(scatter > 0)) return result;
  Redraw redraw(data, evaluate_values(form, data, fit.coefficients), scatter);
  Random random(kSeed);
  VectorXd sum = VectorXd::Zero(k), squares = VectorXd::Zero(k);
  for (int i = 0; i < replicas; ++i) {
    const auto again = fit_form(form, redraw(random), fit.coefficients);
    if (!again) continue;
    const VectorXd off = again->coefficients - fit.coefficients;
    sum += off;
    squares += off.cwiseAbs2();
    ++result.replicas;
  }
  if (result.replicas < 2) return result;
  result.bias = sum / result.replicas;
  result.error =
      ((squares - result.replicas * result.bias.cwiseAbs2()) / (result.replicas - 1)).cwiseMax(0).cwiseSqrt();
  return result;
}

}  // namespace leafcast::analysis
