#include "analysis/fit/least_squares.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/analysis/statistics.h"

namespace leafcast::analysis::least_squares_test {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using trials::Coverage;

constexpr int kTrials = 3000;

MatrixXd normals(int rows, int columns, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&](auto, auto) { return normal(random); });
}

/// Points x = 1…P whose errors grow and whose neighbours are correlated by 0.9.
MatrixXd true_covariance(int points) {
  MatrixXd c(points, points);
  for (int i = 0; i < points; ++i)
    for (int j = 0; j < points; ++j)
      c(i, j) = (0.1 + 0.02 * i) * (0.1 + 0.02 * j) * std::pow(0.9, std::abs(i - j));
  return c;
}

MatrixXd line_design(int points) {
  MatrixXd x(points, 2);
  x << VectorXd::LinSpaced(points, 1, points), VectorXd::Ones(points);
  return x;
}

/// What jackknife bins would give: bins of noise, their mean, and the covariance of that.
struct Bins {
  VectorXd mean;
  MatrixXd covariance;

  Bins(const MatrixXd& lower, int bins, std::mt19937_64& random) {
    const MatrixXd values =
        std::sqrt(bins) * normals(bins, static_cast<int>(lower.rows()), random) * lower.transpose();
    mean = values.colwise().mean();
    const MatrixXd centred = values.rowwise() - mean.transpose();
    covariance = centred.transpose() * centred / (bins - 1) / bins;
  }
};

/// Lines through one block of points, with what `told` makes of the covariance.
template <class Told>
Coverage try_block(int points, int bins, Told told) {
  std::mt19937_64 random(3);
  const MatrixXd lower = cholesky_factor(true_covariance(points)), design = line_design(points);
  const VectorXd truth = (VectorXd(2) << 0.7, -2).finished();
  Coverage coverage;
  for (int t = 0; t < kTrials; ++t) {
    const Bins drawn(lower, bins, random);
    const auto fit = solve_least_squares(design, design * truth + drawn.mean, told(drawn.covariance));
    coverage(fit->coefficients(0), fit->error(0), truth(0), fit->p_value);
  }
  return coverage;
}

TEST_CASE("correlated points: coverage, bias and p-values with the covariance of 64 bins", "[laws]") {
  const Coverage right = try_block(8, 64, [](const MatrixXd& c) { return Covariance{{{c, 63}}}; });
  CHECK(right.unbiased());
  CHECK(right.covers());
  CHECK(trials::is_uniform(right.p_values));

  // Wrong: the points are said to be independent.
  const Coverage independent = try_block(8, 64, [](const MatrixXd& c) {
    const VectorXd sigma = c.diagonal().cwiseSqrt();
    return Covariance::independent({sigma.data(), 8}, 63);
  });
  CHECK(independent.unbiased());  // it is the errors that are wrong
  CHECK_FALSE(independent.covers());
  CHECK_FALSE(trials::is_uniform(independent.p_values));
}

TEST_CASE("as many points as the bins bear: what the noise of the covariance does is accounted for",
          "[laws]") {
  const Coverage right = try_block(24, 64, [](const MatrixXd& c) { return Covariance{{{c, 63}}}; });
  CHECK(right.unbiased());
  CHECK(right.covers());
  CHECK(trials::is_uniform(right.p_values));

  // Wrong: the covariance is said to be known.
  const Coverage certain = try_block(24, 64, [](const MatrixXd& c) { return Covariance{{{c}}}; });
  CHECK_FALSE(certain.covers());
  CHECK_FALSE(trials::is_uniform(certain.p_values));
}

/// Independent points, each error from bins of its own.
Coverage try_cells(int bins, bool said_to_be_known) {
  std::mt19937_64 random(5);
  constexpr int kPoints = 7;
  const MatrixXd design = line_design(kPoints);
  const VectorXd truth = (VectorXd(2) << 0.7, -2).finished();
  Coverage coverage;
  for (int t = 0; t < kTrials; ++t) {
    VectorXd y = design * truth;
    Covariance covariance;
    for (int i = 0; i < kPoints; ++i) {
      const Bins drawn(MatrixXd::Constant(1, 1, 0.1 + 0.03 * i), bins, random);
      y(i) += drawn.mean(0);
      covariance.blocks.push_back({drawn.covariance, said_to_be_known ? kCertain : bins - 1.0});
    }
    const auto fit = solve_least_squares(design, y, covariance);
    coverage(fit->coefficients(0), fit->error(0), truth(0), fit->p_value);
  }
  return coverage;
}

TEST_CASE("independent cells: coverage and p-values with errors from few bins", "[laws]") {
  const Coverage right = try_cells(24, false);
  CHECK(right.unbiased());
  CHECK(right.covers());
  CHECK(trials::is_uniform(right.p_values));
  CHECK_FALSE(trials::is_uniform(try_cells(24, true).p_values));
}

TEST_CASE("a non-linear fit: growth with its correction, bias and coverage", "[laws]") {
  // y = 0.9x + 1.5 + log(1 + c·3^{−(12−x)}); without the correction the slope is off.
  constexpr int kPoints = 9;
  const VectorXd x = VectorXd::LinSpaced(kPoints, 2, 10), decay = ((x.array() - 12) * std::log(3)).exp();
  const VectorXd truth = (VectorXd(3) << 0.9, 1.5, -4).finished();
  const Model model = [&](const VectorXd& b, VectorXd& f, MatrixXd& j) {
    const Eigen::ArrayXd inside = (1 + b(2) * decay.array()).max(1e-6);
    f = b(0) * x.array() + b(1) + inside.log();
    j << x, VectorXd::Ones(kPoints), (decay.array() / inside).matrix();
  };
  VectorXd exact(kPoints);
  MatrixXd unused(kPoints, 3);
  model(truth, exact, unused);
  const std::vector<double> sigma(kPoints, 0.01);
  std::mt19937_64 random(7);
  Coverage with, without;
  for (int t = 0; t < kTrials; ++t) {
    const VectorXd y = exact + 0.01 * normals(kPoints, 1, random);
    const LeastSquares line = fit_line({x.data(), kPoints}, {y.data(), kPoints}, sigma);
    VectorXd start = VectorXd::Zero(3);
    start.head(2) = line.coefficients;
    const auto fit = solve_least_squares(model, start, y, Covariance::independent(sigma));
    REQUIRE(fit);
    with(fit->coefficients(0), fit->error(0), truth(0), fit->p_value);
    without(line.coefficients(0), line.error(0), truth(0), line.p_value);
  }
  CHECK(with.unbiased());
  CHECK(with.covers());
  CHECK(trials::is_uniform(with.p_values));
  CHECK_FALSE(without.unbiased());
  CHECK_FALSE(without.covers());
}

TEST_CASE("covariances that are of no use are refused with the reason", "[laws]") {
  CHECK(Covariance{{{true_covariance(40), 63}}}.problem().empty());
  CHECK(Covariance{{{true_covariance(60), 63}}}.problem().find("60 points from 64 bins") !=
        std::string::npos);
  MatrixXd twice = true_covariance(3);
  twice.row(2) = twice.row(1);
  twice.col(2) = twice.col(1);
  CHECK(Covariance{{{twice, 63}}}.problem().find("rank 2 of 3") != std::string::npos);
  CHECK(Covariance::independent(std::vector<double>{1, 2}).problem().empty());
}

TEST_CASE("covariances: parts and scales", "[laws]") {
  const Covariance all{{{true_covariance(3), 63}, {MatrixXd::Constant(1, 1, 4), 9}}};
  CHECK(all.size() == 4);
  CHECK(all.errors()[3] == Approx(2));
  const std::size_t some[] = {0, 2, 3};
  const Covariance part = all.select(some);
  REQUIRE(part.blocks.size() == 2);
  CHECK(part.blocks[0].matrix(0, 1) == all.blocks[0].matrix(0, 2));
  CHECK(part.blocks[1].degrees_of_freedom == 9);
  const double factors[] = {2, 1, 1, -3};
  const Covariance scaled = all.scaled(factors);
  CHECK(scaled.blocks[0].matrix(0, 2) == Approx(2 * all.blocks[0].matrix(0, 2)));
  CHECK(scaled.errors()[3] == Approx(6));
}

}  // namespace
}  // namespace leafcast::analysis::least_squares_test
