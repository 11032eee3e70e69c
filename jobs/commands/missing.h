#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/plan/ledger.h"

namespace leafcast::jobs {

/// What of a plan is not done, for people; empty if all is. `inputs`: the chunks of each input by itself. If
/// each is of one slice of the plan (run --slice I/N) and one slice at least is whole, slices are named:
/// which N it is shows in the distances of the chunks. Else the cells, or the seeds of pooled cells, that
/// lack most. `wanted`: chunks that are to be done, by cell (engine/plan/stages.h).
std::string describe_missing(const Plan& plan, const Ledger& done, const std::vector<std::uint32_t>& wanted,
                             const std::vector<Ledger>& inputs = {});

}  // namespace leafcast::jobs
