#include "analysis/estimate/estimates.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/estimate/jackknife.h"
#include "analysis/estimate/statistics/statistics.h"
#include "analysis/text/cell_text.h"
#include "analysis/theory/exact.h"

namespace leafcast::analysis {

namespace {

/// All statistics of a cell, in the order of the table.
class Evaluator {
 public:
  Evaluator(const Cell& cell, Scope scope) {
    for (const MakeStatistics make : statistics_registry())
      if (auto statistics = make(cell, scope)) of_observables_.push_back(std::move(statistics));
  }
  std::vector<Statistic> operator()(const Tally& tally) const {
    std::vector<Statistic> list;
    for (const auto& statistics : of_observables_) statistics->add(tally, list);
    return list;
  }

 private:
  std::vector<std::unique_ptr<const Statistics>> of_observables_;
};

/// The sums that statistics are made of, without one bin.
Tally without(Tally sums, const Tally& bin) {
  sums -= bin;
  return sums;
}

/// Error of a count that was the same, 0 or all, for all of N sentences: that of p̃ = ½/(N+1). It serves
/// subtrees too, as those of one sentence may depend on each other, and the depth of inconsistencies, which
/// could have been another.
double error_of_unvaried(std::uint64_t counted) {
  const double n = static_cast<double>(counted), p = 0.5 / (n + 1);
  return std::sqrt(p * (1 - p) / (n + 1));
}

/// Exact values are computed in floating point: where nothing is random, agreement up to rounding is
/// agreement.
void snap_if_deterministic(Estimate& estimate) {
  if (estimate.error != 0 || estimate.exact_error != 0) return;
  if (std::abs(estimate.value - estimate.exact) <= 1e-9 * std::abs(estimate.exact))
    estimate.value = estimate.exact;
}

void add_exact(Estimate& estimate, const Exact& exact) {
  const auto value = exact(estimate.statistic);
  if (!value) return;
  estimate.exact = value->value;
  estimate.exact_error = value->error;
  snap_if_deterministic(estimate);
}

/// Exact values of laws, each computed once: cells that differ in their seeds share them.
class ExactByLaw {
 public:
  const Exact& operator()(const Cell& cell) {
    return by_law_.try_emplace(group_key(cell, {"seed"}), cell).first->second;
  }

 private:
  std::map<std::string, Exact> by_law_;
};

/// `exact_of_cell`: called if the cell has samples; nullptr for no exact values.
void append(std::vector<Estimate>& list, std::size_t index, const Cell& cell, const CellTally& bins,
            const std::function<const Exact*()>& exact_of_cell, Scope scope = Scope::subtrees) {
  Tally sums = total(bins);
  if (sums.samples == 0) return;
  sums.histogram.clear();  // no statistic uses it, and the leave-one-outs copy the rest
  const Evaluator evaluate(cell, scope);
  const std::vector<Statistic> statistics = evaluate(sums);

  std::vector<std::vector<double>> without_bin(statistics.size());
  for (const Tally& bin : bins) {
    if (bin.samples == 0 || bin.samples == sums.samples) continue;
    const std::vector<Statistic> rest = evaluate(without(sums, bin));
    for (std::size_t i = 0; i < rest.size(); ++i) without_bin[i].push_back(rest[i].value);
  }

  const Exact* exact = exact_of_cell();
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const Statistic& statistic = statistics[i];
    if (statistic.kind == Statistic::Kind::optional && std::isnan(statistic.value)) continue;
    Estimate& estimate = list.emplace_back(Estimate{index, statistic.name()});
    estimate.value = statistic.value;
    estimate.error = statistic.kind == Statistic::Kind::bound ? 0 : jackknife_error(without_bin[i]);
    if (statistic.counted > 0 && estimate.error == 0) estimate.error = error_of_unvaried(statistic.counted);
    if (exact) add_exact(estimate, *exact);
  }
}

}  // namespace

JackknifeCovariance jackknife_covariance(const Cell& cell, const CellTally& bins,
                                         const std::vector<std::string>& statistics) {
  Tally sums = total(bins);
  sums.histogram.clear();
  const Evaluator evaluate(cell, Scope::subtrees);
  const auto columns = static_cast<Eigen::Index>(statistics.size());
  Eigen::MatrixXd without_bin = Eigen::MatrixXd::Constant(kJackknifeBins, columns, kUnknown);
  Eigen::Index rows = 0;
  for (const Tally& bin : bins) {
    if (bin.samples == 0 || bin.samples == sums.samples) continue;
    for (const Statistic& statistic : evaluate(without(sums, bin))) {
      const auto found = std::ranges::find(statistics, statistic.name());
      if (found != statistics.end()) without_bin(rows, found - statistics.begin()) = statistic.value;
    }
    ++rows;
  }
  if (rows < 2) return {Eigen::MatrixXd::Constant(columns, columns, kUnknown), static_cast<int>(rows)};
  const Eigen::MatrixXd used = without_bin.topRows(rows);
  const Eigen::MatrixXd centred = used.rowwise() - used.colwise().mean();
  const double count = static_cast<double>(rows);
  return {(count - 1) / count * centred.transpose() * centred, static_cast<int>(rows)};
}

struct Estimator::Theory {
  ExactByLaw exact;
};

Estimator::Estimator(const Plan& plan) : plan_(plan), theory_(std::make_unique<Theory>()) {}
Estimator::~Estimator() = default;

void Estimator::add(std::size_t cell, const CellTally& bins) {
  append(list_, cell, plan_.cells()[cell], bins, [&] { return &theory_->exact(plan_.cells()[cell]); });
}

std::vector<Estimate> estimates(const Record& record, const Checkpoint& checkpoint) {
  Estimator estimator(record.plan);
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i) {
    pass(checkpoint);
    estimator.add(i, record.tallies(i));
  }
  return estimator.estimates();
}

std::vector<Estimate> estimates_alone(const Record& record) {
  std::vector<Estimate> list;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i)
    append(list, i, record.plan.cells()[i], record.tallies(i), [] { return nullptr; });
  return list;
}

std::vector<Estimate> cell_estimates(const Cell& cell, const CellTally& bins, Scope scope) {
  std::vector<Estimate> list;
  append(
      list, 0, cell, bins, [] { return nullptr; }, scope);
  return list;
}

}  // namespace leafcast::analysis
