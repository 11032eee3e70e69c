#pragma once
#include <algorithm>
#include <array>
#include <boost/icl/interval_set.hpp>
#include <cstdint>
#include <vector>

#include "engine/observe/tally.h"
#include "engine/plan/chunk.h"
#include "engine/plan/plan.h"

namespace leafcast {

/// Which chunks of each cell are done.
class Ledger {
 public:
  using Intervals = boost::icl::interval_set<std::uint32_t>;
  Ledger() = default;
  explicit Ledger(std::size_t cells) : done_(cells) {}
  bool contains(Chunk chunk) const;
  /// Marks the chunk done; false if it already was.
  bool insert(Chunk chunk);
  void erase(Chunk chunk);
  /// True if no chunk is in both.
  bool disjoint(const Ledger& other) const;
  /// True if every chunk of the other is in this one.
  bool includes(const Ledger& other) const;
  Ledger& operator+=(const Ledger& other);
  Ledger& operator-=(const Ledger& other);
  std::uint64_t count(std::size_t cell) const;
  std::uint64_t count() const { return count_; }
  std::size_t cells() const { return done_.size(); }
  const Intervals& intervals(std::size_t cell) const { return done_[cell]; }
  void insert_range(std::uint32_t cell, std::uint32_t first, std::uint32_t last);  ///< inclusive
  bool operator==(const Ledger& other) const { return done_ == other.done_; }

 private:
  std::vector<Intervals> done_;
  std::uint64_t count_ = 0;
};

/// Calls use(cut, first, end) for every stretch of chunks done of one cut of a cell: the cut's place in the
/// cell, and the stretch in the numbering of its own chunks.
template <class Use>
void each_stretch(const Plan& plan, const Ledger::Intervals& done, std::size_t cell, Use use) {
  const std::vector<Plan::Cut>& cuts = plan.cuts(cell);
  for (const auto& interval : done) {
    const std::uint32_t first = boost::icl::first(interval), end = boost::icl::last(interval) + 1;
    for (std::size_t cut = plan.cut({static_cast<std::uint32_t>(cell), first});
         cut < cuts.size() && cuts[cut].first < end; ++cut) {
      const std::uint32_t begin = cuts[cut].first;
      use(cut, std::max(first, begin) - begin, std::min(end - begin, cuts[cut].chunks));
    }
  }
}

template <class Use>
void each_stretch(const Plan& plan, const Ledger& ledger, std::size_t cell, Use use) {
  each_stretch(plan, ledger.intervals(cell), cell, use);
}

/// How many samples the chunks done of a cell have drawn, by jackknife bin.
std::array<std::uint64_t, kJackknifeBins> samples_by_bin(const Plan& plan, const Ledger& ledger,
                                                         std::size_t cell);

/// The same of given chunks of the cell.
std::array<std::uint64_t, kJackknifeBins> samples_by_bin(const Plan& plan, const Ledger::Intervals& done,
                                                         std::size_t cell);

/// Samples that the chunks done of a cell have drawn.
std::uint64_t samples_done(const Plan& plan, const Ledger& ledger, std::size_t cell);

}  // namespace leafcast
