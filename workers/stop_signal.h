#pragma once

namespace leafcast::workers {

/// Catches SIGINT, SIGTERM and SIGUSR1 (what Ctrl-C, schedulers and time-limit warnings send). The first one
/// is noted, the second ends the process at once with exit code 75; files are written atomically, so none is
/// left half.
void catch_stop_signals();
/// Whether one has come.
bool stop_signalled();

}  // namespace leafcast::workers
