#include "workers/stop_signal.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>

#include "engine/error.h"

namespace leafcast::workers {

namespace {

constexpr double kSameSignal = 0.1;  // seconds
constexpr double kWarningGrace = 5, kTerminationGrace = 0.5;

volatile std::sig_atomic_t first_signal = 0;
volatile double signalled_at = 0;

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

extern "C" void note_signal(int signal) {
  if (first_signal == 0) {
    signalled_at = now();
    first_signal = signal;
  } else if (now() - signalled_at >= kSameSignal) {
    _exit(static_cast<int>(ExitCode::more_to_do));
  }
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  constexpr std::array kStops = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
  for (const int signal : kStops) sigaddset(&action.sa_mask, signal);
  action.sa_flags = SA_RESTART;
  for (const int signal : kStops) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    // nohup has said that a terminal that closes is none of its business.
    const bool is_ignored = signal == SIGHUP && before.sa_handler == SIG_IGN;
    if (!is_ignored) sigaction(signal, &action, nullptr);
  }
}

bool stop_signalled() { return first_signal != 0; }
double stop_grace() { return first_signal == SIGUSR1 ? kWarningGrace : kTerminationGrace; }

}  // namespace leafcast::workers
