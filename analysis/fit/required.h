#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// Smallest resource of a writer whose sentences match the true language within ε in one statistic, at one n.
struct RequiredPoint {
  double n;  ///< leaves of the sentence
  double required,
      error;  ///< leaves of context, or bits of memory, with its standard error: statistical and systematic
  std::vector<std::size_t> cells;  ///< the two neighbours of the scan: the last that fails, the next
  int height;
  double statistical = error,
         systematic = 0;  ///< parts of the error: of the samples, of what the scan leaves between two sizes
  double low = required,
         high = required;  ///< between these, with 95% confidence; ∞ if the scan does not bound it
};

/// A resource against n. Writers and statistics: block and kgram writers of a bounded context, in leaves
/// (d^w, or k; of k tokens kd/(d+1) are leaves); reasoning writers of a working memory, in bits as
/// `memory_bits` counts them. A statistic x matches if |x/x_true − 1| ≤ ε, that is
///   variance         |Var/Var_true − 1| ≤ ε
///   excess_kurtosis  |κ − κ_true| ≤ ε|κ_true|, where |κ_true| ≥ 0.01: nothing is near 0 relative to it
///   valid_rate       ≥ 1 − ε, as true sentences are valid
/// and if it does so for all larger resources of the scan as well. Contexts of k-grams are interpolated, those of blocks are
/// intervals, and memory is one of its whole levels: crossing.h. x_true is exact where it is known, else that of a `true`
/// cell. GKMSS Theorems 3.1 to 3.4: k* = Ω(n), m* = Θ(log n).
struct Required {
  std::string criterion;  ///< "variance", "excess_kurtosis", "valid_rate"
  std::string resource;   ///< "context" (leaves) or "memory" (bits)
  std::string group;      ///< for people: language without height, and the kind of writer
  int d;
  double tolerance;                   ///< ε
  std::vector<RequiredPoint> points;  ///< by ascending n
  std::vector<std::string> remarks;   ///< why heights are missing, which verdicts are in doubt
};

/// From the estimates, by writer in the order of the plan and then by criterion. Seeds and methods are kept
/// apart, so that points of one series are independent of each other.
std::vector<Required> required(const Record& record, const EstimateIndex& index, double tolerance = 0.1);

/// The same from the exact values of the cells, where theory gives them, with seeds and methods put together.
/// Goes further than what was measured: the valid rate is exact for collapsed cells too.
std::vector<Required> required_exactly(const Record& record, const EstimateIndex& index,
                                       double tolerance = 0.1);

/// The exact series of the same writer and criterion as a measured one; null if there is none.
const Required* find_exact(const Record& record, const std::vector<Required>& exact,
                           const Required& measured);

/// The cell that a series is about, less height and size. A series without points has none: null.
const Cell* typical_cell(const Record& record, const Required& series);

/// The point of a height; null if it is missing.
const RequiredPoint* find_point(const Required& series, int height);
/// Of an exact series, if there is one: null too where exact values are known so sparsely that they leave more than a level
/// and a half open, and have nothing to say beside a finer scan.
const RequiredPoint* find_sharp_point(const Required* series, int height);
bool is_sharp(const Required& series, const RequiredPoint& point);

}  // namespace leafcast::analysis
