#include "jobs/commands/launch.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdlib>

#include "engine/error.h"
#include "engine/values.h"
#include "jobs/commands/parent_watch.h"

namespace leafcast::jobs {

Arguments take_alone(Arguments command_line) {
  if (std::erase(command_line, kAloneOption) > 0) workers::be_alone();
  return command_line;
}

std::unique_ptr<workers::MpiCommunicator> start_mpi(const Arguments& command_line) {
  const ParentWatch watch;
  auto communicator = std::make_unique<workers::MpiCommunicator>();
  std::string words;  // without the program, whose path may differ from node to node
  for (std::size_t i = 1; i < command_line.size(); ++i) words += command_line[i] + '\0';
  if (!communicator->all_say(XXH3_64bits(words.data(), words.size()))) {
    if (communicator->rank() > 0) throw Unheard{};
    throw UsageError(fmt::format(
        "the {} ranks were started with different command lines: one run has the same on every rank; for runs that "
        "are independent of each other, add {}",
        communicator->size(), kAloneOption));
  }
  return communicator;
}

void require_one_world(const workers::Communicator& communicator, const Arguments& arguments) {
  if (std::ranges::find(arguments, "--help") != arguments.end()) return;
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  const auto count = tasks ? parse_whole(tasks) : std::nullopt;
  if (!count || *count < 2 || communicator.size() > 1 || workers::under_mpi() || workers::is_alone()) return;
  const char* task = std::getenv("SLURM_PROCID");
  if (task && std::string(task) != "0")
    throw UsageError(
        fmt::format("task {} of {} by srun, each alone: see the message of task 0", task, *count));
  throw UsageError(fmt::format(
      "srun started {} tasks, and MPI knows of one: each would do all the work. Say srun --mpi=pmix (srun --mpi=list "
      "shows what there is), or start with mpirun; for runs that are independent of each other, add {}",
      *count, kAloneOption));
}

}  // namespace leafcast::jobs
