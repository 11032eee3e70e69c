#pragma once
#include <map>
#include <string>
#include <vector>

namespace leafcast::jobs {

/// "leafcast 0.1.0 (git …)".
std::string version_text();

/// Name of this machine.
std::string host_name();
/// Now, in UTC: "2026-11-22T14:30:00Z".
std::string time_text();

/// Where results come from: program version and git state, command line, compiler, libraries, instruction
/// set, host, time, and the SLURM job's ids where there is one.
std::map<std::string, std::string> provenance(const std::vector<std::string>& command_line, int ranks);

}  // namespace leafcast::jobs
