#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/plan/record.h"

namespace leafcast {

/// Two plans (by their places in the list given; the same one twice, if it is at odds with itself) that
/// cannot be pooled.
struct PoolError : DataError {
  PoolError(std::size_t one, std::size_t other, std::string why)
      : DataError(why), first(one), second(other), reason(std::move(why)) {}
  std::size_t first, second;
  std::string reason;  ///< with a remedy
};

/// The plan that has the samples of all seeds: one cell for all cells that differ in nothing but seed and
/// number of samples, whichever plans they are of. A function of the set of plans: order and repetition do
/// not matter, and pooled plans can be pooled on. So cells are sorted, by their parameters in the order of
/// the sweep language, and titles and sweep texts joined. One plan in which nothing pools stays as it is.
///
/// Throws PoolError: a seed with two numbers of samples (they begin with the same random numbers), plans of
/// different streams, a plan that shares no law with the others, more seeds than a cell can have.
Plan pool(std::span<const Plan> plans);

/// Whether pooling the plans would give some cell more seeds than it has in either, so that a user who gave
/// both may have meant that.
bool would_pool(const Plan& one, const Plan& other);

/// Where the chunks of a plan stand in the pooled plan that it went into. Refers to the plan, which must
/// outlive it.
class PooledPlaces {
 public:
  PooledPlaces(const Plan& from, const Plan& pooled);
  Ledger ledger(const Ledger& from) const;
  /// Adds the sums of a record of the plan to one of the pooled plan. Throws DataError if a chunk is in both.
  void add(const Record& from, Record& pooled) const;

 private:
  struct Place {
    std::uint32_t cell;      ///< of the pooled plan
    std::uint32_t rotation;  ///< of jackknife bins, on the way from a cell of one seed into a pooled one
    std::vector<std::uint32_t> first;  ///< by seed: where its chunks begin in the pooled cell
  };
  const Plan& from_;
  std::vector<Place> places_;  ///< by cell of the plan
  std::size_t pooled_cells_;
};

}  // namespace leafcast
