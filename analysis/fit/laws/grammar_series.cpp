#include "analysis/fit/laws/grammar_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/laws/points.h"
#include "analysis/text/cell_text.h"
#include "analysis/theory/grammar_correlation.h"
#include "analysis/theory/grammar_entropy.h"
#include "analysis/theory/grammar_values.h"

namespace leafcast::analysis {

namespace {

const GrammarValue* find(const GrammarFamily& family, const std::string& statistic, int level) {
  const auto found =
      std::ranges::find(family.average, fmt::format("{}@{}", statistic, level), &GrammarValue::statistic);
  return found == family.average.end() ? nullptr : &*found;
}

/// Where a curve of losses against log P comes below a level for the first time; nothing if it begins below
/// it, or never does.
std::optional<double> passes(const std::map<double, std::pair<double, std::size_t>>& curve, double level) {
  std::optional<std::pair<double, double>> before;
  for (const auto& [size, point] : curve) {
    const double loss = point.first;
    if (loss <= level) {
      if (!before) return {};
      return before->first + (size - before->first) * (before->second - level) / (before->second - loss);
    }
    before = {size, loss};
  }
  return {};
}

}  // namespace

std::vector<Series> OverGrammars::operator()(const Evidence& evidence) const {
  const std::set<std::string> free_keys = {"language.grammar-seed", "seed"};
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    if (!cell.language().is_grammar() || !cell.traits().is_exact || !is_about(cell) ||
        !evidence.index.find(i, statistic, 1))
      continue;
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
          jackknife_covariance(cell, evidence.record.tallies(cells.front()), names);
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

std::vector<Series> OfGrammars::operator()(const Evidence& evidence) const {
  std::vector<Series> list;
  for (const GrammarFamily& family : grammar_families(evidence.record.plan)) {
    Series series;
    series.group = family.text;
    std::vector<double> errors;
    for (int level = 0; level <= family.members.front()->language().height; ++level) {
      const GrammarValue *value = find(family, statistic, level), *scale = find(family, formula, level);
      if (!value || !scale || std::isnan(scale->predicted)) continue;
      LawPoint point;
      point.x = scale->predicted;
      point.distance = level;
      point.cell = family.members.front();
      point.value = value->value;
      point.error = std::isnan(value->error) ? 0 : value->error;
      series.points.push_back(point);
      errors.push_back(point.error);
    }
    if (series.points.empty()) continue;
    std::ranges::sort(series.points, {}, &LawPoint::x);
    std::ranges::reverse(errors);  // x falls with the level
    series.is_exact = family.members.size() == 1;
    series.covariance = series.is_exact ? Covariance::independent(std::vector<double>(errors.size(), 1.0))
                                        : Covariance::independent(errors);
    series.covariance_text = series.is_exact
                                 ? "exact values of one grammar"
                                 : fmt::format("the spread of {} grammars", family.members.size());
    list.push_back(std::move(series));
  }
  return list;
}

std::vector<Series> LearningThresholds::operator()(const Evidence& evidence) const {
  // Curves of a learner by family, grammar and log P.
  using Curve = std::map<double, std::pair<double, std::size_t>>;
  std::map<std::string, std::map<std::string, std::map<std::string, Curve>>> learners;
  for (const std::size_t i : independent_cells(evidence.record, evidence.index)) {
    const Cell& cell = evidence.record.plan.cells()[i];
    const Estimate* estimate = is_about(cell) ? evidence.index.find(i, "test_cross_entropy") : nullptr;
    if (!estimate || !cell.language().grammar().is_uniform()) continue;
    learners[generator_text(cell, {"generator.training", "seed"})][text(cell, describes_grammars)]
            [language_text(cell)][std::log(std::get<LearnerGenerator>(cell.generator()).training)] = {
                estimate->value, i};
  }
  std::vector<Series> list;
  for (const auto& [learner, families] : learners) {
    Series series;
    series.group = learner;
    std::vector<double> errors;
    std::size_t fewest = kNoCell;
    for (const auto& [family, grammars] : families) {
      const Cell& cell = evidence.record.plan.cells()[grammars.begin()->second.begin()->second.second];
      const Grammar& first = cell.language().grammar();
      std::vector<std::vector<double>> passed(static_cast<std::size_t>(first.height()) + 1);  // [level]
      for (const auto& [name, curve] : grammars) {
        const Grammar& grammar =
            evidence.record.plan.cells()[curve.begin()->second.second].language().grammar();
        const std::vector<NextLeaf> levels = last_leaf_by_level(grammar, GrammarLaws(grammar));
        for (std::size_t j = 1; j < levels.size(); ++j)
          if (const auto size = passes(curve, (levels[j - 1].entropy + levels[j].entropy) / 2))
            passed[j].push_back(*size);
      }
      for (int j = 1; j <= first.height(); ++j) {
        const auto& sizes = passed[static_cast<std::size_t>(j)];
        if (sizes.size() < 2 || sizes.size() < grammars.size()) {  // a mean of some would be biased
          if (!sizes.empty())
            series.remark +=
                fmt::format("{}level {} of {} is found by {} of {} grammars only, and left out",
                            series.remark.empty() ? "" : "; ", j, family, sizes.size(), grammars.size());
          continue;
        }
        const MeanOverGrammars mean = mean_over_grammars(sizes);
        LawPoint point;
        point.x = std::log(sample_threshold(first.symbols(), first.rules_of_symbol(), first.children(), j));
        point.distance = j;
        point.cell = &cell;
        point.value = mean.mean;
        point.error = mean.error;
        series.points.push_back(point);
        fewest = std::min(fewest, sizes.size());
      }
    }
    if (series.points.empty()) continue;
    std::ranges::sort(series.points, {}, &LawPoint::x);
    for (const LawPoint& point : series.points) errors.push_back(point.error);
    series.covariance = Covariance::independent(errors);
    series.covariance_text = fmt::format("the spread of {} grammars or more", fewest);
    list.push_back(std::move(series));
  }
  return list;
}

}  // namespace leafcast::analysis
