#include "io/run/pooled_sources.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "engine/plan/cost.h"
#include "engine/plan/pool.h"
#include "io/run/stored_sums.h"

namespace leafcast::io {

namespace {

Plan pool_plans(const std::vector<PlanOrigin>& origins) {
  std::vector<Plan> plans;
  for (const PlanOrigin& origin : origins) plans.push_back(origin.plan);
  try {
    return pool(plans);
  } catch (const PoolError& e) {
    std::string names = origins[e.first].path.string();
    if (e.second != e.first) names += " and " + origins[e.second].path.string();
    throw DataError(fmt::format("{} cannot be pooled: {}", names, e.reason));
  }
}

std::vector<Source> sources_of(const Plan& plan, const std::vector<Source>& sources) {
  std::vector<Source> list;
  for (const Source& source : sources)
    if (source.plan_hash == plan.hash()) list.push_back(source);
  return list;
}

/// A source's chunks, in the pooled plan.
Ledger pooled_ledger(const PooledPlaces& places, const Plan& plan, const Source& source) {
  Ledger ledger;
  with_record_file(source, [&](const RecordFile& file) { ledger = file.ledger(plan); });
  return places.ledger(ledger);
}

/// Which source of an earlier plan shares which chunk with which source of this one.
std::string describe_pooled_overlap(const Plan& pooled, std::span<const PlanOrigin> earlier, const Plan& plan,
                                    const std::vector<Source>& sources) {
  const PooledPlaces places(plan, pooled);
  for (const Source& later : sources_of(plan, sources)) {
    const Ledger ledger = pooled_ledger(places, plan, later);
    for (const PlanOrigin& origin : earlier) {
      const PooledPlaces others_places(origin.plan, pooled);
      for (const Source& other : sources_of(origin.plan, sources)) {
        const Ledger others = pooled_ledger(others_places, origin.plan, other);
        if (!others.disjoint(ledger)) return describe_overlap(pooled, other, others, later, ledger);
      }
    }
  }
  return fmt::format("{}: its parts changed while they were read; try again", earlier[0].path.string());
}

}  // namespace

std::string describe_plans(const PlanOrigin& one, const PlanOrigin& other) {
  const std::string names = fmt::format("{} and {}", one.path.string(), other.path.string());
  const std::string difference = describe_difference(one.plan, other.plan);
  if (would_pool(one.plan, other.plan))
    return fmt::format(
        "{} are of different plans: {}; to count other seeds as more samples of the same cells, unite them "
        "with `leafcast merge --combine-seeds`",
        names, difference);
  return fmt::format("{} are of different plans: {}; give each plan's files by themselves", names,
                     difference);
}

Record pool_sources(const std::vector<PlanOrigin>& plans, const std::vector<Source>& sources) {
  Record pooled(pool_plans(plans));
  double bytes = 0;  // which are all in memory
  for (const Cell& cell : pooled.plan.cells()) bytes += tally_bytes(cell);
  if (bytes > static_cast<double>(physical_memory()))
    throw DataError(fmt::format(
        "the pooled sums of {} cells take {:.0f} MB, and this machine has {} MB; use one with more",
        pooled.plan.cells().size(), bytes / 1e6, physical_memory() / 1'000'000));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = plans[i].plan;
    const Record record = record_of(plan, sources_of(plan, sources));
    const PooledPlaces places(plan, pooled.plan);
    if (!places.ledger(record.ledger).disjoint(pooled.ledger))
      throw DataError(describe_pooled_overlap(pooled.plan, std::span(plans).first(i), plan, sources));
    places.add(record, pooled);
  }
  return pooled;
}

}  // namespace leafcast::io
