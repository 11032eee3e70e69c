// Preloaded into a program, makes the file system fail: counts every call that changes something within one
// directory, logs it, and at the n-th one lets it fail, cuts it short, or kills the process. README.md has
// the variables.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>

#undef open
#undef open64

namespace {

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

#define REAL(name) real<decltype(::name)>(#name)

enum class How { none, fail, partly, kill_before, kill_after, kill_half };

struct Descriptor {
  std::string path;
  bool writable = false;
};

class Shim {
 public:
  static Shim& get() {
    static Shim* shim = new Shim;  // never destroyed: calls come until the very end
    return *shim;
  }

  bool covers(const std::string& path) const {
    return !directory_.empty() && (path == directory_ || path.rfind(directory_ + "/", 0) == 0);
  }

  /// A call that changes something: `call(bytes)` does it, with as many of its bytes as are given. Failures
  /// are −1 with errno.
  template <class Result, class Call>
  Result change(const char* what, const std::string& path, const std::string& other, const void* data,
                size_t bytes, off_t offset, Call call) {
    const std::lock_guard<std::recursive_mutex> guard(mutex_);
    ++count_;
    const bool mine = how_ != How::none && (count_ == at_ || (stays_ && count_ > at_ && spends_room(what)));
    const size_t half = bytes / 2;
    if (mine && how_ == How::kill_before) kill_self();
    if (mine && how_ == How::kill_half) {
      if (bytes) call(half);
      kill_self();
    }
    Result result;
    if (mine && how_ == How::fail) {
      errno = error_;
      result = -1;
    } else if (mine && how_ == How::partly && half > 0) {
      result = call(half);
    } else {
      result = call(bytes);
    }
    const int reason = errno;
    log(what, path, other, data, bytes ? static_cast<long long>(result) : (result < 0 ? -1 : 0), offset);
    if (mine && how_ == How::kill_after) kill_self();
    errno = reason;
    return result;
  }

  int locks_error() const { return locks_error_; }

  // Without a lock, since a program with threads may fork while one of them holds it, and its child closes
  // files. What is replaced is leaked: a reader may still look at it.
  void opened(int fd, const std::string& path, bool writable) {
    if (fd >= 0 && fd < static_cast<int>(descriptors_.size()))
      descriptors_[static_cast<size_t>(fd)] = covers(path) ? new Descriptor{path, writable} : nullptr;
  }
  void closed(int fd) {
    if (fd >= 0 && fd < static_cast<int>(descriptors_.size()))
      descriptors_[static_cast<size_t>(fd)] = nullptr;
  }
  /// Nothing if the file is not of the directory.
  const Descriptor* of(int fd) {
    if (fd < 0 || fd >= static_cast<int>(descriptors_.size())) return nullptr;
    return descriptors_[static_cast<size_t>(fd)];
  }

  std::string absolute(int folder, const char* path) {
    if (path[0] == '/') return normal(path);
    char buffer[PATH_MAX] = "";
    if (folder == AT_FDCWD) {
      if (!getcwd(buffer, sizeof buffer)) return path;
    } else {
      const std::string link = "/proc/self/fd/" + std::to_string(folder);
      const ssize_t size = readlink(link.c_str(), buffer, sizeof buffer - 1);
      if (size < 0) return path;
      buffer[size] = 0;
    }
    return normal(std::string(buffer) + "/" + path);
  }

 private:
  Shim() {
    if (const char* directory = getenv("LEAFCAST_FAULT_DIR")) directory_ = normal(directory);
    if (const char* at = getenv("LEAFCAST_FAULT_AT")) at_ = atoll(at);
    if (const char* how = getenv("LEAFCAST_FAULT_HOW")) set_how(how);
    stays_ = getenv("LEAFCAST_FAULT_STAYS") != nullptr;
    if (const char* locks = getenv("LEAFCAST_FAULT_LOCKS")) locks_error_ = number_of(locks);
    if (const char* log = getenv("LEAFCAST_FAULT_LOG")) {
      log_ = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
      data_ =
          REAL(open)((std::string(log) + ".data").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
      if (log_ < 0 || data_ < 0) give_up("cannot write its log");
    }
  }

  void set_how(const std::string& how) {
    if (how == "partly")
      how_ = How::partly;
    else if (how == "kill-before")
      how_ = How::kill_before;
    else if (how == "kill-after")
      how_ = How::kill_after;
    else if (how == "kill-half")
      how_ = How::kill_half;
    else {
      how_ = How::fail;
      error_ = number_of(how);
    }
  }

  static int number_of(const std::string& name) {
    static const struct {
      const char* name;
      int number;
    } known[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT},         {"EROFS", EROFS},
                 {"ENOLCK", ENOLCK}, {"ENOSYS", ENOSYS}, {"EOPNOTSUPP", EOPNOTSUPP}, {"EACCES", EACCES}};
    for (const auto& error : known)
      if (name == error.name) return error.number;
    give_up(("does not know " + name).c_str());
  }

  [[noreturn]] static void give_up(const char* why) {
    fprintf(stderr, "fault_shim: %s\n", why);
    _exit(99);
  }

  /// What a disk that stays full goes on refusing.
  static bool spends_room(const std::string& what) {
    for (const char* name : {"open", "write", "mkdir", "truncate", "link"})
      if (what == name) return true;
    return false;
  }

  static std::string normal(const std::string& path) {
    std::string clean;
    for (size_t at = 0; at < path.size();) {
      size_t end = path.find('/', at);
      if (end == std::string::npos) end = path.size();
      const std::string part = path.substr(at, end - at);
      if (part == "..")
        clean.erase(std::min(clean.rfind('/'), clean.size()));
      else if (!part.empty() && part != ".")
        clean += "/" + part;
      at = end + 1;
    }
    return clean;
  }

  std::string relative(const std::string& path) const {
    if (path == directory_) return ".";
    return covers(path) ? path.substr(directory_.size() + 1) : path;
  }

  /// number, call, path, second path, result, file offset: separated by tabs. Bytes written go to LOG.data.
  void log(const char* what, const std::string& path, const std::string& other, const void* data,
           long long result, off_t offset) {
    if (log_ < 0) return;
    const std::string line = std::to_string(count_) + "\t" + what + "\t" + relative(path) + "\t" +
                             relative(other) + "\t" + std::to_string(result) + "\t" + std::to_string(offset) +
                             "\n";
    bool whole = REAL(write)(log_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (data && result > 0) whole = whole && REAL(write)(data_, data, static_cast<size_t>(result)) == result;
    if (!whole) give_up("cannot write its log");
  }

  [[noreturn]] static void kill_self() {
    ::kill(getpid(), SIGKILL);
    for (;;) pause();
  }

  std::recursive_mutex mutex_;
  std::array<std::atomic<const Descriptor*>, 4096> descriptors_{};
  std::string directory_;
  How how_ = How::none;
  int error_ = 0, locks_error_ = 0, log_ = -1, data_ = -1;
  long long at_ = 0, count_ = 0;
  bool stays_ = false;
};

int open_as(const char* symbol, int folder, const char* path, int flags, mode_t mode) {
  Shim& shim = Shim::get();
  const std::string name = shim.absolute(folder, path);
  const bool writable = (flags & O_ACCMODE) != O_RDONLY;
  const auto call = [&](size_t) {
    return real<int(int, const char*, int, ...)>(symbol)(folder, path, flags, mode);
  };
  int fd;
  if (!shim.covers(name) || !(writable || (flags & O_CREAT)))
    fd = call(0);
  else
    fd = shim.change<int>(flags & O_CREAT ? "open" : "reopen", name, "", nullptr, 0, 0, call);
  shim.opened(fd, name, writable);
  return fd;
}

mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

template <class Call>
int change_path(const char* what, int folder, const char* path, Call call) {
  Shim& shim = Shim::get();
  const std::string name = shim.absolute(folder, path);
  if (!shim.covers(name)) return call();
  return shim.change<int>(what, name, "", nullptr, 0, 0, [&](size_t) { return call(); });
}

template <class Call>
int change_paths(const char* what, int folder, const char* path, int other_folder, const char* other,
                 Call call) {
  Shim& shim = Shim::get();
  const std::string from = shim.absolute(folder, path), to = shim.absolute(other_folder, other);
  if (!shim.covers(from) && !shim.covers(to)) return call();
  return shim.change<int>(what, from, to, nullptr, 0, 0, [&](size_t) { return call(); });
}

/// `place`: of a truncation, the size.
template <class Call>
int change_file(const char* what, int fd, Call call, off_t place = 0) {
  Shim& shim = Shim::get();
  const Descriptor* file = shim.of(fd);
  if (!file) return call();
  return shim.change<int>(what, file->path, "", nullptr, 0, place, [&](size_t) { return call(); });
}

template <class Call>
ssize_t change_bytes(int fd, const void* data, size_t bytes, off_t offset, Call call) {
  Shim& shim = Shim::get();
  const Descriptor* file = shim.of(fd);
  if (!file) return call(bytes);
  return shim.change<ssize_t>("write", file->path, "", data, bytes, offset, call);
}

}  // namespace

extern "C" {

#define OPEN(name)                                         \
  int name(const char* path, int flags, ...) {             \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    return open_as("openat", AT_FDCWD, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                       \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    return open_as("openat", folder, path, flags, mode);   \
  }
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char* path, int flags) { return open_as("openat", AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_as("openat", AT_FDCWD, path, flags, 0); }
int creat(const char* path, mode_t mode) {
  return open_as("openat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

ssize_t write(int fd, const void* data, size_t bytes) {
  return change_bytes(fd, data, bytes, -1, [&](size_t some) { return REAL(write)(fd, data, some); });
}
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return change_bytes(fd, data, bytes, offset,
                      [&](size_t some) { return REAL(pwrite)(fd, data, some, offset); });
}
ssize_t pwrite64(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite(fd, data, bytes, offset);
}

int fsync(int fd) {
  return change_file("fsync", fd, [&] { return REAL(fsync)(fd); });
}
int fdatasync(int fd) {
  return change_file("fsync", fd, [&] { return REAL(fdatasync)(fd); });
}
int ftruncate(int fd, off_t size) noexcept {
  return change_file(
      "truncate", fd, [&] { return REAL(ftruncate)(fd, size); }, size);
}
int ftruncate64(int fd, off_t size) noexcept { return ftruncate(fd, size); }
int close(int fd) {
  Shim& shim = Shim::get();
  const Descriptor* file = shim.of(fd);
  shim.closed(fd);
  if (!file || !file->writable) return REAL(close)(fd);
  return shim.change<int>("close", file->path, "", nullptr, 0, 0, [&](size_t) { return REAL(close)(fd); });
}

int rename(const char* from, const char* to) noexcept {
  return change_paths("rename", AT_FDCWD, from, AT_FDCWD, to, [&] { return REAL(rename)(from, to); });
}
int renameat(int folder, const char* from, int other, const char* to) noexcept {
  return change_paths("rename", folder, from, other, to,
                      [&] { return REAL(renameat)(folder, from, other, to); });
}
int renameat2(int folder, const char* from, int other, const char* to, unsigned flags) noexcept {
  return change_paths("rename", folder, from, other, to,
                      [&] { return REAL(renameat2)(folder, from, other, to, flags); });
}
int link(const char* from, const char* to) noexcept {
  return change_paths("link", AT_FDCWD, from, AT_FDCWD, to, [&] { return REAL(link)(from, to); });
}
int linkat(int folder, const char* from, int other, const char* to, int flags) noexcept {
  return change_paths("link", folder, from, other, to,
                      [&] { return REAL(linkat)(folder, from, other, to, flags); });
}
int unlink(const char* path) noexcept {
  return change_path("unlink", AT_FDCWD, path, [&] { return REAL(unlink)(path); });
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return change_path("unlink", folder, path, [&] { return REAL(unlinkat)(folder, path, flags); });
}
int remove(const char* path) noexcept {
  return change_path("unlink", AT_FDCWD, path, [&] { return REAL(remove)(path); });
}
int mkdir(const char* path, mode_t mode) noexcept {
  return change_path("mkdir", AT_FDCWD, path, [&] { return REAL(mkdir)(path, mode); });
}
int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  return change_path("mkdir", folder, path, [&] { return REAL(mkdirat)(folder, path, mode); });
}

int flock(int fd, int operation) noexcept {
  if (const int error = Shim::get().locks_error()) {
    errno = error;
    return -1;
  }
  return REAL(flock)(fd, operation);
}

static int lock_or_fcntl(const char* symbol, int fd, int command, void* argument) {
  const bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
                     command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_OFD_GETLK;
  if (const int error = Shim::get().locks_error(); error && locks) {
    errno = error;
    return -1;
  }
  return real<int(int, int, ...)>(symbol)(fd, command, argument);
}
#define FCNTL(name)                                     \
  int name(int fd, int command, ...) {                  \
    va_list arguments;                                  \
    va_start(arguments, command);                       \
    void* argument = va_arg(arguments, void*);          \
    va_end(arguments);                                  \
    return lock_or_fcntl(#name, fd, command, argument); \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

}  // extern "C"
