#pragma once
#include <memory>

#include "jobs/commands/options.h"
#include "workers/mpi_communicator.h"

namespace leafcast::jobs {

inline constexpr const char* kAloneOption = "--alone";

/// What rank 0 says for all: this process ends in silence, with the exit code of a wrong use.
struct Unheard {};

/// Takes --alone out of a command line: then this process has no ranks beside it, whoever started it.
Arguments take_alone(Arguments command_line);

/// Starts MPI. Throws UsageError on every rank if their command lines differ: MPI then serves as a launcher of
/// runs that are meant to be independent.
std::unique_ptr<workers::MpiCommunicator> start_mpi(const Arguments& command_line);

/// Throws UsageError if a launcher started several processes that know nothing of each other, so that all would do
/// the same: srun without PMI, or with that of another MPI.
void require_one_world(const workers::Communicator& communicator, const Arguments& arguments);

}  // namespace leafcast::jobs
