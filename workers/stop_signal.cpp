#include "workers/stop_signal.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "engine/error.h"

namespace leafcast::workers {

namespace {

volatile std::sig_atomic_t signals = 0;

extern "C" void note_signal(int) {
  signals = signals + 1;
  if (signals > 1) _exit(static_cast<int>(ExitCode::more_to_do));
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
}

bool stop_signalled() { return signals != 0; }

}  // namespace leafcast::workers
