#include "io/lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "io/atomic_file.h"
#include "io/posix.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string first_line(const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// State and start time (field 3 and 22 of /proc/PID/stat); nothing if the process is gone or hidden.
struct ProcessStat {
  std::string state, start;
};
std::optional<ProcessStat> process_stat(int pid) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", pid));
  const auto name_end = line.rfind(')');  // the name may hold spaces and parentheses
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcessStat stat;
  fields >> stat.state;
  for (int field = 4; field <= 22; ++field) fields >> stat.start;
  return fields ? std::optional(stat) : std::nullopt;
}

struct Holder {
  std::string host;
  int pid = 0;
  std::string start;  ///< clock ticks between boot and the start of the process: tells it from a later one of
                      ///< its number
  std::string boot;   ///< boot id of the host
  std::string job;    ///< SLURM job, if any
  int restarts = 0;   ///< how often SLURM has requeued the job
  std::string since;  ///< for people

  static Holder self() {
    const auto stat = process_stat(::getpid());
    return {host_name(),
            ::getpid(),
            stat ? stat->start : "",
            first_line("/proc/sys/kernel/random/boot_id"),
            environment("SLURM_JOB_ID"),
            number(environment("SLURM_RESTART_COUNT")),
            fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()))};
  }

  static std::optional<Holder> parse(const std::string& text) {
    Holder holder;
    std::istringstream in(text);
    bool whole = false;
    for (std::string line; std::getline(in, line);) {
      const auto equals = line.find('=');
      const std::string key = line.substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
      if (key == "host") holder.host = value;
      if (key == "pid") holder.pid = number(value);
      if (key == "start") holder.start = value;
      if (key == "boot") holder.boot = value;
      if (key == "job") holder.job = value;
      if (key == "restarts") holder.restarts = number(value);
      if (key == "since") holder.since = value;
      whole = key == "end";
    }
    if (!whole || holder.host.empty() || holder.pid <= 0) return std::nullopt;
    return holder;
  }

  std::string text() const {
    return fmt::format("host={}\npid={}\nstart={}\nboot={}\njob={}\nrestarts={}\nsince={}\nend\n", host, pid,
                       start, boot, job, restarts, since);
  }

  /// Whether this is surely gone. Of another host's processes that is known only if SLURM has requeued their
  /// job since.
  bool dead(const Holder& self) const {
    if (!job.empty() && job == self.job && restarts < self.restarts) return true;
    return host == self.host && !alive_here(self);
  }

 private:
  bool alive_here(const Holder& self) const {
    if (boot != self.boot) return false;
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    const auto stat = process_stat(pid);
    if (!stat) return true;  // it exists, but /proc hides it
    return stat->start == start && stat->state != "Z" && stat->state != "X";
  }
};

std::string read_text(const fs::path& file) {
  try {
    const auto bytes = read_bytes(file);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } catch (const IoError&) {
    return {};
  }
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

[[noreturn]] void refuse(const fs::path& file, const Holder& holder, const Holder& self) {
  const std::string who = fmt::format("{}: in use by process {} on host {} since {}",
                                      file.parent_path().string(), holder.pid, holder.host, holder.since);
  if (holder.host == self.host) throw IoError(who + "; wait for it to end, or choose another -o directory");
  throw IoError(fmt::format(
      "{}; wait for it to end, or, if that run is surely dead, remove {} and run the same command again", who,
      file.string()));
}

/// Writes the text under a name of its own beside the lock, from where it becomes the lock in one step: a
/// lock is never half written, whenever its maker dies.
fs::path write_draft(const fs::path& file, const Holder& self) {
  const fs::path draft =
      file.parent_path() / fmt::format("{}lock-{}-{}", kTemporaryPrefix, self.host, self.pid);
  Descriptor fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) throw io_error("write", file, errno);
  if (write_all(fd.get(), bytes_of(self.text())) && ::fsync(fd.get()) == 0 && fd.close()) return draft;
  const int reason = errno;
  ::unlink(draft.c_str());
  throw io_error("write", file, reason);
}

enum class Attempt { taken, again, unreadable };

/// Takes over the lock of a dead process. flock keeps two processes of this host from doing so at once; where
/// the file system has none, the window is a few microseconds.
Attempt take_over(const fs::path& file, const Holder& self) {
  const Descriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return Attempt::again;  // released meanwhile
  if (!fd) throw io_error("open", file, errno);
  while (::flock(fd.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  struct stat opened {
  }, current{};
  if (::fstat(fd.get(), &opened) != 0 || ::stat(file.c_str(), &current) != 0 ||
      opened.st_ino != current.st_ino)
    return Attempt::again;
  const auto holder = Holder::parse(read_text(file));
  if (!holder) return Attempt::unreadable;
  if (!holder->dead(self)) refuse(file, *holder, self);
  const fs::path draft = write_draft(file, self);
  if (::rename(draft.c_str(), file.c_str()) != 0) {
    const int reason = errno;
    ::unlink(draft.c_str());
    throw io_error("write", file, reason);
  }
  return Attempt::taken;
}

/// Where the file system knows no hard links: a lock that is being made says nothing for a moment.
bool create_in_place(const fs::path& file, const std::string& text) {
  Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd && (errno == EEXIST || errno == EINTR)) return false;
  if (!fd) throw io_error("write", file, errno);
  if (write_all(fd.get(), bytes_of(text)) && ::fsync(fd.get()) == 0 && fd.close()) return true;
  const int reason = errno;
  ::unlink(file.c_str());
  throw io_error("write", file, reason);
}

bool create(const fs::path& file, const Holder& self) {
  if (fs::exists(fs::symlink_status(file))) return false;
  const fs::path draft = write_draft(file, self);
  const bool linked = ::link(draft.c_str(), file.c_str()) == 0;
  const int reason = errno;
  struct stat status {};
  // NFS may have made the link although it reports an error.
  const bool made = linked || (::stat(draft.c_str(), &status) == 0 && status.st_nlink == 2);
  ::unlink(draft.c_str());
  if (made) return true;
  switch (reason) {
    case EEXIST:
    case EINTR:
    case ENOENT:  // whoever holds the lock has swept the draft away
      return false;
    case EPERM:
    case ENOSYS:
    case EOPNOTSUPP:
    case EMLINK:
      return create_in_place(file, self.text());
    default:
      throw io_error("write", file, reason);
  }
}

}  // namespace

Lock::Lock(fs::path file, std::string text)
    : file_(std::move(file)), text_(std::move(text)), process_(::getpid()) {}

Lock::Lock(Lock&& other) noexcept
    : file_(std::exchange(other.file_, {})), text_(std::move(other.text_)), process_(other.process_) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  release();
  file_ = std::exchange(other.file_, {});
  text_ = std::move(other.text_);
  process_ = other.process_;
  return *this;
}

Lock::~Lock() { release(); }

Lock Lock::acquire(const fs::path& file) {
  const Holder self = Holder::self();
  constexpr int kAttempts = 40;  // a lock that is being made says nothing for a moment
  for (int n = 0; n < kAttempts; ++n) {
    if (create(file, self) || take_over(file, self) == Attempt::taken) return Lock(file, self.text());
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  throw IoError(fmt::format(
      "{}: the lock does not say who holds it; if no run uses this directory, remove the file and run "
      "the same command again",
      file.string()));
}

bool Lock::held() const { return !file_.empty() && read_text(file_) == text_; }

void Lock::check_held() const {
  if (!held())
    throw IoError(fmt::format(
        "{}: the lock was removed or taken by another process while this one was running; only one "
        "run may write to a directory: see that no other does, and run the same command again",
        file_.string()));
}

void Lock::release() noexcept {
  // A forked child must not release its parent's lock, nor a run that of another.
  if (process_ == ::getpid() && held()) ::unlink(file_.c_str());
}

}  // namespace leafcast::io
