#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/fit_form.h"
#include "analysis/fit/fit_stability.h"
#include "analysis/fit/fits.h"
#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/registry.h"
#include "tests/analysis/statistics.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::laws_test {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

const Fit* find(const std::vector<Fit>& fits, const std::string& law) {
  for (const Fit& fit : fits)
    if (fit.law == law) return &fit;
  return nullptr;
}

const FormFit* find_form(const Fit& fit, const std::string& name) {
  for (const FormFit& form : fit.forms)
    if (form.name == name) return &form;
  return nullptr;
}

TEST_CASE("every law says what it is", "[laws]") {
  std::set<std::string> names;
  for (const Law& law : laws()) {
    INFO(law.name);
    CHECK(names.insert(law.name).second);
    CHECK_FALSE(law.formula.empty());
    CHECK_FALSE(law.source.empty());
    CHECK_FALSE(law.domain.empty());
    CHECK_FALSE(law.rivals.empty());
    CHECK(law.form.linear);
    CHECK(law.form.coefficients.size() <= 2);
  }
  CHECK(names.size() == 16);
}

TEST_CASE("the derivatives of the corrected form", "[laws]") {
  const Form form = corrected_line("w", "3^−t", std::log(3));
  LawPoint p;
  p.x = 4;
  p.distance = 2;
  for (const double c : {2.0, -8.0, -9.5}) {  // 1 + c/9 above 0, near it, and below
    const std::vector<double> beta = {0.9, 1.5, c};
    std::vector<double> gradient(3), unused(3);
    const double y = form.y(p, beta, gradient);
    for (std::size_t k = 0; k < 3; ++k) {
      std::vector<double> more = beta;
      more[k] += 1e-7;
      CHECK(form.y(p, more, unused) - y ==
            Approx(1e-7 * gradient[k]).epsilon(1e-5).margin(4e-15 * std::abs(y)));
    }
  }
}

// ---- points of one cell

Cell true_cell() {
  return synthetic::make_cell({{"language.kind", "ising"},
                               {"language.d", "2"},
                               {"language.height", "5"},
                               {"language.rho", "0.95"},
                               {"generator.kind", "true"},
                               {"sampling.samples", "256"}});
}

TEST_CASE("points of one cell: the bins' covariance is that of repeated runs, and fits cover the truth",
          "[laws]") {
  constexpr int kRuns = 250;
  const Cell cell = true_cell();
  const std::vector<std::string> names = {"variance@4", "variance@5"};
  trials::Coverage right, wrong;
  std::vector<Eigen::Vector2d> values;
  Eigen::Matrix2d claimed = Eigen::Matrix2d::Zero();
  const auto law = std::ranges::find(laws(), "correlation-lca-height", &Law::name);
  const double truth = 2 * std::log(0.95);
  for (int run = 0; run < kRuns; ++run) {
    const Record record = synthetic::draw(Plan("", {cell}, ""), static_cast<std::uint64_t>(run) + 1);
    const auto list = estimates_alone(record);
    const EstimateIndex index(list);
    values.emplace_back(index.find(0, names[0])->value, index.find(0, names[1])->value);
    const JackknifeCovariance of_bins = jackknife_covariance(cell, record.tallies(0), names);
    REQUIRE(of_bins.bins == 64);
    CHECK(std::sqrt(of_bins.matrix(0, 0)) == Approx(index.find(0, names[0])->error));
    claimed += of_bins.matrix / kRuns;

    std::vector<Series> series = law->series({record, index, {}});
    REQUIRE(series.size() == 1);
    const Fit fit = fit_law(*law, series[0]);
    REQUIRE(fit.coefficients.size() == 2);
    const WindowFit& all =
        fit.windows[2];  // from the first abscissa to the last: the window is not chosen by p
    REQUIRE((all.first == 1 && all.last == 5));
    right(all.value, all.error, truth, all.p_value);

    for (int i = 0; i < 5; ++i)  // wrong: as if each point came from a cell of its own
      series[0].covariance.blocks.push_back(
          {MatrixXd::Constant(1, 1, series[0].covariance.blocks[0].matrix(i, i)), 63});
    series[0].covariance.blocks.erase(series[0].covariance.blocks.begin());
    const WindowFit independent = fit_law(*law, series[0]).windows[2];
    wrong(independent.value, independent.error, truth, independent.p_value);
  }
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  for (const auto& v : values) mean += v / kRuns;
  Eigen::Matrix2d seen = Eigen::Matrix2d::Zero();
  for (const auto& v : values) seen += (v - mean) * (v - mean).transpose() / (kRuns - 1);
  // Of a sample covariance: standard error √((c_ij² + c_ii c_jj)/N).
  const auto near = [&](double c, int i, int j) {
    return std::abs(c - seen(i, j)) <
           5 * std::sqrt((claimed(i, j) * claimed(i, j) + claimed(i, i) * claimed(j, j)) / kRuns);
  };
  CHECK(near(claimed(0, 0), 0, 0));
  CHECK(near(claimed(1, 1), 1, 1));
  CHECK(near(claimed(0, 1), 0, 1));
  CHECK_FALSE(near(0, 0, 1));
  CHECK(right.covers());
  CHECK(trials::is_uniform(right.p_values));
  CHECK_FALSE((wrong.covers() && trials::is_uniform(wrong.p_values)));
}

TEST_CASE("variance by subtree height: the corrected form is the exact law", "[laws]") {
  const Record record = synthetic::draw(Plan("", {true_cell().with_shares({{1, 4096}})}, ""), 9);
  const auto list = fits(record, estimates(record));
  const Fit* fit = find(list, "variance-subtree-height");
  REQUIRE(fit);
  REQUIRE(fit->coefficients.size() == 2);
  CHECK(fit->covariance == "64 jackknife bins of one cell");
  CHECK(fit->coefficients[0].predicted == Approx(std::log(2 * 0.9025)));
  const FormFit* corrected = find_form(*fit, "corrected");
  REQUIRE(corrected);
  for (const Coefficient& c : corrected->coefficients) {
    INFO(c.name);
    CHECK(std::abs(c.z()) < 4);
  }
  REQUIRE(find(list, "correlation-lca-height"));
}

// ---- windows, forms, bootstrap

FitData line_data(int points, double sigma, double curvature, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  FitData data;
  data.values.resize(points);
  for (int i = 0; i < points; ++i) {
    LawPoint p;
    p.x = p.distance = i + 1;
    data.points.push_back(p);
    data.values(i) = 0.5 * p.x + 1 + curvature * std::exp(-p.x) + sigma * normal(random);
  }
  data.covariance = Covariance::independent(std::vector<double>(static_cast<std::size_t>(points), sigma));
  return data;
}

TEST_CASE("all windows are scanned, and their average holds the truth that the whole range misses",
          "[laws]") {
  std::mt19937_64 random(13);
  const Form form = line("x");
  CHECK(scan_windows(form, line_data(9, 0.01, 0, random)).size() == 28);  // (7·8)/2
  trials::Coverage averaged, whole;
  for (int t = 0; t < 500; ++t) {
    const FitData data = line_data(9, 0.01, 0.3, random);
    const auto windows = scan_windows(form, data);
    const WindowAverage mean = average(windows, 9, 2);
    averaged(mean.value, mean.error, 0.5, 0.5);
    const auto all = fit_form(form, data);
    whole(all->coefficients(0), all->error(0), 0.5, all->p_value);
  }
  CHECK(averaged.within_2 / averaged.trials > 0.9);  // its error holds the choice of the window
  CHECK(whole.within_2 / whole.trials < 0.5);
}

TEST_CASE("the bootstrap finds the error of the fit, and sees a covariance taken for known", "[laws]") {
  // Error of a standard deviation from 1000 replicas: 2.2%; 5 of them.
  std::mt19937_64 random(17);
  FitData data = line_data(20, 0.1, 0, random);
  data.covariance.blocks = {{MatrixXd::Identity(20, 20) * 0.01, 63}};
  const auto fit = fit_form(line("x"), data);
  const Bootstrap right = bootstrap(line("x"), data, *fit);
  CHECK(right.replicas == 1000);
  CHECK(right.error(0) == Approx(fit->error(0)).epsilon(0.11));
  CHECK(std::abs(right.bias(0)) < 5 * fit->error(0) / std::sqrt(1000));
  CHECK(bootstrap(line("x"), data, *fit).error(0) == right.error(0));
  FitData certain = data;
  certain.covariance.blocks[0].degrees_of_freedom = kCertain;
  CHECK_FALSE(bootstrap(line("x"), certain, *fit).error(0) == Approx(fit->error(0)).epsilon(0.11));
}

/// Variances of a block writer, as said by `log_variance(w)`.
template <class Function>
Fit fit_variances(Function log_variance, double error) {
  std::mt19937_64 random(19);
  std::normal_distribution<double> normal;
  std::vector<Cell> cells;
  std::vector<Estimate> list;
  for (int w = 1; w <= 14; ++w) {
    cells.push_back(synthetic::make_cell({{"language.kind", "ising"},
                                          {"language.d", "3"},
                                          {"language.rho", "0.9"},
                                          {"language.height", "16"},
                                          {"generator.kind", "block"},
                                          {"generator.memory", "root"},
                                          {"generator.context-depth", std::to_string(w)}}));
    const double value = std::exp(log_variance(w) + error * normal(random));
    list.push_back({cells.size() - 1, "variance", value, error * value});
  }
  const std::vector<Fit> all = fits(Record(Plan("", cells, "")), list);
  return *find(all, "variance-context-depth");
}

TEST_CASE("forms are compared: the one that data come from wins", "[laws]") {
  const auto least = [](const Fit& fit) {
    return std::ranges::min_element(fit.forms, {}, &FormFit::bic)->name;
  };
  const double slope = std::log(3 * 0.81);
  const Fit pure = fit_variances([&](int w) { return slope * w + 1; }, 0.02);
  REQUIRE(pure.forms.size() == 4);
  CHECK(least(pure) == "law");
  CHECK(find_form(pure, "corrected")->ratio_p_value > 1e-3);
  CHECK(find_form(pure, "constant")->ratio_p_value < 1e-9);
  CHECK(find_form(pure, "constant")->nesting == "within the law");
  CHECK(find_form(pure, "power")->aic > find_form(pure, "law")->aic + 100);
  CHECK(pure.predicted_y.size() == 14);
  CHECK(pure.windows.size() == 78);
  CHECK(std::abs(pure.averaged - slope) < 4 * pure.averaged_error);

  const Fit bent =
      fit_variances([&](int w) { return slope * w + 1 + std::log(1 - 3 * std::pow(3.0, w - 16)); }, 0.02);
  CHECK(least(bent) == "corrected");
  const FormFit* corrected = find_form(bent, "corrected");
  CHECK(corrected->ratio_p_value < 1e-3);
  CHECK(corrected->p_value > 1e-3);
  CHECK(std::abs(corrected->coefficients[0].z()) < 4);
  CHECK(corrected->coefficients[2].value == Approx(-3).margin(4 * corrected->coefficients[2].error));

  CHECK(least(fit_variances([](int w) { return 2 * std::log1p(w) + 1; }, 0.02)) == "power");
  CHECK(least(fit_variances([](int) { return 3.0; }, 0.02)) == "constant");
}

// ---- other sources

Required need(const std::string& resource, const std::function<double(int h)>& required, double error) {
  Required list{"variance",          resource, "ising d=3 ρ=0.9 · block root sampled", 3, 0.1, {},
                {"h = 2: too small"}};
  for (int h = 6; h <= 14; h += 2)
    list.points.push_back({std::pow(3.0, h), required(h), error * required(h), {}, h});
  return list;
}

TEST_CASE("what is required, against n", "[laws]") {
  const std::vector<Required> needs = {need(
                                           "context", [](int h) { return std::pow(3.0, h - 2); }, 0.01),
                                       need(
                                           "memory", [](int h) { return 3.0 * h; }, 0),
                                       need(
                                           "memory", [](int h) { return std::pow(3.0, 0.5 * h); }, 0),
                                       need(
                                           "memory", [](int h) { return 3.0 * (h - 2); }, 0)};
  const std::vector<Fit> list = fits(Record(), {}, needs);
  REQUIRE(list.size() == 4);
  CHECK(list[0].law == "required-context");
  CHECK(list[0].coefficients[0].value == Approx(1));
  CHECK(list[0].coefficients[0].predicted == 1);
  CHECK(list[0].coefficients[0].error > 0);
  CHECK(list[0].note.find("h = 2: too small") != std::string::npos);
  CHECK(list[0].cells.front() == kNoCell);
  CHECK(list[1].law == "required-memory");
  CHECK(list[1].coefficients[0].value == Approx(1));  // log m = log log n + constant, exactly
  CHECK(list[1].coefficients[0].error < 1e-6);
  CHECK(std::isnan(list[1].chi2));
  CHECK(list[1].covariance.find("scatter") != std::string::npos);
  const auto best = [](const Fit& fit) {
    return std::ranges::min_element(fit.forms, {}, &FormFit::aic)->name;
  };
  CHECK(best(list[1]) == "law");
  CHECK(list[3].coefficients[0].value > 1.05);  // a constant number of levels short of h …
  CHECK(find_form(list[3], "corrected")->coefficients[0].value ==
        Approx(1).epsilon(1e-4));  // … is a correction
  CHECK(best(list[3]) == "corrected");
  CHECK(best(list[2]) == "power");  // wrong: memory that grows as a power of n
}

TEST_CASE("frozen roots: the limit of the recursion, where there is one", "[laws]") {
  const auto frozen = [](int d, double limit) {
    std::vector<Cell> cells;
    std::vector<Estimate> list;
    for (int h = 2; h <= 6; ++h) {
      cells.push_back(synthetic::make_cell({{"language.kind", "coloring"},
                                            {"language.q", "3"},
                                            {"language.d", std::to_string(d)},
                                            {"language.height", std::to_string(h)},
                                            {"generator.kind", "true"}}));
      list.push_back({cells.size() - 1, "frozen_rate", limit, 0.001});
    }
    return fits(Record(Plan("", cells, "")), list);
  };
  const auto five = frozen(5, 0.899);
  const Fit* fit = find(five, "frozen-fraction");
  REQUIRE(fit);
  REQUIRE(fit->coefficients.size() == 1);
  CHECK(fit->coefficients[0].name == "limit");
  CHECK(fit->coefficients[0].predicted == Approx(0.8988).epsilon(1e-4));  // MATH.md §6
  CHECK(fit->coefficients[0].value == Approx(0.899));
  REQUIRE(find_form(*fit, "corrected"));
  const auto four = frozen(4, 0.2);
  REQUIRE(find(four, "frozen-fraction"));
  CHECK(find(four, "frozen-fraction")->coefficients.empty());
  CHECK(find(four, "frozen-fraction")->note.find("freeze ever more rarely") != std::string::npos);
}

TEST_CASE("too few bins for so many points: no fit, with the reason", "[laws]") {
  Parameters parameters = true_cell().parameters();
  parameters["language.rho"] = "0.5";  // so that 12 sentences have seen departures
  const Record record =
      synthetic::draw(Plan("", {synthetic::make_cell(parameters).with_shares({{1, 12}})}, ""), 1);
  const auto list = fits(record, estimates_alone(record));
  const Fit* fit = find(list, "correlation-lca-height");
  REQUIRE(fit);
  CHECK(fit->coefficients.empty());
  CHECK(fit->note.find("from 12 bins") != std::string::npos);
}

}  // namespace
}  // namespace leafcast::analysis::laws_test
