#include "analysis/fit/fits.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/fit/fit_form.h"
#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/registry.h"
#include "analysis/fit/laws/series.h"
#include "analysis/fit/least_squares.h"
#include "analysis/theory/exact.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::fits_test {
namespace {

using synthetic::make_cell;

// ---- least squares

struct Trials {
  double within_1, within_2;           ///< share of slopes within 1 and 2 errors of the truth
  std::vector<double> p_value_counts;  ///< in ten bins of equal probability
};

/// Fits y = 0.7x − 2 with Gaussian noise σ_i, said to be scale·σ_i.
Trials try_lines(int trials, double scale) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const std::vector<double> x = {0, 1, 2, 3.5, 5, 6};
  Trials result{0, 0, std::vector<double>(10, 0.0)};
  for (int t = 0; t < trials; ++t) {
    std::vector<double> y, sigma;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double s = 0.1 + 0.05 * static_cast<double>(i);
      y.push_back(0.7 * x[i] - 2 + s * normal(random));
      sigma.push_back(s * scale);
    }
    const LeastSquares line = fit_line(x, y, sigma);
    const double z = std::abs(line.coefficients(0) - 0.7) / line.error(0);
    result.within_1 += (z < 1) / static_cast<double>(trials);
    result.within_2 += (z < 2) / static_cast<double>(trials);
    ++result.p_value_counts[static_cast<std::size_t>(std::min(9.0, 10 * line.p_value))];
  }
  return result;
}

bool is_uniform(const std::vector<double>& counts, double trials) {
  for (const double c : counts)
    if (std::abs(c - trials / 10) > 5 * std::sqrt(trials * 0.1 * 0.9)) return false;
  return true;
}

TEST_CASE("least squares: coverage of the slope, uniform p-values") {
  // 5 binomial standard deviations each: false alarms below 1e-5 in all.
  constexpr int kTrials = 4000;
  const auto near = [](double share, double p) {
    return std::abs(share - p) < 5 * std::sqrt(p * (1 - p) / kTrials);
  };
  const Trials right = try_lines(kTrials, 1);
  CHECK(near(right.within_1, 0.6827));
  CHECK(near(right.within_2, 0.9545));
  CHECK(is_uniform(right.p_value_counts, kTrials));
  const Trials wrong = try_lines(kTrials, 0.5);  // errors said to be half of what they are
  CHECK_FALSE(near(wrong.within_1, 0.6827));
  CHECK_FALSE(is_uniform(wrong.p_value_counts, kTrials));
}

TEST_CASE("least squares: a case done by hand") {
  // Equal weights 1/4: slope ½, its variance σ²/Σ(x−x̄)² = 4/2.
  const std::vector<double> x = {0, 1, 2}, y = {0, 1, 1}, sigma = {2, 2, 2};
  const LeastSquares line = fit_line(x, y, sigma);
  CHECK(line.coefficients(0) == Approx(0.5));
  CHECK(line.coefficients(1) == Approx(1.0 / 6));
  CHECK(line.covariance(0, 0) == Approx(2));
  CHECK(line.covariance(1, 1) == Approx(4 * (1.0 / 3 + 1.0 / 2)));
  CHECK(line.chi2 == Approx(1.0 / 6 / 4));
  CHECK(line.degrees_of_freedom == 1);
  CHECK(line.p_value == Approx(std::erfc(std::sqrt(line.chi2 / 2))));  // χ² of one degree of freedom
}

// ---- laws

/// Cells with estimates as they are made up.
struct Bench {
  std::vector<Cell> cells;
  std::vector<Estimate> estimates;

  void add(Parameters parameters, const std::string& statistic, double value, double error,
           double exact = kUnknown) {
    parameters.try_emplace("language.kind", "ising");
    parameters.try_emplace("language.d", "3");
    if (parameters["language.kind"] == "ising") parameters.try_emplace("language.rho", "0.9");
    parameters.try_emplace("generator.kind", "block");
    Estimate estimate{cells.size(), statistic};
    estimate.value = value;
    estimate.error = error;
    estimate.exact = exact;
    estimates.push_back(estimate);
    cells.push_back(make_cell(parameters));
  }
  void add_block(int height, int w, const std::string& statistic, double value, double error,
                 double exact = kUnknown) {
    add({{"language.height", std::to_string(height)},
         {"generator.context-depth", std::to_string(w)},
         {"generator.memory", "root"}},
        statistic, value, error, exact);
  }
  std::vector<Fit> fits() const { return analysis::fits(Record(Plan("", cells, "")), estimates); }
};

const Fit* find(const std::vector<Fit>& fits, const std::string& law) {
  for (const Fit& fit : fits)
    if (fit.law == law) return &fit;
  return nullptr;
}

bool mentions(const Fit& fit, const std::string& words) { return fit.note.find(words) != std::string::npos; }

TEST_CASE("variance against context depth: known slope, asymptotic prediction") {
  const double growth = 3 * 0.81;
  Bench bench;
  for (int w = 0; w <= 12; ++w) {
    const double value = std::exp(1.5 + 0.9 * w);
    bench.add_block(12, w, "variance", value, 0.01 * value);
  }
  const auto fits = bench.fits();
  REQUIRE(fits.size() == 1);
  const Fit& fit = fits[0];
  CHECK(fit.law == "variance-context-depth");
  CHECK(fit.group == "ising d=3 ρ=0.9 h=12 · block root sampled");
  CHECK(fit.x == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(fit.cells.front() == 1);
  CHECK(fit.y_error[3] == Approx(0.01));
  REQUIRE(fit.coefficients.size() == 2);
  CHECK(fit.coefficients[0].value == Approx(0.9));
  CHECK(fit.coefficients[0].error ==
        Approx(0.01 / std::sqrt(82.5)).epsilon(0.02));  // χ² is nearly a parabola
  CHECK(fit.coefficients[0].z() == Approx((0.9 - std::log(growth)) / (0.01 / std::sqrt(82.5))).epsilon(0.2));
  CHECK(fit.coefficients[0].predicted == Approx(std::log(growth)));
  CHECK(fit.coefficients[1].value == Approx(1.5));
  CHECK(fit.degrees_of_freedom == 8);
  CHECK(fit.chi2 == Approx(0).margin(1e-9));
  CHECK(mentions(fit, "w ≥ 1 and h−w ≥ 2"));
}

TEST_CASE("the predicted constant is the exact variance's, deep in the tree and far from its root") {
  for (const char* memory : {"root", "leaves"}) {
    INFO(memory);
    Bench bench;
    for (int w = 1; w <= 4; ++w)
      bench.add({{"language.height", "36"},
                 {"generator.context-depth", std::to_string(w)},
                 {"generator.memory", memory}},
                "variance", 1, 0.1, memory[0] == 'r' ? kUnknown : 0);
    // Leaf memory needs an exact variance to know q_∞ from: let it be that of a writer who knows the root.
    const Cell deep = make_cell({{"language.kind", "ising"},
                                 {"language.d", "3"},
                                 {"language.height", "36"},
                                 {"language.rho", "0.9"},
                                 {"generator.kind", "block"},
                                 {"generator.context-depth", "18"},
                                 {"generator.memory", "root"}});
    const double exact = Exact(deep)("variance").value().value;
    if (memory[0] == 'l') {
      for (Estimate& e : bench.estimates) e.exact = kUnknown;
      bench.add({{"language.height", "36"}, {"generator.context-depth", "18"}, {"generator.memory", memory}},
                "variance", exact, exact, exact);
    }
    const auto fits = bench.fits();
    const Fit* fit = find(fits, "variance-context-depth");
    REQUIRE(fit);
    REQUIRE(fit->coefficients.size() == 2);
    CHECK(fit->coefficients[1].predicted == Approx(std::log(exact) - 18 * std::log(3 * 0.81)).epsilon(1e-6));
  }
}

TEST_CASE("fits are refused, with the reason, where they would mean nothing") {
  SECTION("too few contexts in the window") {
    Bench bench;
    for (int w = 0; w <= 4; ++w) bench.add_block(4, w, "variance", std::exp(w), 0.1);
    const auto fits = bench.fits();
    REQUIRE(fits.size() == 1);
    CHECK(fits[0].coefficients.empty());
    CHECK(mentions(fits[0], "2 different w remain and 3 are needed"));
  }
  SECTION("a single cell is no group") {
    Bench bench;
    bench.add_block(8, 3, "variance", 5, 0.1);
    CHECK(bench.fits().empty());
  }
  SECTION("unknown errors") {
    Bench bench;
    for (int w = 0; w <= 8; ++w) bench.add_block(8, w, "variance", std::exp(w), kUnknown);
    const auto fits = bench.fits();
    REQUIRE(fits.size() == 1);
    CHECK(fits[0].coefficients.empty());
    CHECK(mentions(fits[0], "error unknown"));
  }
  SECTION("below Kesten-Stigum") {
    Bench bench;
    for (int w = 1; w <= 6; ++w)
      bench.add(
          {{"language.height", "8"}, {"language.rho", "0.5"}, {"generator.context-depth", std::to_string(w)}},
          "variance", 2, 0.1);
    const auto fits = bench.fits();
    REQUIRE(fits.size() == 1);
    CHECK(fits[0].coefficients.empty());
    CHECK(mentions(fits[0], "0.75 does not exceed 1"));
  }
}

TEST_CASE("precise errors narrow the window towards the asymptotic regime") {
  const auto slope_with = [](double relative_error) {
    Bench bench;
    for (int w = 0; w <= 12; ++w) {
      bench.add_block(12, w, "variance", 1, 1);
      const double exact = Exact(bench.cells.back())("variance").value().value;
      bench.estimates.back().value = bench.estimates.back().exact = exact;
      bench.estimates.back().error = relative_error * exact;
    }
    return bench.fits().at(0);
  };
  const Fit coarse = slope_with(0.2), fine = slope_with(0.005);
  CHECK(coarse.x.size() == 10);
  CHECK_FALSE(coarse.is_excluded());
  CHECK(fine.x.size() < 10);
  CHECK(fine.x.front() == 1);
  CHECK(fine.p_value >= 0.01);
  CHECK(fine.is_excluded());
  CHECK(mentions(fine, "all points of the law's domain exclude it"));
  CHECK(mentions(fine, "chosen by its p, which is no test"));
  const auto distance = [](const Fit& f) {
    return std::abs(f.coefficients[0].value - f.coefficients[0].predicted);
  };
  CHECK(distance(fine) < distance(coarse));
  CHECK(mentions(fine, "(fit − exact = 0.0 errors)"));
}

TEST_CASE("more samples of the same numbers are not another point") {
  Bench bench;
  for (int w = 1; w <= 6; ++w)
    for (const char* samples : {"1000", "4000"})
      bench.add({{"language.height", "8"},
                 {"generator.context-depth", std::to_string(w)},
                 {"sampling.samples", samples}},
                "variance", std::exp(w), 0.1);
  const auto same_seed = bench.fits();
  REQUIRE(same_seed.size() == 1);
  CHECK(same_seed[0].cells == std::vector<std::size_t>{1, 3, 5, 7, 9, 11});

  Bench seeds;
  for (int w = 1; w <= 6; ++w)
    for (const char* seed : {"1", "2"})
      seeds.add({{"language.height", "8"}, {"generator.context-depth", std::to_string(w)}, {"seed", seed}},
                "variance", std::exp(w), 0.1);
  const auto two_seeds = seeds.fits();
  REQUIRE(two_seeds.size() == 1);
  CHECK(two_seeds[0].x.size() == 12);

  // A pooled cell has the random numbers of all its seeds, also of those that are not its first.
  Bench pooled;
  for (int w = 1; w <= 6; ++w)
    for (const auto& [seed, samples] : {std::pair{"2", "1000"}, {"1+2", "500+1000"}, {"3", "500"}})
      pooled.add({{"language.height", "8"},
                  {"generator.context-depth", std::to_string(w)},
                  {"seed", seed},
                  {"sampling.samples", samples}},
                 "variance", std::exp(w), 0.1);
  const auto two_of_three = pooled.fits();
  REQUIRE(two_of_three.size() == 1);
  CHECK(two_of_three[0].cells == std::vector<std::size_t>{1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17});
}

TEST_CASE("variance of k-grams") {
  Bench bench;
  for (const int k : {0, 1, 3, 9, 27, 81, 243, 729})
    bench.add(
        {{"language.height", "6"}, {"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}},
        "variance", 5 * std::pow(k, 0.8), 0.1);
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "variance-kgram");
  REQUIRE(fit);
  CHECK(fit->x.size() == 4);  // 3 ≤ k ≤ 3^4
  CHECK(mentions(*fit, "outside the domain: log_d k = 0, 5, 6"));
  CHECK(fit->coefficients[0].value == Approx(0.8 * std::log(3)));
  CHECK(fit->coefficients[0].predicted == Approx(std::log(3 * 0.81)));
}

TEST_CASE("a dense end of a scan does not outvote the rest") {
  // A power of the context up to n/3^2, saturated beyond; every k is scanned, so that most points are in the last level.
  const double slope = std::log(3 * 0.81);
  Bench bench;
  for (int k = 1; k <= 1000; k += k < 30 ? 1 : 7) {
    const double levels = std::log(k) / std::log(3.0), value = std::exp(slope * std::min(levels, 6.3));
    bench.add(
        {{"language.height", "7"}, {"generator.kind", "kgram"}, {"generator.context", std::to_string(k)}},
        "variance", value, 0.002 * value);
  }
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "variance-kgram");
  REQUIRE(fit);
  CHECK(fit->domain_x.front() == Approx(1));
  CHECK(fit->domain_x.back() <= 5);
  CHECK_FALSE(fit->is_excluded());
  CHECK(fit->coefficients[0].value == Approx(slope).epsilon(1e-3));
  CHECK(fit->outside_x.size() + fit->domain_x.size() == bench.cells.size());
  CHECK(mentions(*fit, "outside the domain"));
  CHECK(fit->windows.size() <= 16 * 15 / 2);
}

TEST_CASE("where no window bears the law, none is chosen and it is excluded") {
  Bench bench;
  for (int w = 1; w <= 9; ++w) {
    const double value = std::exp(0.9 * w + 0.2 * std::cos(3.1 * w));
    bench.add_block(12, w, "variance", value, 0.001 * value);
  }
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "variance-context-depth");
  REQUIRE(fit);
  CHECK(fit->is_excluded());
  CHECK(fit->x == fit->domain_x);
  CHECK(mentions(*fit, "no slope is claimed"));
  CHECK(std::isnan(fit->averaged));
}

/// Kurtoses that fall by 3 a level into noise of one size, many times: how often the slope's error holds it.
struct Slopes {
  double within_1 = 0, within_2 = 0, mean = 0;  ///< shares, and the mean deviation in errors
};
template <class Slope>
Slopes try_kurtoses(int trials, Slope slope) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  Slopes result;
  for (int t = 0; t < trials; ++t) {
    FitData data;
    data.values.resize(6);
    data.scale = log_of_size;
    data.sign = -1;
    for (int i = 0; i < 6; ++i) {
      LawPoint p;
      p.x = p.distance = i + 4;
      data.points.push_back(p);
      data.values(i) = -20 * std::pow(3.0, -p.x) + 0.01 * normal(random);
    }
    data.covariance = Covariance::independent(std::vector<double>(6, 0.01));
    const auto [value, error] = slope(data);
    const double z = (value + std::log(3)) / error;
    result.within_1 += (std::abs(z) < 1) / static_cast<double>(trials);
    result.within_2 += (std::abs(z) < 2) / static_cast<double>(trials);
    result.mean += z / trials;
  }
  return result;
}

TEST_CASE("kurtoses in noise are fitted as they are, none left out") {
  constexpr int kTrials = 4000;
  const auto near = [](double share, double p) {
    return std::abs(share - p) < 5 * std::sqrt(p * (1 - p) / kTrials);
  };
  const Slopes all = try_kurtoses(kTrials, [](const FitData& data) {
    const auto fit = fit_form(line("h−w"), data);
    REQUIRE(fit);
    return std::pair(fit->coefficients(0), fit->error(0));
  });
  CHECK(near(all.within_1, 0.6827));
  CHECK(near(all.within_2, 0.9545));
  CHECK(std::abs(all.mean) < 0.3);
  // The wrong twin: logarithms of what is clear of three errors, so that fluctuations upwards stay in.
  const Slopes selected = try_kurtoses(kTrials, [](const FitData& data) {
    std::vector<double> x, y, sigma;
    for (std::size_t i = 0; i < data.points.size(); ++i) {
      const double size = std::abs(data.values(static_cast<Eigen::Index>(i)));
      if (!(size > 0.03) && x.size() >= 3) continue;
      x.push_back(data.points[i].x);
      y.push_back(std::log(size));
      sigma.push_back(0.01 / size);
    }
    const LeastSquares line = fit_line(x, y, sigma);
    return std::pair(line.coefficients(0), line.error(0));
  });
  CHECK_FALSE(
      (near(selected.within_1, 0.6827) && near(selected.within_2, 0.9545) && std::abs(selected.mean) < 0.3));

  Bench bench;
  for (int w = 1; w <= 6; ++w)
    bench.add_block(10, w, "excess_kurtosis", w == 1 ? 0.001 : -20 * std::pow(3.0, -(10 - w)),
                    w == 1 ? 0.002 : 1e-4);
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "kurtosis-decay");
  REQUIRE(fit);
  CHECK(fit->x.size() == 6);
  CHECK(std::isnan(fit->domain_y.back()));
  CHECK(fit->domain_value.back() == 0.001);
  CHECK(std::isinf(fit->domain_y_low.back()));
  CHECK(fit->domain_y_high.back() == Approx(std::log(0.001)));
  CHECK(mentions(*fit, "noise left h−w = 9 without a logarithm; they are in the fit"));
  CHECK(fit->coefficients[0].value == Approx(-std::log(3)).epsilon(0.02));

  Bench heights;
  for (int height = 4; height <= 8; ++height)
    heights.add_block(height, 2, "excess_kurtosis", std::pow(3.0, -height), 1e-5);
  const auto by_height = heights.fits();
  const Fit* decay = find(by_height, "kurtosis-decay-height");
  REQUIRE(decay);
  CHECK(decay->group == "ising d=3 ρ=0.9 · block w=2 root sampled");
  CHECK(decay->coefficients[0].value == Approx(-std::log(3)));
}

TEST_CASE("kurtoses that are noise determine no slope, and nothing is said of one") {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  Bench bench;
  for (int w = 1; w <= 10; ++w)
    bench.add_block(14, w, "excess_kurtosis", 0.1 * normal(random), 0.1, -8 * std::pow(3.0, -(14 - w)));
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "kurtosis-decay");
  REQUIRE(fit);
  REQUIRE(fit->coefficients.size() == 2);
  CHECK_FALSE(fit->is_determined());
  for (const Coefficient& c : fit->coefficients) {
    CHECK((std::isnan(c.value) && std::isnan(c.error) && std::isnan(c.z())));
    CHECK((std::isnan(c.bootstrap_error) && std::isnan(c.deviation) && std::isnan(c.exact_deviation)));
  }
  CHECK(mentions(*fit, "the points are consistent with zero and do not determine a slope"));
  CHECK(std::isnan(fit->averaged));
  CHECK(fit->predicted_y.empty());
  for (const FormFit& form : fit->forms)
    if (form.name == "law" || form.name == "corrected") CHECK(std::isnan(form.coefficients.front().value));
}

TEST_CASE("errors that go with kurtoses do not decide their fits") {
  // Many cells of one abscissa whose noise is that of u = m₂²/m₄, with the error that belongs to each value.
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  Bench bench;
  for (int seed = 1; seed <= 60; ++seed)
    for (int w = 1; w <= 10; ++w) {
      const double truth = -8 * std::pow(3.0, -(14 - w)), sigma_u = 0.015;
      const double value = 1 / (1 / (truth + 3) + sigma_u * normal(random)) - 3;
      bench.add({{"language.height", "14"},
                 {"generator.context-depth", std::to_string(w)},
                 {"generator.memory", "root"},
                 {"seed", std::to_string(seed)}},
                "excess_kurtosis", value, sigma_u * std::pow(value + 3, 2));
    }
  const Record record(Plan("", bench.cells, ""));
  const EstimateIndex index(bench.estimates);
  const auto fit_with = [&](const LawScale& scale, bool average_seeds) {
    Law law = kurtosis_decay();
    law.scale = scale;
    AcrossCells points = *law.series.target<AcrossCells>();
    points.average_seeds = average_seeds;
    law.series = points;
    const auto series = law.series(Evidence{record, index, {}});
    REQUIRE(series.size() == 1);
    return fit_law(law, series[0]);
  };
  const Fit fit = fit_with(log_of_kurtosis, false);
  REQUIRE(fit.x.size() == 600);
  CHECK((!fit.is_determined() || std::abs(fit.coefficients[0].z()) < 3));
  // The wrong twin: as they are, low values have small errors and make the mean low, at any depth.
  const Fit wrong = fit_with(log_of_size, false);
  CHECK(wrong.is_determined());
  CHECK(std::abs(wrong.coefficients[0].z()) > 4);
  // Seeds are averaged: a point a depth, of what 60 seeds say together.
  const Fit averaged =
      fit_with(kurtosis_decay().scale, kurtosis_decay().series.target<AcrossCells>()->average_seeds);
  CHECK(averaged.x.size() == 10);
  CHECK((!averaged.is_determined() || std::abs(averaged.coefficients[0].z()) < 3));
  CHECK(mentions(averaged, "weighed by samples"));
  CHECK(averaged.domain_value_error.front() == Approx(0.015 * 9 / std::sqrt(60)).epsilon(0.1));
}

TEST_CASE("valid rates of which most are bounds claim no p, and say what exact values give") {
  Bench bench;
  for (int w = 1; w <= 5; ++w) {
    const double rate = std::exp(-0.07 * std::pow(5, 6 - w));
    const bool seen = rate > 1e-3;
    bench.add({{"language.kind", "coloring"},
               {"language.q", "3"},
               {"language.d", "5"},
               {"language.height", "6"},
               {"generator.context-depth", std::to_string(w)}},
              "valid_rate", seen ? rate : 0, seen ? std::sqrt(rate * (1 - rate) / 2000) : 3e-4,
              w >= 3 ? rate : kUnknown);
  }
  const auto fits = bench.fits();
  const Fit* fit = find(fits, "valid-rate-decay");
  REQUIRE(fit);
  CHECK(fit->degrees_of_freedom == 0);
  CHECK(std::isnan(fit->p_value));
  CHECK(fit->coefficients[0].value == Approx(std::log(5)).epsilon(0.01));
  CHECK(fit->coefficients[0].exact == Approx(std::log(5)).epsilon(0.01));
  CHECK(std::abs(fit->coefficients[0].exact_deviation) < 0.5);
  CHECK(mentions(*fit, "3 of 5 points are but bounds that agree with the law"));
  CHECK(mentions(*fit, "those 3 of the 5 cells that have one"));
  CHECK((std::isnan(fit->averaged) || fit->averaged_error > 0));
}

TEST_CASE("valid rates: as many chances to clash as blocks, where roots freeze") {
  for (const int d : {4, 5}) {
    Bench bench;
    for (int w = 0; w <= 8; ++w) {
      const double rate = std::exp(-0.01 * std::pow(d, 8 - w));
      bench.add({{"language.kind", "coloring"},
                 {"language.q", "3"},
                 {"language.d", std::to_string(d)},
                 {"language.height", "8"},
                 {"generator.context-depth", std::to_string(w)}},
                "valid_rate", rate, 1e-3);
    }
    const auto fits = bench.fits();
    const Fit* fit = find(fits, "valid-rate-decay");
    REQUIRE(fit);
    REQUIRE(fit->coefficients.size() == 2);
    CHECK(fit->x.front() == 1);  // h−w ≥ 1; depths at which nothing valid is seen say so
    CHECK(fit->x.back() == 7);
    CHECK(fit->coefficients[0].value == Approx(std::log(d)));
    CHECK(fit->coefficients[1].value == Approx(std::log(0.01)));
    if (d == 5) CHECK(fit->coefficients[0].predicted == Approx(std::log(5)));
    if (d == 4) {
      CHECK(std::isnan(fit->coefficients[0].predicted));
      CHECK(mentions(*fit, "freeze ever more rarely"));
    }
  }
}

}  // namespace
}  // namespace leafcast::analysis::fits_test
