#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/checkpoint.h"

namespace leafcast::io {

/// How the holder of a lock shows that it lives, and when others believe that it does not.
struct LockTiming {
  std::chrono::milliseconds beat{5000};     ///< the holder touches the file so often
  std::chrono::milliseconds silent{30000};  ///< without a beat for so long, the holder is taken to be dead
  /// Called once if that has to be waited for: whose lock, and for how long.
  std::function<void(const std::string&)> say = {};
  Checkpoint checkpoint = {};  ///< while it is waited for
};

/// The right to write into a run directory: a file that names its holder (host, process, the process's start,
/// boot, job) and whose time of modification is the holder's heartbeat, kept up by a thread. Works on any
/// shared file system, since it asks nothing of it but exclusive creation and times.
class Lock {
 public:
  /// Throws IoError: held by a living process, or the file cannot be made. The lock of a process that is
  /// dead is taken over: one of this host that is gone, one of this very SLURM job before it was requeued, or
  /// one of another host whose heart does not beat while this process watches for `timing.silent`.
  static Lock acquire(const std::filesystem::path& file, const LockTiming& timing = {});
  ~Lock();
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;

  /// Throws IoError if someone removed the lock or took it over.
  void check_held() const;

 private:
  class Heart;
  Lock(std::filesystem::path file, std::string text, const LockTiming& timing);
  bool held() const;
  void release() noexcept;
  std::filesystem::path file_;  ///< empty: moved away
  std::string text_;
  int process_ = 0;
  std::unique_ptr<Heart> heart_;
};

/// What a lock tells someone who only looks.
struct LockState {
  std::string host, job, since;  ///< job: of SLURM, may be empty; since: UTC, for people
  int process = 0;
  double beat_seconds = 0;  ///< since the last heartbeat, by this host's clock
  /// lives: as far as can be told from here (its process, or a heartbeat within the time that others wait).
  bool lives = false;
};
/// Nothing if there is no lock, or one that cannot be read. Waits for nothing and changes nothing.
std::optional<LockState> look_at_lock(const std::filesystem::path& file, const LockTiming& timing = {});

}  // namespace leafcast::io
