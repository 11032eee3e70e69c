#include "analysis/fit/laws/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/laws/points.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

/// Bins − 1. Estimates without a tally (made up, or from elsewhere) have errors that are taken as known.
double degrees_of_freedom(const Record& record, std::size_t cell) {
  const int filled = record.filled_bins(cell);
  return filled == 0 ? kCertain : static_cast<double>(filled - 1);
}

/// Points of a series, each with the degrees of freedom of its error.
struct Weighed {
  std::vector<LawPoint> points;
  std::vector<double> degrees_of_freedom;
};

/// The mean of points of one law, weighed by samples. Its error is that of independent ones.
void add_mean(Weighed& result, const Record& record, const std::vector<LawPoint>& points) {
  LawPoint mean = points.front();
  double samples = 0, sum = 0, squares = 0, freedom = 0;
  for (const LawPoint& p : points) {
    const std::uint64_t drawn = record.samples(p.index);
    const auto weight = static_cast<double>(drawn > 0 ? drawn : p.cell->samples());
    samples += weight;
    sum += weight * p.value;
    squares += weight * weight * p.error * p.error;
    freedom += degrees_of_freedom(record, p.index);
  }
  mean.value = sum / samples;
  mean.error = std::sqrt(squares) / samples;
  result.points.push_back(mean);
  result.degrees_of_freedom.push_back(freedom);
}

/// Points with an error by law; the others stay as they are, to be told of.
Weighed averaged_over_seeds(const Record& record, const std::vector<LawPoint>& points) {
  std::vector<std::vector<LawPoint>> laws;
  std::map<std::string, std::size_t> place;
  Weighed result;
  for (const LawPoint& p : points) {
    const bool has_error = std::isfinite(p.value) && p.error > 0;
    if (!has_error) {
      result.points.push_back(p);
      result.degrees_of_freedom.push_back(degrees_of_freedom(record, p.index));
      continue;
    }
    const auto [entry, is_new] = place.try_emplace(group_key(*p.cell, {"seed"}), laws.size());
    if (is_new) laws.emplace_back();
    laws[entry->second].push_back(p);
  }
  for (const auto& law : laws) add_mean(result, record, law);
  return result;
}

}  // namespace

std::vector<Series> AcrossCells::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    const Estimate* estimate = evidence.index.find(i, statistic);
    const auto where = abscissa(cell);
    if (!estimate || !where || cell.language().is_grammar() || !cell.traits().is_exact) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, free_keys), list.size());
    if (is_new) {
      list.emplace_back();
      list.back().group = group_text(cell, free_keys);
      list.back().covariance_text = "independent cells, each error from its jackknife bins";
    }
    LawPoint point = point_of(evidence, i, *estimate);
    point.x = where->x;
    point.distance = where->distance;
    point.in_domain = in_domain(cell);
    list[entry->second].points.push_back(point);
  }
  for (Series& series : list) {
    Weighed of{std::move(series.points), {}};
    if (average_seeds) {
      const std::size_t cells = of.points.size();
      of = averaged_over_seeds(evidence.record, of.points);
      if (of.points.size() < cells)
        series.remark = fmt::format("{} cells that differ in seeds alone are {} points, weighed by samples",
                                    cells, of.points.size());
    } else {
      for (const LawPoint& p : of.points)
        of.degrees_of_freedom.push_back(degrees_of_freedom(evidence.record, p.index));
    }
    std::vector<std::size_t> order(of.points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return of.points[i].x; });
    series.points.clear();
    for (const std::size_t i : order) {
      const LawPoint& p = of.points[i];
      series.points.push_back(p);
      series.covariance.blocks.push_back(
          {Eigen::MatrixXd::Constant(1, 1, p.error * p.error), of.degrees_of_freedom[i]});
    }
  }
  return list;
}

std::vector<Series> BySubtreeHeight::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    if (!is_about(cell) || cell.language().is_grammar() || !cell.traits().is_exact) continue;
    Series series;
    std::vector<std::string> names;
    for (int j = 1; j <= cell.language().height; ++j) {
      const Estimate* estimate = evidence.index.find(i, statistic, j);
      if (!estimate) continue;
      LawPoint point = point_of(evidence, i, *estimate);
      point.x = point.distance = j;
      point.in_domain = j >= least_height;
      series.points.push_back(point);
      names.push_back(estimate->statistic);
    }
    if (series.points.empty()) continue;
    const JackknifeCovariance of_bins = jackknife_covariance(cell, evidence.record.tallies(i), names);
    series.group = group_text(cell, {"seed"});
    if (cell.seed() != 1 || cell.is_pooled()) series.group += " · " + cell.seed_text();
    series.covariance.blocks.push_back({of_bins.matrix, std::max(0, of_bins.bins - 1) * 1.0});
    series.covariance_text = fmt::format("{} jackknife bins of one cell", of_bins.bins);
    list.push_back(std::move(series));
  }
  return list;
}

std::vector<Series> AgainstSize::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  for (const Required& need : evidence.needs) {
    if (need.resource != resource) continue;
    Series series;
    series.group = fmt::format("{} · {} within {}", need.group, need.criterion, number_text(need.tolerance));
    std::vector<double> errors;
    for (const RequiredPoint& p : need.points) {
      LawPoint point;
      point.x = point.distance = x(p.n);
      point.value = std::log(p.required);
      point.error = p.error / p.required;
      if (!p.cells.empty()) {
        point.index = p.cells.back();
        point.cell = &evidence.record.plan.cells()[point.index];
      }
      series.points.push_back(point);
      errors.push_back(point.error);
    }
    series.is_exact = std::ranges::any_of(errors, [](double error) { return error == 0; });
    series.covariance = series.is_exact ? Covariance::independent(std::vector<double>(errors.size(), 1.0))
                                        : Covariance::independent(errors);
    series.covariance_text = series.is_exact ? "values without errors; the fit's are from their scatter"
                                             : "independent heights, with their errors";
    for (const std::string& remark : need.remarks)
      series.remark += (series.remark.empty() ? "" : "; ") + remark;
    list.push_back(std::move(series));
  }
  return list;
}

}  // namespace leafcast::analysis
