#include "analysis/fit/profile.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/fit/fit_stability.h"
#include "analysis/fit/laws/forms.h"

namespace leafcast::analysis::profile_test {
namespace {

const double kSlope = -std::log(3);

/// Ten kurtoses that fall by 3 a level into noise; the first is `clear` errors from zero.
FitData kurtoses(double clear, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  constexpr int kPoints = 10;
  FitData data;
  data.values.resize(kPoints);
  data.scale = log_of_size;
  for (int i = 0; i < kPoints; ++i) {
    LawPoint p;
    p.x = p.distance = i + 4;
    data.points.push_back(p);
    data.values(i) = -clear * std::pow(3.0, -i) + normal(random);
  }
  Eigen::Index most = 0;
  data.values.cwiseAbs().maxCoeff(&most);
  data.sign = data.values(most) < 0 ? -1 : 1;
  data.covariance = Covariance::independent(std::vector<double>(kPoints, 1.0));
  return data;
}

struct Claims {
  int made = 0, within_1 = 0, within_2 = 0, beyond_3 = 0;
  void add(double z) {
    ++made;
    within_1 += std::abs(z) < 1;
    within_2 += std::abs(z) < 2;
    beyond_3 += !(std::abs(z) < 3);
  }
  bool covers() const {
    const auto near = [&](int count, double p) {
      return std::abs(count - p * made) < 5 * std::sqrt(p * (1 - p) * made);
    };
    return near(within_1, 0.6827) && near(within_2, 0.9545) && beyond_3 < 0.01 * made;
  }
};

/// By the profile, and by the wrong twin: the error of χ² linearised at the fit.
struct Trials {
  Claims profile, linearised;
};
Trials try_slopes(double clear, int trials) {
  std::mt19937_64 random(7);
  Trials result;
  const Form form = line("h−w");
  for (int t = 0; t < trials; ++t) {
    const FitData data = kurtoses(clear, random);
    const auto fit = fit_form(form, data);
    if (!fit) continue;
    result.linearised.add((fit->coefficients(0) - kSlope) / fit->error(0));
    Profile profile(form, data, *fit, 0);
    if (profile.is_determined()) result.profile.add(profile.deviation(kSlope));
  }
  return result;
}

TEST_CASE("slopes of kurtoses most of which are noise: what is claimed covers") {
  constexpr int kTrials = 1000;
  const Trials trials = try_slopes(15, kTrials);  // three of ten points are clear of noise
  CHECK(trials.profile.made > 0.9 * kTrials);
  CHECK(trials.profile.covers());
  CHECK_FALSE(trials.linearised.covers());
}

TEST_CASE("noise determines no slope") {
  // 0.2% of noise and 0.3% of slopes are three errors off: more than 1.5% of 1000 by chance below 1e-5.
  constexpr int kTrials = 1000;
  for (const double clear : {0.0, 1.0, 3.0, 5.0}) {
    INFO(clear);
    const Trials trials = try_slopes(clear, kTrials);
    CHECK(trials.profile.beyond_3 < 0.015 * kTrials);
    if (clear <= 1) CHECK(trials.profile.made < 0.015 * kTrials);
    CHECK(trials.linearised.beyond_3 > 0.03 * kTrials);
  }
  std::mt19937_64 random(3);
  CHECK(scan_windows(line("h−w"), kurtoses(0, random)).empty());
}

TEST_CASE("a profile is the covariance where values are linear in the coefficients, or nearly") {
  FitData data;
  data.values.resize(4);
  for (int i = 0; i < 4; ++i) {
    LawPoint p;
    p.x = i;
    data.points.push_back(p);
    data.values(i) = std::exp(0.7 * i + 1) * (1 + 1e-4 * (i % 2));
  }
  const Form form = line("x");
  for (const LawScale& scale : {as_is, log_of}) {
    data.scale = scale;
    std::vector<double> sigma;
    for (int i = 0; i < 4; ++i) sigma.push_back(1e-3 * data.values(i));
    // As if from few bins of one cell: the errors of coefficients are larger than χ² says.
    Covariance bins;
    bins.blocks.push_back({Eigen::MatrixXd::Zero(4, 4), 20});
    for (int i = 0; i < 4; ++i) bins.blocks[0].matrix(i, i) = std::pow(sigma[static_cast<std::size_t>(i)], 2);
    for (const Covariance& covariance : {Covariance::independent(sigma), bins}) {
      data.covariance = covariance;
      const auto fit = fit_form(form, data);
      REQUIRE(fit);
      for (const int k : {0, 1}) {
        Profile profile(form, data, *fit, k);
        REQUIRE(profile.is_determined());
        CHECK(profile.error() == Approx(fit->error(k)).epsilon(0.01));
        CHECK(profile.deviation(fit->coefficients(k) - 2 * fit->error(k)) == Approx(2).epsilon(0.01));
        CHECK(profile.deviation(fit->coefficients(k) + fit->error(k)) == Approx(-1).epsilon(0.01));
      }
    }
  }
}

TEST_CASE("the lowest valley of χ² is found from any start") {
  // A clear decay, and a chance rise of the other end that a search from the clear points might fall for.
  std::mt19937_64 random(1);
  FitData data = kurtoses(15, random);
  const Form form = line("h−w");
  const auto fit = fit_form(form, data);
  REQUIRE(fit);
  const HeldSlope line(form, data);
  for (const double slope : line.slopes()) CHECK(line(slope).chi2 >= fit->chi2 - 1e-3);
}

TEST_CASE("rates of which nothing was seen are bounds: no degrees of freedom") {
  FitData data;
  data.scale = log_of_minus_log;
  const std::vector<double> rates = {0.5, 0.04, 0, 0, 0}, sigma = {0.01, 0.004, 4e-4, 4e-4, 4e-4};
  data.values = Eigen::Map<const Eigen::VectorXd>(rates.data(), 5);
  for (int i = 0; i < 5; ++i) {
    LawPoint p;
    p.x = p.distance = i + 1;
    data.points.push_back(p);
  }
  data.covariance = Covariance::independent(sigma);
  const Form form = line("(h−w)");
  const auto fit = fit_form(form, data);
  REQUIRE(fit);
  CHECK(fit->degrees_of_freedom == 0);
  CHECK(std::isnan(fit->p_value));
  Profile profile(form, data, *fit, 0);  // two points do determine a slope
  CHECK(profile.is_determined());
  CHECK(fit->coefficients(0) == Approx(std::log(std::log(0.04) / std::log(0.5))).epsilon(0.01));
  // A bound that disagrees counts.
  data.values(1) = 0.45;
  const auto other = fit_form(form, data);
  REQUIRE(other);
  CHECK(other->degrees_of_freedom >= 1);
  CHECK(other->p_value < 1e-6);
}

}  // namespace
}  // namespace leafcast::analysis::profile_test
