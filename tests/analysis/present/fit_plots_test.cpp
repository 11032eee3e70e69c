#include "analysis/present/fit_plots.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "analysis/fit/fits.h"
#include "analysis/present/gnuplot.h"
#include "analysis/theory/exact.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::fit_plots_test {
namespace {

std::vector<Fit> some_fits() {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  std::vector<Cell> cells;
  std::vector<Estimate> list;
  for (int w = 0; w <= 12; ++w) {
    cells.push_back(synthetic::make_cell({{"language.kind", "ising"},
                                          {"language.d", "3"},
                                          {"language.rho", "0.9"},
                                          {"language.height", "12"},
                                          {"generator.kind", "block"},
                                          {"generator.memory", "root"},
                                          {"generator.context-depth", std::to_string(w)}}));
    const Exact exact(cells.back());
    const double variance = exact("variance")->value;
    list.push_back(
        {cells.size() - 1, "variance", variance * (1 + 0.005 * normal(random)), 0.005 * variance, variance});
  }
  return fits(Record(Plan("", cells, "")), list);
}

const Curve* find(const Plot& plot, const std::string& label) {
  for (const Curve& curve : plot.curves)
    if (curve.label == label) return &curve;
  return nullptr;
}

TEST_CASE("a slope that is not determined has no line", "[laws]") {
  std::vector<Fit> fits = some_fits();
  Fit& fit = fits[0];
  fit.forms.front().p_value = 0.5;
  fit.predicted_y.clear();
  for (FormFit& form : fit.forms)
    for (Coefficient& c : form.coefficients) c.value = c.error = kUnknown;
  for (Coefficient& c : fit.coefficients) c.value = c.error = c.deviation = kUnknown;
  const std::vector<Plot> plots = fit_plots(fits);
  REQUIRE(plots.size() == 1);
  CHECK(count_fit_plots(fits) == 1);
  for (const char* label : {"law", "law (excluded)", "fitted", "as predicted", "with correction"})
    CHECK_FALSE(find(plots[0], label));
  CHECK(find(plots[0], "measured"));
  CHECK(plots[0].caption.find("the points do not determine a slope") != std::string::npos);
}

TEST_CASE("a fit has a plot of its points and one of its windows", "[laws]") {
  const std::vector<Fit> fits = some_fits();
  const std::vector<Plot> plots = fit_plots(fits);
  REQUIRE(plots.size() == 2);
  const Plot &points = plots[0], &windows = plots[1];
  CHECK(points.name != windows.name);
  CHECK(points.y_label == "log(Var S/n)");
  REQUIRE(find(points, "fitted"));
  CHECK(find(points, "fitted")->points.size() == fits[0].x.size());
  REQUIRE(find(points, "outside the window"));  // the bend near the root is clear of such errors
  CHECK(find(points, "fitted")->points.size() + find(points, "outside the window")->points.size() == 10);
  CHECK(find(points, "with correction"));
  CHECK(find(points, "as predicted"));
  const double slope = std::log(3 * 0.81);
  CHECK(find(windows, "predicted")->points[0].y == Approx(slope));
  CHECK((windows.y_low < slope && slope < windows.y_high));
  REQUIRE(find(windows, "up to w = 10"));
  CHECK(find(windows, "up to w = 10")->points.size() == 8);  // first = 1…8
  CHECK(find(windows, "the window shown, law excluded")->points.size() == 1);
  CHECK(fit_plots({Fit{}}).empty());
  // The picture itself says that these points exclude the law.
  REQUIRE(fits[0].is_excluded());
  CHECK(points.title.find("excluded") != std::string::npos);
  REQUIRE(find(points, "law (excluded)"));
  CHECK(find(points, "law (excluded)")->style == Curve::Style::guide);
  CHECK_FALSE(find(points, "law"));
  CHECK_FALSE(find(windows, "average over windows"));
  CHECK(windows.caption.find("averaged") == std::string::npos);

  const auto folder =
      std::filesystem::temp_directory_path() / ("leafcast-fit-plots-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const Plot& plot : plots) CHECK(draw(plot, folder).find("<svg") != std::string::npos);
  if (!std::getenv("LEAFCAST_KEEP_PLOTS")) std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace leafcast::analysis::fit_plots_test
