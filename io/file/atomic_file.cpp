#include "io/file/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <optional>

#include "io/file/posix.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

std::string_view remedy(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free space and run the same command again";
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f) and run the same command again";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions, or choose another place";
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
      return "check the path";
    default:
      return "run the same command again when the cause is removed";
  }
}

/// A device or pipe cannot be replaced (and must not: think of /dev/null), so it is written to.
void write_through(const fs::path& path, std::span<const std::byte> bytes) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || !write_all(fd.get(), bytes) || !fd.close()) throw io_error("write", path, errno);
}

/// Where to write: a symbolic link stays, and what it points to is replaced.
fs::path destination_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::weakly_canonical(path, error);
  return error ? path : target;
}

}  // namespace

IoError io_error(std::string_view verb, const fs::path& path, int error_number) {
  return IoError(fmt::format("cannot {} {}: {}; {}", verb, path.string(), std::strerror(error_number),
                             remedy(error_number)));
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = repeat_if_interrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_directory(const fs::path& directory) {
  const fs::path path = directory.empty() ? fs::path(".") : directory;
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system that knows no fsync of directories.
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) throw io_error("write", path, errno);
}

AtomicFile::AtomicFile(const fs::path& destination) : destination_(destination_of(destination)), fd_(-1) {
  for (int n = 0; !fd_; ++n) {
    path_ = destination_.parent_path() / fmt::format("{}{}-{}", kTemporaryPrefix, ::getpid(), n);
    fd_ = Descriptor(repeat_if_interrupted(
        [&] { return ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }));
    if (!fd_ && errno != EEXIST) throw io_error("write", destination_, errno);
  }
}

AtomicFile::~AtomicFile() {
  if (!is_gone_) ::unlink(path_.c_str());
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  if (::lseek(fd_.get(), 0, SEEK_END) < 0 || !write_all(fd_.get(), bytes))
    throw io_error("write", destination_, errno);
}

void AtomicFile::sync() {
  if (::fsync(fd_.get()) != 0 || !fd_.close()) throw io_error("write", destination_, errno);
}

void AtomicFile::remove() {
  if (::unlink(path_.c_str()) != 0) throw io_error("write", destination_, errno);
  is_gone_ = true;
}

void AtomicFile::rename(const fs::path& to) {
  if (::rename(path_.c_str(), destination_of(to).c_str()) != 0) throw io_error("write", to, errno);
  is_gone_ = true;
}

void AtomicFile::commit(const fs::path& to) {
  sync();
  rename(to);
  sync_directory(path_.parent_path());
}

void write_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  const fs::path destination = destination_of(path);
  struct stat status {};
  const bool exists = ::stat(destination.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw io_error("write", path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) return write_through(destination, bytes);
  AtomicFile file(destination);
  file.append(bytes);
  file.commit();
}

namespace {

/// Nothing if the file has been replaced meanwhile by another host of a network file system (ESTALE), and `may_be_stale`.
std::optional<std::vector<std::byte>> read_once(const fs::path& path, std::uint64_t most, bool may_be_stale) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    if (errno == ESTALE && may_be_stale) return std::nullopt;
    throw io_error("read", path, errno);
  }
  const auto refuse = [&] {
    throw IoError(
        fmt::format("cannot read {}: it has more than {} MB, too much for such a file; restore it from a "
                    "copy, or remove it",
                    path.string(), most >> 20));
  };
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > most) refuse();
  std::vector<std::byte> bytes(S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0);
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size())
      bytes.resize(size + 4096);  // also finds the end of a file that grows, or of a pipe
    const ssize_t got =
        repeat_if_interrupted([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
    if (got < 0 && errno == ESTALE && may_be_stale) return std::nullopt;
    if (got < 0) throw io_error("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > most) refuse();  // a pipe or device
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::vector<std::byte> read_bytes(const fs::path& path, std::uint64_t most) {
  constexpr int kMostStale = 3;  // opened anew, it is the new one
  for (int stale = 0;; ++stale)
    if (auto bytes = read_once(path, most, stale < kMostStale)) return std::move(*bytes);
}

Descriptor open_for_reading(const fs::path& path) {
  constexpr int kMostStale = 3;
  std::error_code unknown;  // then opening it tells
  if (fs::exists(path, unknown) &&
      !fs::is_regular_file(path, unknown))  // a pipe would be waited for, a device has no end
    throw IoError(fmt::format("cannot read {}: not a regular file; save it as one first", path.string()));
  for (int stale = 0;; ++stale) {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (fd && ::fstat(fd.get(), &status) == 0) return fd;
    if (errno != ESTALE || stale == kMostStale) throw io_error("read", path, errno);
  }
}

void refresh_directory(const fs::path& directory) {
  AtomicFile probe(directory / "probe");
  probe.sync();
  probe.remove();
}

std::string content_hash(std::span<const std::byte> bytes) {
  return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

ContentHash::ContentHash() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_64bits_reset(static_cast<XXH3_state_t*>(state_.get()));
}
void ContentHash::Free::operator()(void* state) const { XXH3_freeState(static_cast<XXH3_state_t*>(state)); }
void ContentHash::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(static_cast<XXH3_state_t*>(state_.get()), bytes.data(), bytes.size());
}
std::string ContentHash::text() const {
  return fmt::format("{:016x}", XXH3_64bits_digest(static_cast<const XXH3_state_t*>(state_.get())));
}

std::string read_text(const fs::path& path) {
  const auto bytes = read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace leafcast::io
