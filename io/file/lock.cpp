#include "io/file/lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "io/file/atomic_file.h"
#include "io/file/posix.h"

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

std::string process_space() {
  std::error_code none;
  return fs::read_symlink("/proc/self/ns/pid", none).string();
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
  bool beats = false;  ///< it touches its lock; programs before format 2 of locks did not
  std::string space;   ///< namespace of process numbers: containers of one host have their own

  static Holder self() {
    const auto stat = process_stat(::getpid());
    return {host_name(),
            ::getpid(),
            stat ? stat->start : "",
            first_line("/proc/sys/kernel/random/boot_id"),
            environment("SLURM_JOB_ID"),
            number(environment("SLURM_RESTART_COUNT")),
            fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now())),
            true,
            process_space()};
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
      if (key == "beats") holder.beats = value == "yes";
      if (key == "space") holder.space = value;
      whole = key == "end";
    }
    if (!whole || holder.host.empty() || holder.pid <= 0) return std::nullopt;
    return holder;
  }

  std::string text() const {
    return fmt::format(
        "host={}\npid={}\nstart={}\nboot={}\njob={}\nrestarts={}\nsince={}\nbeats={}\nspace={}\nend\n", host,
        pid, start, boot, job, restarts, since, beats ? "yes" : "no", space);
  }

  /// Whether this is surely gone. Of another host's processes that is known at once only if SLURM has
  /// requeued their job since.
  bool dead(const Holder& self) const {
    if (!job.empty() && job == self.job && restarts < self.restarts) return true;
    return is_judged_by_process(self) && !alive_here();
  }
  /// Whether its process, if it lives, can be seen from here: a host's name is not enough.
  bool is_judged_by_process(const Holder& self) const {
    if (!beats) return host == self.host;
    return host == self.host && boot == self.boot && space == self.space;
  }

 private:
  bool alive_here() const {
    if (boot != first_line("/proc/sys/kernel/random/boot_id")) return false;
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    const auto stat = process_stat(pid);
    if (!stat) return true;  // it exists, but /proc hides it
    return stat->start == start && stat->state != "Z" && stat->state != "X";
  }
};

/// Nothing where it cannot be read.
std::string text_of_lock(const fs::path& file) {
  try {
    return read_text(file);
  } catch (const IoError&) {
    return {};
  }
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string in_use_by(const fs::path& file, const Holder& holder) {
  return fmt::format("{}: in use by process {} on host {}{} since {}", file.parent_path().string(),
                     holder.pid, holder.host,
                     holder.job.empty() ? "" : fmt::format(" (SLURM job {})", holder.job), holder.since);
}

[[noreturn]] void refuse(const fs::path& file, const Holder& holder) {
  const std::string who = in_use_by(file, holder) + "; wait for it to end, ";
  if (holder.beats) throw IoError(who + "or choose another -o directory");
  throw IoError(fmt::format("{}or, if that run is surely dead, remove {} and run the same command again", who,
                            file.string()));
}

using Seconds = std::chrono::duration<double>;

/// When the file was last touched, by the clock of its file system. The file is opened first, since network
/// file systems look up its times anew only then.
std::optional<timespec> last_beat(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return std::nullopt;
  return status.st_mtim;
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/// Watches a lock until its time changes, it vanishes or is another's (false), or `silent` has passed (true).
/// By this process's own clock: those of hosts may differ.
bool seems_dead(const fs::path& file, const Holder& holder, const LockTiming& timing) {
  const auto begin = std::chrono::steady_clock::now();
  const auto before = last_beat(file);
  if (!before) return false;
  if (timing.say)
    timing.say(fmt::format("{}; watching for {:.0f} s whether that run still lives", in_use_by(file, holder),
                           Seconds(timing.silent).count()));
  const std::string text = holder.text();
  while (std::chrono::steady_clock::now() - begin < timing.silent) {
    std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(timing.beat / 5, timing.silent / 20));
    pass(timing.checkpoint);
    const auto now = last_beat(file);
    if (!now || !same_time(*before, *now) || text_of_lock(file) != text) return false;
  }
  return true;
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
/// the file system has none, the window is a few microseconds. `watched`: a holder that seems dead, since its
/// heart has not beaten for long.
Attempt take_over(const fs::path& file, const Holder& self, std::optional<Holder>& watched,
                  const LockTiming& timing) {
  const Descriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return Attempt::again;  // released meanwhile
  if (!fd) throw io_error("open", file, errno);
  const auto holder = Holder::parse(text_of_lock(file));
  if (holder && !holder->dead(self) && !holder->is_judged_by_process(self) && holder->beats &&
      !(watched && watched->text() == holder->text())) {
    // Not while flock is held: everybody may watch.
    if (!seems_dead(file, *holder, timing)) {
      const auto later = Holder::parse(text_of_lock(file));
      if (later && later->text() == holder->text()) refuse(file, *holder);  // its heart has beaten
    } else {
      watched = holder;
    }
    return Attempt::again;
  }
  if (repeat_if_interrupted([&] { return ::flock(fd.get(), LOCK_EX); }) != 0 && errno == EINTR)
    return Attempt::again;  // where the file system knows no flock, exclusive creation has to do
  struct stat opened {
  }, current{};
  if (::fstat(fd.get(), &opened) != 0 || ::stat(file.c_str(), &current) != 0 ||
      opened.st_ino != current.st_ino)
    return Attempt::again;
  const std::string there = text_of_lock(file);
  const auto now = Holder::parse(there);
  if (!now) return Attempt::unreadable;
  const bool dead = now->dead(self) || (watched && watched->text() == there);
  if (!dead && !now->is_judged_by_process(self) && now->beats)
    return Attempt::again;  // another took it meanwhile
  if (!dead) refuse(file, *now);
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

/// Touches the lock file until it is destroyed. A thread of its own, since the holder may be busy for long
/// with one piece of work.
class Lock::Heart {
 public:
  Heart(const fs::path& file, const std::string& text, std::chrono::milliseconds beat) {
    // Signals are for the thread that samples: it must see them soon.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([=, this] { run(file, text, beat); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Heart() {
    {
      const std::lock_guard guard(mutex_);
      stop_ = true;
    }
    stopped_.notify_all();
    thread_.join();
  }

 private:
  void run(const fs::path& file, const std::string& text, std::chrono::milliseconds beat) {
    std::unique_lock guard(mutex_);
    while (!stopped_.wait_for(guard, beat, [this] { return stop_; }))
      if (text_of_lock(file) == text)  // else another has it: check_held will tell
        ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0);
  }

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

Lock::Lock(fs::path file, std::string text, const LockTiming& timing)
    : file_(std::move(file)),
      text_(std::move(text)),
      process_(::getpid()),
      heart_(std::make_unique<Heart>(file_, text_, timing.beat)) {}

Lock::Lock(Lock&& other) noexcept
    : file_(std::exchange(other.file_, {})),
      text_(std::move(other.text_)),
      process_(other.process_),
      heart_(std::move(other.heart_)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  release();
  file_ = std::exchange(other.file_, {});
  text_ = std::move(other.text_);
  process_ = other.process_;
  heart_ = std::move(other.heart_);
  return *this;
}

Lock::~Lock() { release(); }

Lock Lock::acquire(const fs::path& file, const LockTiming& timing) {
  const Holder self = Holder::self();
  constexpr int kAttempts = 40;  // a lock that is being made says nothing for a moment
  std::optional<Holder> watched;
  for (int n = 0; n < kAttempts; ++n) {
    if (create(file, self) || take_over(file, self, watched, timing) == Attempt::taken)
      return Lock(file, self.text(), timing);
    pass(timing.checkpoint);
    if (!watched) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  throw IoError(fmt::format(
      "{}: the lock does not say who holds it; if no run uses this directory, remove the file and run "
      "the same command again",
      file.string()));
}

bool Lock::held() const { return !file_.empty() && text_of_lock(file_) == text_; }

void Lock::check_held() const {
  if (!held())
    throw IoError(fmt::format(
        "{}: the lock was removed or taken by another process while this one was running; only one "
        "run may write to a directory: see that no other does, and run the same command again",
        file_.string()));
}

void Lock::release() noexcept {
  // A forked child must not release its parent's lock, nor a run that of another.
  if (process_ != ::getpid()) {
    static_cast<void>(heart_.release());  // its thread is the parent's
    return;
  }
  heart_.reset();
  if (held()) ::unlink(file_.c_str());
}

std::optional<LockState> look_at_lock(const fs::path& file, const LockTiming& timing) {
  const auto holder = Holder::parse(text_of_lock(file));
  const auto beat = last_beat(file);
  if (!holder || !beat) return std::nullopt;
  LockState state{holder->host, holder->job, holder->since, holder->pid, 0, false};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  state.beat_seconds = static_cast<double>(now.tv_sec - beat->tv_sec) +
                       1e-9 * static_cast<double>(now.tv_nsec - beat->tv_nsec);
  const Holder self = Holder::self();
  state.lives = !holder->dead(self) && (holder->is_judged_by_process(self) || !holder->beats ||
                                        state.beat_seconds < Seconds(timing.silent).count());
  return state;
}

}  // namespace leafcast::io
