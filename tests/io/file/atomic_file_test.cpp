#include "io/file/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/fixtures.h"

namespace atomic_file_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is written, replaced and read back") {
  const Scratch scratch;
  const fs::path path = scratch / "file";
  for (const std::string text : {"first", "", "second, longer than the first"}) {
    write_atomically(path, bytes_of(text));
    CHECK(read_bytes(path) == bytes_of(text));
  }
  CHECK(files_in(scratch.path()) == 1);
}

TEST_CASE("a symbolic link stays one, and what it points to is replaced") {
  const Scratch scratch;
  write_atomically(scratch / "target", bytes_of("old"));
  fs::create_symlink(scratch / "target", scratch / "link");
  write_atomically(scratch / "link", bytes_of("new"));
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(read_bytes(scratch / "target") == bytes_of("new"));
}

TEST_CASE("new files obey the umask") {
  const Scratch scratch;
  const mode_t old = ::umask(027);
  write_atomically(scratch / "file", bytes_of("x"));
  ::umask(old);
  struct stat status {};
  REQUIRE(::stat((scratch / "file").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("a full disk is an IoError that says what to do") {
  const std::string message = message_of<IoError>([] { write_atomically("/dev/full", bytes_of("x")); });
  CHECK(message ==
        "cannot write /dev/full: No space left on device; free space and run the same command again");
}

TEST_CASE("a device is written to, never replaced") {
  write_atomically("/dev/null", bytes_of("x"));
  struct stat status {};
  REQUIRE(::stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

TEST_CASE("a write that fails half-way leaves the old file and nothing else") {
  const Scratch scratch;
  const fs::path path = scratch / "file";
  write_atomically(path, bytes_of("old"));
  {
    const FileSizeLimit limit(1000);
    const std::string message =
        message_of<IoError>([&] { write_atomically(path, bytes_of(std::string(5000, 'x'))); });
    CHECK(message.find("File too large") != std::string::npos);
  }
  CHECK(read_bytes(path) == bytes_of("old"));
  CHECK(files_in(scratch.path()) == 1);
}

TEST_CASE("reasons are given: missing directory, a directory instead of a file, no such file") {
  const Scratch scratch;
  CHECK_THROWS_AS(write_atomically(scratch / "none/file", bytes_of("x")), IoError);
  CHECK_THROWS_AS(write_atomically(scratch.path(), bytes_of("x")), IoError);
  CHECK_THROWS_AS(read_bytes(scratch / "none"), IoError);
  CHECK_THROWS_AS(read_bytes(scratch.path()), IoError);
}

TEST_CASE("content hashes are XXH3 with 64 bits, as xxhsum -H3 prints them") {
  CHECK(content_hash({}) == "2d06800538d394c2");
  CHECK(content_hash(bytes_of("a")) != content_hash(bytes_of("b")));
}

}  // namespace atomic_file_test
