#pragma once
#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace leafcast::jobs {

/// While it lives, ends this process (exit 74) soon after its parent dies. For the start of MPI: a rank whose
/// mpirun is killed meanwhile would wait for it for ever; later MPI itself notices.
class ParentWatch {
 public:
  ParentWatch();
  ParentWatch(const ParentWatch&) = delete;
  ParentWatch& operator=(const ParentWatch&) = delete;
  ~ParentWatch();

 private:
  void run();

  const pid_t parent_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace leafcast::jobs
