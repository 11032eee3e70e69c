#pragma once
#include <optional>
#include <string>

namespace leafcast::jobs {

/// Seconds that Slurm gives this job from now on: from SLURM_JOB_END_TIME where it is set, else from squeue.
/// Nothing outside a job, without a limit, or if Slurm does not answer within ten seconds. Starts a process,
/// so call it before MPI starts.
std::optional<double> slurm_seconds_left();

/// "1-02:03:04", "02:03:04", "03:04" (days-hours:minutes:seconds) → seconds, as squeue prints the time left.
/// Nothing for anything else (UNLIMITED, INVALID, NOT_SET).
std::optional<double> parse_slurm_time(const std::string& text);

/// How much of the time left a run may use: the rest is for the launcher, the last file and the batch script,
/// which asks to be run again. Slurm looks at limits every 30 seconds.
double usable_seconds(double seconds_left);

}  // namespace leafcast::jobs
