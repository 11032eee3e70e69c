#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/plan/record.h"
#include "io/run/run_files.h"

namespace leafcast::io {

/// A plan, and the run directory or file that has it.
struct PlanOrigin {
  Plan plan;
  std::filesystem::path path;
};

/// Why the record of one plan cannot hold the samples of the other: how they differ, and what to do.
std::string describe_plans(const PlanOrigin& one, const PlanOrigin& other);

/// The sums of all sources, each of one of the plans (Source::plan_hash), with the samples of all seeds
/// pooled (engine/plan/pool.h). Throws DataError: plans that do not pool, or a chunk in two sources, with both
/// names.
Record pool_sources(const std::vector<PlanOrigin>& plans, const std::vector<Source>& sources);

}  // namespace leafcast::io
