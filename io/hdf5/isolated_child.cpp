#include "io/hdf5/isolated_child.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "io/file/posix.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io::isolated {

namespace {

constexpr int kSocket = 0;  // once all other descriptors are closed

// ---- what the process gives up

/// Lets nothing through but memory, the socket and the end. The other limits hold also where the kernel has
/// no such filter.
void filter_system_calls() {
#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
  constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
  constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
  constexpr std::array kAllowed = {
      __NR_read,          __NR_write,       __NR_brk,     __NR_mmap,   __NR_munmap,
      __NR_mremap,        __NR_mprotect,    __NR_madvise, __NR_futex,  __NR_getrandom,
      __NR_clock_gettime, __NR_sched_yield, __NR_getpid,  __NR_gettid, __NR_rt_sigprocmask,
      __NR_rt_sigreturn,  __NR_exit_group};
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const int number : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
#endif
}

void limit(__rlimit_resource resource, std::uint64_t most) {
  rlimit old{};
  ::getrlimit(resource, &old);
  const auto value = std::min<rlim_t>(most, old.rlim_max);
  const rlimit limits{value, value};
  ::setrlimit(resource, &limits);
}

/// Bytes of address space that this process has; nothing if the system does not say.
std::optional<std::uint64_t> address_space() {
  const Descriptor fd(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  if (!fd || ::read(fd.get(), text.data(), text.size() - 1) <= 0) return std::nullopt;
  return std::strtoull(text.data(), nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void keep_only(int socket) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (::dup2(socket, kSocket) < 0) ::_exit(1);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO})
    if (null < 0 || ::dup2(null, fd) < 0) ::close(fd);
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) != 0)
    for (int fd = 3; fd < 1 << 16; ++fd) ::close(fd);
}

void confine(int socket, std::uint64_t memory) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A signal to stop is for the parent, who ends this when it pleases. A crash is no news for the terminal.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGPIPE, SIGTSTP})
    std::signal(signal, SIG_IGN);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGXFSZ})
    std::signal(signal, SIG_DFL);
  const auto present = address_space();
  keep_only(socket);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  if (kConfined) {
    limit(RLIMIT_NOFILE, 0);  // so that nothing can be opened
    if (present) limit(RLIMIT_AS, *present + memory);
    filter_system_calls();
  }
  // Pages that the system gives anew cost more than what is computed in them.
  ::mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

// ---- what it answers

bool read_all(std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t got = ::read(kSocket, into.data(), into.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

/// What cannot be received is no longer wanted.
template <class T>
T received(std::size_t size) {
  T bytes(size, {});
  if (!read_all(std::as_writable_bytes(std::span(bytes)))) ::_exit(0);
  return bytes;
}

/// Calls use(a value of the type) for a Number<T>::kIndex.
template <class Use>
auto with_type(int index, Use use) {
  switch (index) {
    case h5::Number<std::int32_t>::kIndex:
      return use(std::int32_t{});
    case h5::Number<std::int64_t>::kIndex:
      return use(std::int64_t{});
    case h5::Number<std::uint32_t>::kIndex:
      return use(std::uint32_t{});
    case h5::Number<std::uint64_t>::kIndex:
      return use(std::uint64_t{});
    case h5::Number<std::int8_t>::kIndex:
      return use(std::int8_t{});
    case h5::Number<std::uint8_t>::kIndex:
      return use(std::uint8_t{});
    case h5::Number<std::uint16_t>::kIndex:
      return use(std::uint16_t{});
    default:
      return use(double{});
  }
}

/// An HDF5 file that is asked.
class OpenFile {
 public:
  OpenFile(std::span<const std::byte> bytes, std::uint64_t most_text)
      : file_(h5::File::open(bytes)), most_text_(most_text) {}

  void answer(const Request& request, const std::string& path, const std::string& name,
              std::vector<std::byte>& into) {
    switch (request.ask) {
      case Ask::has:
        return put(std::uint8_t{group_of(path).has(last(path))}, into);
      case Ask::extent:
        for (const hsize_t length : dataset(path).extent()) put(std::uint64_t{length}, into);
        return;
      case Ask::rows:
        return with_type(request.type,
                         [&](auto zero) { put_rows<decltype(zero)>(dataset(path), request, into); });
      case Ask::strings:
        for (const std::string& text : group_of(path).strings(last(path), request.count))
          put_text(text, into);
        return;
      case Ask::text_attribute:
        return put_text(group_of(path).text_attribute(name), into);
      case Ask::integer_attribute:
        return put(group_of(path).integer_attribute(name), into);
      case Ask::open:
      case Ask::close:
        break;
    }
    throw std::logic_error("a request of another kind");
  }

 private:
  static std::string last(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  /// The group whose name ends at the last /.
  h5::Group group_of(const std::string& path) const {
    h5::Group group = file_.root();
    for (std::size_t begin = 1, end; (end = path.find('/', begin)) != path.npos; begin = end + 1)
      group = group.group(path.substr(begin, end - begin));
    return group;
  }
  const h5::Dataset& dataset(const std::string& path) {
    const auto known = datasets_.find(path);
    if (known != datasets_.end()) return known->second;
    return datasets_.emplace(path, group_of(path).dataset(last(path))).first->second;
  }

  template <class T>
  static void put_rows(const h5::Dataset& dataset, const Request& request, std::vector<std::byte>& into) {
    const std::size_t count = request.count * dataset.row_size();
    into.resize(count * sizeof(T));
    dataset.read_rows(request.first, request.count, std::span(reinterpret_cast<T*>(into.data()), count));
  }
  template <class T>
  static void put(T value, std::vector<std::byte>& into) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    into.insert(into.end(), bytes.begin(), bytes.end());
  }
  void put_text(const std::string& text, std::vector<std::byte>& into) const {
    if (text.size() > most_text_ || into.size() > most_text_ - text.size())
      throw h5::Error("a text of absurd length");
    put(std::uint64_t{text.size()}, into);
    const auto bytes = std::as_bytes(std::span(text));
    into.insert(into.end(), bytes.begin(), bytes.end());
  }

  h5::File file_;
  std::uint64_t most_text_;
  std::map<std::string, h5::Dataset> datasets_;
};

class Server {
 public:
  void answer(const Request& request) {
    const auto path = received<std::string>(request.path_size),
               name = received<std::string>(request.name_size);
    answer_.clear();
    bool is_complaint = false;
    try {
      if (request.ask == Ask::open)
        open(request);
      else if (request.ask == Ask::close)
        file_.reset();
      else if (file_)
        file_->answer(request, path, name, answer_);
    } catch (const std::bad_alloc&) {
      is_complaint = complain("it takes more memory than a file of its size may");
    } catch (const std::exception& e) {
      is_complaint = complain(e.what());
    }
    const Answer head{is_complaint, answer_.size()};
    if (!write_all(kSocket, std::as_bytes(std::span(&head, 1))) || !write_all(kSocket, answer_)) ::_exit(0);
  }

 private:
  void open(const Request& request) {
    file_.reset();
    image_.resize(request.count);
    if (!read_all(image_)) ::_exit(0);
    file_.emplace(image_, request.first);
  }
  bool complain(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text)).first(std::min(text.size(), kMostComplaint));
    answer_.assign(bytes.begin(), bytes.end());
    return true;
  }

  std::optional<OpenFile> file_;
  std::vector<std::byte> image_, answer_;
};

}  // namespace

void serve(int socket, std::uint64_t memory) {
  h5::prepare_library();
  confine(socket, memory);
  Server server;
  for (Request request; read_all(std::as_writable_bytes(std::span(&request, 1)));) server.answer(request);
  ::_exit(0);
}

}  // namespace leafcast::io::isolated
