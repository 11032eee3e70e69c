// Preloaded into a program, shows it directories as a network file system's client may: what other processes have made
// there lately is not listed (LEAFCAST_DELAY_SECONDS), unless this process has itself changed the directory, for which
// the client must ask the server. LEAFCAST_DELAY_ALWAYS: not even then, so that a test can see that the shim works.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <string>

#undef open
#undef open64
#undef readdir
#undef readdir64

namespace {

std::mutex mutex;
std::set<std::string>& changed() {
  static std::set<std::string>* directories = new std::set<std::string>;
  return *directories;
}

void note_change(const char* path) {
  char resolved[PATH_MAX];
  const std::string text = path;
  const std::size_t slash = text.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : text.substr(0, slash);
  if (!realpath(directory.c_str(), resolved)) return;
  const std::lock_guard<std::mutex> guard(mutex);
  changed().insert(resolved);
}

bool is_hidden(DIR* stream, const char* name) {
  const char* seconds = getenv("LEAFCAST_DELAY_SECONDS");
  if (!seconds || name[0] == '.') return false;
  char resolved[PATH_MAX];
  if (!realpath(("/proc/self/fd/" + std::to_string(dirfd(stream))).c_str(), resolved)) return false;
  {
    const std::lock_guard<std::mutex> guard(mutex);
    if (!getenv("LEAFCAST_DELAY_ALWAYS") && changed().count(resolved)) return false;
  }
  struct stat status {};
  return fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         time(nullptr) - status.st_ctime < atol(seconds);
}

template <class Entry>
Entry* next_shown(const char* name, DIR* stream) {
  const auto real = reinterpret_cast<Entry* (*)(DIR*)>(dlsym(RTLD_NEXT, name));
  Entry* entry = real(stream);
  while (entry && is_hidden(stream, entry->d_name)) entry = real(stream);
  return entry;
}

int open_as(const char* name, const char* path, int flags, mode_t mode) {
  const auto real = reinterpret_cast<int (*)(const char*, int, mode_t)>(dlsym(RTLD_NEXT, name));
  const int fd = real(path, flags, mode);
  if (fd >= 0 && (flags & O_CREAT)) note_change(path);
  return fd;
}

}  // namespace

extern "C" {

struct dirent* readdir(DIR* stream) {
  return next_shown<struct dirent>("readdir", stream);
}
struct dirent64* readdir64(DIR* stream) {
  return next_shown<struct dirent64>("readdir64", stream);
}

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const auto mode = flags & O_CREAT ? static_cast<mode_t>(va_arg(list, int)) : 0;
  va_end(list);
  return open_as("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const auto mode = flags & O_CREAT ? static_cast<mode_t>(va_arg(list, int)) : 0;
  va_end(list);
  return open_as("open64", path, flags, mode);
}
}
