#include "jobs/commands/parent_watch.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "engine/error.h"
#include "jobs/commands/say.h"

namespace leafcast::jobs {

ParentWatch::ParentWatch() : parent_(::getppid()), thread_([this] { run(); }) {}

ParentWatch::~ParentWatch() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void ParentWatch::run() {
  std::unique_lock guard(mutex_);
  while (!stopped_.wait_for(guard, std::chrono::milliseconds(200), [this] { return stop_; })) {
    if (::getppid() == parent_) continue;
    say("leafcast: the process that started this rank died before MPI had begun; run the same command "
        "again\n");
    std::_Exit(static_cast<int>(ExitCode::io_error));
  }
}

}  // namespace leafcast::jobs
