#include "io/hdf5/isolated.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "engine/error.h"
#include "io/file/posix.h"
#include "io/hdf5/isolated_child.h"

namespace leafcast::io {

using isolated::Answer;
using isolated::Ask;
using isolated::Request;

namespace {

constexpr std::size_t kAheadBytes = 1 << 20;
constexpr std::size_t kMostRank = 32;  // HDF5's
constexpr std::uint64_t kMegabyte = 1 << 20;
constexpr std::uint64_t kBytesOfAChild = 64 * kMegabyte;  // then another takes over
constexpr double kLookSeconds = 0.2;

bool is_crash(int signal) {
  constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGXFSZ};
  return std::ranges::find(kCrashes, signal) != kCrashes.end();
}

/// The child neither answers nor does anything.
struct SilentChild : IoError {
  using IoError::IoError;
};

/// A child process that reads HDF5, one file at a time.
class Child {
 public:
  /// Throws IoError. `bytes`: of all files that it will be given.
  explicit Child(std::uint64_t memory, std::uint64_t bytes) : bytes_left_(bytes), socket_(-1) {
    std::array<int, 2> ends;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) refuse();
    socket_ = Descriptor(ends[0]);
    const Descriptor other(ends[1]);
    // Whoever waits for the child looks at its processor time now and then.
    constexpr timeval kLook{0, static_cast<suseconds_t>(1e6 * kLookSeconds)};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kLook, sizeof kLook);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kLook, sizeof kLook);
    // Signals that tell a program to stop are for the parent: the child ends with its socket.
    sigset_t stop_signals, before;
    ::sigemptyset(&stop_signals);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) ::sigaddset(&stop_signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &stop_signals, &before);
    process_ = ::fork();
    if (process_ == 0) isolated::serve(other.get(), memory);
    const int failure = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = failure;
    if (process_ < 0) refuse();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  std::uint64_t bytes_left() const { return bytes_left_; }
  /// Begins to count: a file of so many bytes, within the limits' seconds.
  void begin(std::uint64_t bytes, const ReadingLimits& limits) {
    bytes_left_ -= bytes;
    last_second_ = processor_seconds() + limits.seconds;
    most_idle_looks_ = static_cast<int>(limits.silence / kLookSeconds);
  }

  /// Throws like give_up.
  void send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && may_go_on()) continue;
      if (sent < 0) give_up();
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  void receive(std::span<std::byte> into) {
    while (!into.empty()) {
      const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
      if (got < 0 && may_go_on()) continue;
      if (got <= 0) give_up();
      into = into.subspan(static_cast<std::size_t>(got));
    }
  }

  /// After an answer that cannot be, or none. Throws h5::Error: the fault is the file's; IoError: someone
  /// else has killed the child.
  [[noreturn]] void give_up() {
    const bool endless = processor_seconds() > last_second_;
    const bool idle = idle_looks_ > most_idle_looks_;
    const bool ended = !endless && !idle && ends_by_itself();
    const int status = end();
    if (idle)
      throw SilentChild(
          "the process that reads HDF5 does not answer and does nothing, perhaps because it was stopped; run "
          "the same command again");
    if (ended && WIFSIGNALED(status) && !is_crash(WTERMSIG(status)))
      throw IoError(
          "the process that reads HDF5 was killed, perhaps for want of memory; see that there is enough, and "
          "run the same command again");
    const std::string how = endless                        ? "it computes without end"
                            : ended && WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status))
                                                           : "it speaks nonsense";
    throw h5::Error("the HDF5 library does not survive it: " + how);
  }

 private:
  [[noreturn]] static void refuse() {
    throw IoError(
        fmt::format("cannot start a process that reads HDF5: {}; raise the limits on processes, memory or "
                    "open files (ulimit "
                    "-a) and run the same command again",
                    std::strerror(errno)));
  }

  /// Whether a call that failed is to be tried again.
  bool may_go_on() {
    if (errno == EINTR) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    // Looks are counted, not the time between them: this process may have been stopped as well.
    const double used = processor_seconds();
    idle_looks_ = used > seen_used_ ? 0 : idle_looks_ + 1;
    seen_used_ = used;
    return used <= last_second_ && idle_looks_ <= most_idle_looks_;
  }

  double processor_seconds() const {
    clockid_t clock;
    timespec time{};
    if (process_ <= 0 || ::clock_getcpuclockid(process_, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
      return 0;
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  /// Whether the process ends within a second: one that crashes closes its socket a moment before.
  bool ends_by_itself() const {
    for (int look = 0; look < 200; ++look) {
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0)
        return false;
      if (ended.si_pid == process_) return true;
      ::usleep(5000);
    }
    return false;
  }

  /// Ends the process; how it ended.
  int end() noexcept {
    int status = 0;
    if (process_ <= 0) return status;
    ::kill(process_, SIGKILL);  // no news for one that has ended by itself
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return status;
  }

  std::uint64_t bytes_left_;
  Descriptor socket_;
  pid_t process_ = 0;
  double last_second_ = 0;  ///< of its processor time
  double seen_used_ = 0;    ///< its processor time when last looked at
  int idle_looks_ = 0, most_idle_looks_ = 0;
};

// One thread at a time, like HDF5 itself.
int sessions = 0;
std::unique_ptr<Child> idle;

std::unique_ptr<Child> child_for(std::uint64_t bytes, const ReadingLimits& limits) {
  if (idle && idle->bytes_left() >= bytes) return std::move(idle);
  idle.reset();
  return std::make_unique<Child>(limits.memory, std::max(bytes, sessions > 0 ? kBytesOfAChild : 0));
}

}  // namespace

ReadingLimits ReadingLimits::of(std::size_t file_bytes) {
  // Deflate yields at most 1032 bytes for one, and inflates more than 200 MB a second.
  const std::uint64_t bytes = std::max<std::uint64_t>(file_bytes, kBytesOfAChild);
  // A sanitizer's allocator may be locked at the fork for ever; then another child is tried soon.
  const double silence = isolated::kConfined ? 60 : 5;
  return {512 * kMegabyte + 4 * bytes, 20 + 6e-6 * static_cast<double>(file_bytes), 512 * kMegabyte, silence};
}

ReadingSession::ReadingSession() { ++sessions; }
ReadingSession::~ReadingSession() {
  if (--sessions == 0) idle.reset();
}

class IsolatedReader {
 public:
  IsolatedReader(std::span<const std::byte> bytes, const ReadingLimits& limits)
      : child_(child_for(bytes.size(), limits)), most_text_(limits.text) {
    child_->begin(bytes.size(), limits);
    say({Ask::open, 0, 0, 0, limits.text, bytes.size()});
    child_->send(bytes);
    receive(0);
  }
  IsolatedReader(const IsolatedReader&) = delete;
  IsolatedReader& operator=(const IsolatedReader&) = delete;
  ~IsolatedReader() { put_back(); }

  void ask(Ask what, const std::string& path, const std::string& name = "", int type = 0,
           std::uint64_t first = 0, std::uint64_t count = 0) {
    if (path.size() > isolated::kMostName || name.size() > isolated::kMostName)
      throw std::logic_error("a name of absurd length");
    say({what, type, static_cast<std::uint32_t>(path.size()), static_cast<std::uint32_t>(name.size()), first,
         count});
    child_->send(std::as_bytes(std::span(path)));
    child_->send(std::as_bytes(std::span(name)));
  }

  /// An answer of at most so many bytes.
  std::vector<std::byte> receive(std::uint64_t most) {
    std::vector<std::byte> bytes(receive_size(most));
    child_->receive(bytes);
    return bytes;
  }
  /// An answer of exactly this size.
  void receive_into(std::span<std::byte> bytes) {
    if (receive_size(bytes.size()) != bytes.size()) give_up();
    child_->receive(bytes);
  }
  template <class T>
  T receive_value() {
    T value;
    receive_into(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  std::vector<std::string> receive_texts(std::size_t at_most) {
    const std::vector<std::byte> bytes = receive(most_text_ + at_most * sizeof(std::uint64_t));
    std::vector<std::string> texts;
    for (std::span<const std::byte> rest(bytes); !rest.empty();) {
      std::uint64_t size = 0;
      if (rest.size() < sizeof size || texts.size() == at_most) give_up();
      std::memcpy(&size, rest.data(), sizeof size);
      rest = rest.subspan(sizeof size);
      if (size > rest.size()) give_up();
      texts.emplace_back(reinterpret_cast<const char*>(rest.data()), size);
      rest = rest.subspan(size);
    }
    return texts;
  }

 private:
  void say(const Request& request) { child_->send(std::as_bytes(std::span(&request, 1))); }

  /// Size of what follows. Throws the child's complaint.
  std::uint64_t receive_size(std::uint64_t most) {
    clean_ = false;
    Answer answer;
    child_->receive(std::as_writable_bytes(std::span(&answer, 1)));
    if (answer.size > (answer.is_complaint ? isolated::kMostComplaint : most)) give_up();
    if (answer.is_complaint) {
      std::string text(answer.size, '\0');
      child_->receive(std::as_writable_bytes(std::span(text)));
      throw h5::Error(text);
    }
    clean_ = true;
    return answer.size;
  }

  [[noreturn]] void give_up() {
    clean_ = false;
    child_->give_up();
  }

  /// Keeps the child for the next file, if this one has given no cause for doubt.
  void put_back() noexcept try {
    if (!clean_ || sessions == 0 || idle) return;
    say({Ask::close});
    receive(0);
    idle = std::move(child_);
  } catch (const std::exception&) {  // the child ends
  }

  std::unique_ptr<Child> child_;
  std::uint64_t most_text_;
  bool clean_ = false;
};

IsolatedDataset::IsolatedDataset(IsolatedReader& reader, std::string path)
    : reader_(&reader), path_(std::move(path)) {
  reader_->ask(Ask::extent, path_);
  const std::vector<std::byte> bytes = reader_->receive(kMostRank * sizeof(std::uint64_t));
  extent_.resize(bytes.size() / sizeof(std::uint64_t));
  if (!extent_.empty()) std::memcpy(extent_.data(), bytes.data(), extent_.size() * sizeof(std::uint64_t));
}

std::size_t IsolatedDataset::row_size() const {
  return std::accumulate(extent_.begin() + (extent_.empty() ? 0 : 1), extent_.end(), std::size_t{1},
                         std::multiplies<>());
}

void IsolatedDataset::read_rows(hsize_t first, hsize_t count, int type, std::size_t element_bytes,
                                std::span<std::byte> values) const {
  const std::size_t row_bytes = row_size() * element_bytes;
  if (extent_.empty() || first > extent_[0] || count > extent_[0] - first ||
      values.size() != count * row_bytes)
    throw std::logic_error("rows of a dataset do not fit the buffer");
  if (values.empty()) return;
  if (type != ahead_type_ || first < ahead_first_ || first + count > ahead_first_ + ahead_count_) {
    ahead_count_ = 0;  // should the child fail
    const hsize_t rows = std::min(std::max<hsize_t>(kAheadBytes / row_bytes, count), extent_[0] - first);
    ahead_.resize(rows * row_bytes);
    reader_->ask(Ask::rows, path_, "", type, first, rows);
    reader_->receive_into(ahead_);
    ahead_first_ = first;
    ahead_count_ = rows;
    ahead_type_ = type;
  }
  std::memcpy(values.data(), ahead_.data() + (first - ahead_first_) * row_bytes, values.size());
}

bool IsolatedGroup::has(const std::string& name) const {
  reader_->ask(Ask::has, path_ + name);
  return reader_->receive_value<std::uint8_t>() != 0;
}

std::string IsolatedGroup::text(const std::string& name) const {
  const std::vector<std::string> texts = strings(name, 1);
  if (texts.size() != 1) throw h5::Error("dataset " + name + " is empty");
  return texts[0];
}

std::vector<std::string> IsolatedGroup::strings(const std::string& name, std::size_t at_most) const {
  reader_->ask(Ask::strings, path_ + name, "", 0, 0, at_most);
  return reader_->receive_texts(at_most);
}

std::string IsolatedGroup::text_attribute(const std::string& name) const {
  reader_->ask(Ask::text_attribute, path_, name);
  const std::vector<std::string> texts = reader_->receive_texts(1);
  return texts.empty() ? "" : texts[0];
}

std::int32_t IsolatedGroup::integer_attribute(const std::string& name) const {
  reader_->ask(Ask::integer_attribute, path_, name);
  return reader_->receive_value<std::int32_t>();
}

IsolatedFile::IsolatedFile(std::unique_ptr<IsolatedReader> reader) : reader_(std::move(reader)) {}
IsolatedFile::~IsolatedFile() = default;
IsolatedFile::IsolatedFile(IsolatedFile&&) noexcept = default;
IsolatedFile& IsolatedFile::operator=(IsolatedFile&&) noexcept = default;

IsolatedFile IsolatedFile::open(std::span<const std::byte> bytes, const ReadingLimits& limits) {
  try {
    return IsolatedFile(std::make_unique<IsolatedReader>(bytes, limits));
  } catch (const SilentChild&) {  // stopped, or begun while a thread held a lock: another may do better
    return IsolatedFile(std::make_unique<IsolatedReader>(bytes, limits));
  }
}

}  // namespace leafcast::io
