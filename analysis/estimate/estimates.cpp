#include "analysis/estimate/estimates.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/estimate/errors.h"
#include "analysis/estimate/rare_events.h"
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

/// Exact values are computed in floating point: where nothing is random, agreement up to rounding is
/// agreement.
void snap(Estimate& estimate) {
  if (estimate.exact_error != 0 ||
      !(std::abs(estimate.value - estimate.exact) <= 1e-9 * std::abs(estimate.exact)))
    return;
  estimate.value = estimate.exact;
  if (std::isnan(estimate.error)) estimate.error = 0;
}

void add_exact(Estimate& estimate, const Exact& exact, bool varies) {
  const auto value = exact(estimate.statistic);
  if (!value) return;
  estimate.exact = value->value;
  estimate.exact_error = value->error;
  if (!varies) snap(estimate);
}

Sampling sampling_of(const Cell& cell, std::uint64_t samples, Writers writers) {
  Sampling sampling;
  if (cell.writes_own_structure())
    sampling.independent_share =
        static_cast<double>(independent_structures(samples)) / static_cast<double>(samples);
  sampling.by_blocks = writers == Writers::others;
  return sampling;
}

/// The statistics of a cell, and what they are without each of the bins that have samples.
struct LeaveOneOut {
  Evaluator evaluate;  // has the names
  std::vector<Statistic> statistics;
  std::vector<std::vector<double>> without_bin;  // [statistic][bin]
  Sampling sampling;
  RareEvents rare;
  std::uint64_t samples;

  LeaveOneOut(const Cell& cell, const Tally& sums, const CellTally& bins, Scope scope, Writers writers)
      : evaluate(cell, scope),
        sampling(sampling_of(cell, sums.samples, writers)),
        rare(cell),
        samples(sums.samples) {
    statistics = evaluate(sums);
    without_bin.resize(statistics.size());
    for (const Tally& bin : bins) {
      if (bin.samples == 0 || bin.samples == sums.samples) continue;
      const std::vector<Statistic> rest = evaluate(without(sums, bin));
      for (std::size_t i = 0; i < rest.size(); ++i) without_bin[i].push_back(rest[i].value);
    }
  }
  Estimate estimate(std::size_t i, std::size_t cell, bool& varies) const {
    Estimate made{cell, statistics[i].name()};
    made.value = statistics[i].value;
    varies = add_error(made, statistics[i], without_bin[i], sampling);
    const bool is_ordinary = statistics[i].kind == Statistic::Kind::ordinary;
    // Nothing varied, though something may: snap() knows better where the exact value says so.
    const bool is_lucky = is_ordinary && made.error == 0 && rare.depart();
    if (!sampling.by_blocks && (is_lucky || !rare.are_seen(statistics[i], samples))) made.error = kUnknown;
    return made;
  }
};

/// Sums without what no statistic uses, and the leave-one-outs would copy.
Tally sums_of(const CellTally& bins) {
  Tally sums = total(bins);
  sums.histogram.clear();
  return sums;
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
            const std::function<const Exact*()>& exact_of_cell, Scope scope = Scope::subtrees,
            Writers writers = Writers::own) {
  const Tally sums = sums_of(bins);
  if (sums.samples == 0) return;
  const LeaveOneOut made(cell, sums, bins, scope, writers);
  const Exact* exact = exact_of_cell();
  for (std::size_t i = 0; i < made.statistics.size(); ++i) {
    if (made.statistics[i].kind == Statistic::Kind::optional && std::isnan(made.statistics[i].value))
      continue;
    bool varies = true;
    Estimate& estimate = list.emplace_back(made.estimate(i, index, varies));
    if (exact) add_exact(estimate, *exact, varies);
  }
}

}  // namespace

JackknifeCovariance jackknife_covariance(const Cell& cell, const CellTally& bins,
                                         const std::vector<std::string>& names) {
  const LeaveOneOut made(cell, sums_of(bins), bins, Scope::subtrees, Writers::own);
  const auto columns = static_cast<Eigen::Index>(names.size());
  const std::size_t rows = made.without_bin.empty() ? 0 : made.without_bin.front().size();
  JackknifeCovariance covariance{Eigen::MatrixXd::Constant(columns, columns, kUnknown),
                                 static_cast<int>(rows)};
  if (rows < 2) return covariance;
  Eigen::MatrixXd without_bin = Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(rows), columns, kUnknown);
  Eigen::VectorXd error = Eigen::VectorXd::Constant(columns, kUnknown);
  for (std::size_t i = 0; i < made.statistics.size(); ++i) {
    const auto found = std::ranges::find(names, made.statistics[i].name());
    if (found == names.end()) continue;
    const Eigen::Index column = found - names.begin();
    bool varies = true;
    error[column] = made.estimate(i, 0, varies).error;
    without_bin.col(column) =
        Eigen::Map<const Eigen::VectorXd>(made.without_bin[i].data(), static_cast<Eigen::Index>(rows));
  }
  const Eigen::MatrixXd centred = without_bin.rowwise() - without_bin.colwise().mean();
  const double count = static_cast<double>(rows);
  covariance.matrix = (count - 1) / count * centred.transpose() * centred;
  const Eigen::VectorXd jackknife = covariance.matrix.diagonal().cwiseSqrt();
  for (Eigen::Index i = 0; i < columns; ++i) {
    // The correlations are the jackknife's. What it cannot see vary goes with nothing.
    const double scale = jackknife[i] > 0 ? error[i] / jackknife[i] : std::isnan(error[i]) ? kUnknown : 1;
    covariance.matrix.row(i) *= scale;
    covariance.matrix.col(i) *= scale;
    if (jackknife[i] == 0) covariance.matrix(i, i) = error[i] * error[i];
  }
  return covariance;
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

std::vector<Estimate> cell_estimates(const Cell& cell, const CellTally& bins, Scope scope, Writers writers) {
  std::vector<Estimate> list;
  append(
      list, 0, cell, bins, [] { return nullptr; }, scope, writers);
  return list;
}

}  // namespace leafcast::analysis
