#pragma once
#include <cstdint>
#include <vector>

#include "engine/plan/goal.h"
#include "engine/plan/record.h"

namespace leafcast {

/// A cell with a goal is sampled in stages, which the cell alone decides: the first draws `sampling.samples`,
/// every further one half as many as all before it, the last ends at `sampling.max-samples`. Whether another
/// stage follows is decided when exactly the chunks of all stages so far are done, by their exact sums;
/// before that, nothing beyond is sampled. So which chunks a finished cell holds, and what they sum to,
/// depends on neither ranks nor schedule nor interruptions.

/// Samples of a cell with a goal by the end of each stage. `batch`: samples of a whole batch.
std::vector<std::uint64_t> stage_totals(std::uint64_t first, std::uint64_t most, std::uint64_t batch);

/// Whether some cell has a goal.
bool has_goals(const Plan& plan);
/// Whether exact sums decide what is sampled: some cell has a goal or is searched.
bool is_adaptive(const Plan& plan);

/// End of the stage that the chunk is in: how many chunks stages have up to it. Of a cell without a goal, its
/// chunks.
std::uint32_t stage_end(const Plan& plan, Chunk chunk);

/// The chunks of each cell that are to be done as far as is known, from 0 on: all, or, with a goal, those up to
/// the end of the stage that it is in. That is the stage of its last chunk done (also if some before it are
/// lost: then the decision to begin that stage has been made, and stands), or the next if all up to there are
/// done and do not meet the goal. None of a candidate of a search that has not been asked for (search.h), unless some are
/// done. Throws ContractError if an adaptive cell is to be judged without a check.
std::vector<std::uint32_t> wanted_chunks(const Record& record, const GoalCheck& check);
std::uint64_t sum(const std::vector<std::uint32_t>& wanted);
/// Cells of which any chunk is wanted: all but candidates of searches that have not been asked for.
std::size_t cells_wanted(const std::vector<std::uint32_t>& wanted);

/// Samples that all chunks of a cut draw.
std::uint64_t samples(const Plan::Cut& cut);
/// Of a cell with a goal: the end of the first stage that has as many samples as the goal needs, as far as
/// can be told from its state after `drawn` samples; at most all chunks.
std::uint32_t foreseen_chunks(const Plan& plan, std::uint32_t cell, const GoalState& state,
                              std::uint64_t drawn);

/// Whether everything that is wanted is done.
bool is_complete(const Record& record, const GoalCheck& check);

}  // namespace leafcast
