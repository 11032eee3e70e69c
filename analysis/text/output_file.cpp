#include "analysis/text/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "engine/error.h"

namespace leafcast::analysis {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* verb, const fs::path& path, int error_number) {
  throw IoError(fmt::format("cannot {} {}: {}; choose a folder with room that you may write to", verb,
                            path.string(),
                            error_number ? std::strerror(error_number) : "the system gives no reason"));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void write_to(const fs::path& path, const std::string& text, const fs::path& shown) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << text << std::flush;
  if (!out) refuse("write", shown, errno);
}

}  // namespace

void make_figure_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_symlink(folder, error))
    throw IoError(fmt::format(
        "{} is a symbolic link, which figures are not written through; remove it or choose another name",
        folder.string()));
  fs::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("cannot make the folder {}: {}; choose a place that you may write to",
                              folder.string(), error.message()));
}

void write_file(const fs::path& path, const std::string& text) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0 && (S_ISCHR(there.st_mode) || S_ISFIFO(there.st_mode)))
    return write_to(path, text, path);
  if (S_ISDIR(there.st_mode)) refuse("write", path, EISDIR);
  const ScratchFolder scratch(folder_of(path));
  write_to(scratch.path() / path.filename(), text, path);
  scratch.publish(path.filename());
}

std::string read_file(const fs::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    throw IoError(
        fmt::format("cannot read {}: {}; run the command again", path.string(), std::strerror(errno)));
  return text.str();
}

ScratchFolder::ScratchFolder(const fs::path& parent) : parent_(parent) {
  std::string name = (parent / ".leafcast-XXXXXX").string();
  if (!::mkdtemp(name.data())) refuse("write to", parent, errno);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ScratchFolder::publish(const std::string& name) const {
  std::error_code error;
  fs::rename(path_ / name, parent_ / name, error);
  if (error) refuse("write", parent_ / name, error.value());
}

}  // namespace leafcast::analysis
