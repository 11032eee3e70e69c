#include "jobs/commands/provenance.h"

#include <H5public.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <boost/version.hpp>
#include <cstdlib>
#include <ctime>

#include "build_info.h"
#include "engine/kernels/chunk_runner.h"

namespace leafcast::jobs {

std::string version_text() { return fmt::format("leafcast {} (git {})", LEAFCAST_VERSION, LEAFCAST_GIT); }

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

std::string time_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

std::map<std::string, std::string> provenance(const std::vector<std::string>& command_line, int ranks) {
  std::map<std::string, std::string> entries;
  entries["program"] = version_text();
  entries["compiler"] = fmt::format("{} ({})", LEAFCAST_COMPILER, LEAFCAST_BUILD_TYPE);
  entries["libraries"] =
      fmt::format("HDF5 {}.{}.{}, Boost {}, Open MPI {}.{}.{}", H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE,
                  BOOST_LIB_VERSION, OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
  entries["instruction_set"] = instruction_sets().front();
  std::string line;
  for (const std::string& word : command_line) line += (line.empty() ? "" : " ") + word;
  entries["command_line"] = line;
  entries["ranks"] = std::to_string(ranks);
  entries["host"] = host_name();
  entries["written"] = time_text();
  for (const char* name : {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_NODELIST",
                           "SLURM_RESTART_COUNT"})
    if (const char* value = std::getenv(name)) entries[name] = value;
  return entries;
}

}  // namespace leafcast::jobs
