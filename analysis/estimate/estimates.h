#pragma once
#include <Eigen/Dense>
#include <memory>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Makes the estimates of cells, one after the other, as their sums come: for records whose sums are in files.
class Estimator {
 public:
  explicit Estimator(const Plan& plan);
  ~Estimator();
  /// Adds the estimates of a cell, exact values beside them; none if it has no samples.
  void add(std::size_t cell, const CellTally& bins);
  const std::vector<Estimate>& estimates() const { return list_; }

 private:
  Plan plan_;
  std::vector<Estimate> list_;
  struct Theory;
  std::unique_ptr<Theory> theory_;
};

/// All statistics of all cells that have samples, with errors (errors.h) from the 64 bins, exact values and z. Order: by cell, then in a fixed order of statistics. A pure function of the record.
/// `checkpoint`: between cells.
std::vector<Estimate> estimates(const Record& record, const Checkpoint& checkpoint = {});
/// The same without exact values, some of which take long.
std::vector<Estimate> estimates_alone(const Record& record);
/// With the statistics of subtrees, or without: those take long, and say nothing of sentences.
enum class Scope { subtrees, sentences };
/// Who wrote what was tallied: the cell's sampler, each sentence by itself; or others, whose neighbouring sentences may
/// depend on each other, so that only the bins are independent.
enum class Writers { own, others };
/// Of one cell by its sums alone, as if it were the only one of a plan.
std::vector<Estimate> cell_estimates(const Cell& cell, const CellTally& bins, Scope scope = Scope::subtrees,
                                     Writers writers = Writers::own);

/// Covariance of several statistics of one cell, from its delete-one-bin jackknife:
///   C = (B−1)/B · Σ_b (f_b − f̄)(f_b − f̄)ᵀ,  of rank at most B−1,
/// with rows and columns scaled so that the diagonal is the square of the errors of the estimates.
struct JackknifeCovariance {
  Eigen::MatrixXd matrix;  ///< in the order of the names; NaN for a name that the cell has not
  int bins;                ///< B, those with samples
};
JackknifeCovariance jackknife_covariance(const Cell& cell, const CellTally& bins,
                                         const std::vector<std::string>& statistics);

}  // namespace leafcast::analysis
