#pragma once
#include <filesystem>
#include <string>

namespace leafcast::io {

/// The right to write into a run directory: a file that names its holder (host, process, the process's start,
/// boot, job). Works on any shared file system, since it asks nothing of it but exclusive creation.
class Lock {
 public:
  /// Throws IoError: held by a living process of this host, by one of another host (who can tell whether it
  /// lives?), or the file cannot be made. The lock of a process that is surely dead is taken over: one of
  /// this host that is gone, or one of this very SLURM job before it was requeued.
  static Lock acquire(const std::filesystem::path& file);
  ~Lock();
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;

  /// Throws IoError if someone removed the lock or took it over.
  void check_held() const;

 private:
  Lock(std::filesystem::path file, std::string text);
  bool held() const;
  void release() noexcept;
  std::filesystem::path file_;  ///< empty: moved away
  std::string text_;
  int process_ = 0;
};

}  // namespace leafcast::io
