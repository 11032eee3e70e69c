#include "analysis/laws/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/cell_text.h"
#include "analysis/estimates.h"
#include "analysis/grammar_summary.h"
#include "analysis/number_text.h"

namespace leafcast::analysis {

namespace {

/// Cells of one law that share a seed have random numbers in common: the one with most samples stands for
/// them.
std::vector<std::size_t> independent_cells(const Record& record, const EstimateIndex& index) {
  const std::vector<Cell>& cells = record.plan.cells();
  std::vector<std::size_t> by_samples = index.cells();
  std::ranges::stable_sort(by_samples, std::ranges::greater{},
                           [&](std::size_t i) { return cells[i].samples(); });
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken;  // (law, seed)
  std::vector<std::size_t> list;
  for (const std::size_t i : by_samples) {
    const auto is_taken = [&](const SeedShare& share) { return taken.contains({cells[i].id(), share.seed}); };
    if (std::ranges::any_of(cells[i].shares(), is_taken)) continue;
    for (const SeedShare& share : cells[i].shares()) taken.insert({cells[i].id(), share.seed});
    list.push_back(i);
  }
  std::ranges::sort(list);
  return list;
}

LawPoint point_of(const Evidence& evidence, std::size_t index, const Estimate& estimate) {
  LawPoint point;
  point.index = index;
  point.cell = &evidence.record.plan.cells()[index];
  point.value = estimate.value;
  point.error = estimate.error;
  point.exact = estimate.exact;
  point.exact_error = estimate.exact_error;
  return point;
}

/// Bins − 1. Estimates without a tally (made up, or from elsewhere) have errors that are taken as known.
double degrees_of_freedom(const CellTally& bins) {
  const auto filled = std::ranges::count_if(bins, [](const Tally& bin) { return bin.samples > 0; });
  return filled == 0 ? kCertain : static_cast<double>(filled - 1);
}

}  // namespace

std::vector<Series> AcrossCells::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    const Estimate* estimate = evidence.index.find(i, statistic);
    const auto where = abscissa(cell);
    if (!estimate || !where || cell.language().is_grammar()) continue;
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
    std::ranges::stable_sort(series.points, {}, &LawPoint::x);
    for (const LawPoint& p : series.points)
      series.covariance.blocks.push_back({Eigen::MatrixXd::Constant(1, 1, p.error * p.error),
                                          degrees_of_freedom(evidence.record.tallies[p.index])});
  }
  return list;
}

std::vector<Series> BySubtreeHeight::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    if (!is_about(cell) || cell.language().is_grammar()) continue;
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
    const JackknifeCovariance of_bins = jackknife_covariance(cell, evidence.record.tallies[i], names);
    series.group = group_text(cell, {"seed"});
    if (cell.seed() != 1 || cell.is_pooled()) series.group += " · " + cell.seed_text();
    series.covariance.blocks.push_back({of_bins.matrix, std::max(0, of_bins.bins - 1) * 1.0});
    series.covariance_text = fmt::format("{} jackknife bins of one cell", of_bins.bins);
    list.push_back(std::move(series));
  }
  return list;
}

std::vector<Series> OverGrammars::operator()(const Evidence& evidence) const {
  const std::set<std::string> free_keys = {"language.grammar-seed", "seed"};
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    if (!cell.language().is_grammar() || !is_about(cell) || !evidence.index.find(i, statistic, 1)) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, free_keys), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(i);
  }
  std::vector<Series> list;
  for (const std::vector<std::size_t>& cells : groups) {
    const Cell& cell = evidence.record.plan.cells()[cells.front()];
    Series& series = list.emplace_back();
    series.group = group_text(cell, free_keys);
    std::vector<std::string> names;
    const auto grammars = static_cast<Eigen::Index>(cells.size());
    Eigen::MatrixXd values(grammars, cell.language().height), exact(grammars, cell.language().height);
    Eigen::Index levels = 0;
    for (int j = 1; j <= cell.language().height; ++j) {
      LawPoint point;
      for (Eigen::Index g = 0; g < grammars; ++g) {
        const Estimate* estimate = evidence.index.find(cells[static_cast<std::size_t>(g)], statistic, j);
        if (g == 0 && estimate) point = point_of(evidence, cells.front(), *estimate);
        values(g, levels) = estimate ? estimate->value : kUnknown;
        exact(g, levels) = estimate ? estimate->exact : kUnknown;
      }
      point.x = point.distance = j;
      point.value = values.col(levels).mean();
      point.exact = exact.col(levels).mean();
      if (std::isnan(point.value)) continue;
      series.points.push_back(point);
      names.push_back(fmt::format("{}@{}", statistic, j));
      ++levels;
    }
    if (grammars == 1) {
      const JackknifeCovariance of_bins =
          jackknife_covariance(cell, evidence.record.tallies[cells.front()], names);
      series.covariance.blocks.push_back({of_bins.matrix, std::max(0, of_bins.bins - 1) * 1.0});
      series.covariance_text = fmt::format("{} jackknife bins of one cell, of one grammar", of_bins.bins);
      continue;
    }
    // Of so few grammars a whole covariance would have no use.
    const double n = static_cast<double>(grammars);
    for (Eigen::Index j = 0; j < levels; ++j) {
      const double square = (values.col(j).array() - values.col(j).mean()).square().sum() / (n * (n - 1));
      series.points[static_cast<std::size_t>(j)].error = std::sqrt(square);
      series.covariance.blocks.push_back({Eigen::MatrixXd::Constant(1, 1, square), n - 1});
    }
    series.covariance_text = fmt::format("the spread of {} grammars, level by level", cells.size());
  }
  return list;
}

std::vector<Series> LearningCurve::operator()(const Evidence& evidence) const {
  const std::set<std::string> free_keys = {"language.grammar-seed", "seed", "generator.training"};
  std::map<std::string, std::map<double, std::vector<std::size_t>>> groups;  // by P
  std::vector<std::string> order;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    if (!is_about(cell) || !evidence.index.find(i, statistic)) continue;
    const std::string key = group_key(cell, free_keys);
    if (!groups.contains(key)) order.push_back(key);
    groups[key][static_cast<double>(std::get<LearnerGenerator>(cell.generator()).training)].push_back(i);
  }
  std::vector<Series> list;
  for (const std::string& key : order) {
    Series series;
    std::vector<double> errors;
    std::size_t fewest = kNoCell;
    for (const auto& [training, cells] : groups[key]) {
      LawPoint point = point_of(evidence, cells.front(), *evidence.index.find(cells.front(), statistic));
      std::vector<double> values;
      for (const std::size_t i : cells) values.push_back(evidence.index.find(i, statistic)->value);
      if (values.size() > 1) {
        const MeanOverGrammars mean = mean_over_grammars(values);
        point.value = mean.mean;
        point.error = mean.error;
        point.exact = kUnknown;
      }
      fewest = std::min(fewest, cells.size());
      point.x = point.distance = std::log(training);
      point.in_domain = in_domain(point.value, *point.cell);
      series.points.push_back(point);
      errors.push_back(point.error);
    }
    series.group = group_text(*series.points.front().cell, free_keys);
    series.covariance = Covariance::independent(errors);
    series.covariance_text = fewest > 1 ? fmt::format("the spread of {} grammars or more", fewest)
                                        : "training sets of one grammar";
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
      point.value = p.required;
      point.error = p.error;
      if (!p.cells.empty()) {
        point.index = p.cells.back();
        point.cell = &evidence.record.plan.cells()[point.index];
      }
      series.points.push_back(point);
      errors.push_back(p.error);
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
