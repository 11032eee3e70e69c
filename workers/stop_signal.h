#pragma once

namespace leafcast::workers {

/// Catches SIGINT, SIGTERM, SIGUSR1 and SIGHUP (what Ctrl-C, schedulers, time-limit warnings and terminals that
/// close send), but for a SIGHUP that this process was started to ignore (nohup). The first one is noted. Another one ends the process at once with exit code 75, if it comes a tenth of a second later or
/// more: launchers and schedulers deliver one signal twice. Files are written atomically, so none is left
/// half.
void catch_stop_signals();
/// Whether one has come.
bool stop_signalled();
/// Seconds that a chunk in work may still take after the signal: SIGUSR1 comes well before a time limit;
/// SIGTERM and SIGINT may be followed by SIGKILL within two seconds.
double stop_grace();

}  // namespace leafcast::workers
