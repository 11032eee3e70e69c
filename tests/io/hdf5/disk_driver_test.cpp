#include "io/hdf5/disk_driver.h"

#include <fcntl.h>

#include <cerrno>

#include "io/file/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "tests/io/fixtures.h"

namespace disk_driver_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

const std::vector<std::int64_t> kNumbers = [] {
  std::vector<std::int64_t> numbers(200'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i * i * 7919);
  return numbers;
}();

void fill(const h5::File& file) {
  const h5::Axis row = file.root().make_numbered_axis("row", kNumbers.size());
  file.root().make_column("number", row, kNumbers);
  file.root().make_text("text", "some text");
}

std::vector<std::int64_t> numbers_of(const h5::File& file) {
  std::vector<std::int64_t> numbers(kNumbers.size());
  file.root().dataset("number").read_rows(0, numbers.size(), std::span(numbers));
  return numbers;
}

}  // namespace

TEST_CASE("a file on the disk holds what one in memory does, whatever comes behind it") {
  const Scratch scratch;
  const fs::path path = scratch / "file.h5";
  std::uint64_t bytes = 0;
  {
    AtomicFile out(path);
    h5::File file = h5::File::create_on(out.descriptor());
    fill(file);
    REQUIRE(file.close() == 0);
    out.append(std::as_bytes(std::span("what HDF5 does not see", 22)));
    out.commit();
    bytes = fs::file_size(path) - 22;
  }
  {
    const Descriptor in = open_for_reading(path);
    const h5::File file = h5::File::open_on(in.get(), bytes);
    CHECK(numbers_of(file) == kNumbers);
    CHECK(file.root().text("text") == "some text");
    CHECK(file.disk()->read_error == 0);
  }
  const auto all = read_bytes(path);
  CHECK(numbers_of(h5::File::open(std::span(all).first(bytes))) == kNumbers);
  // Cut short, it is refused or cannot be read; nothing crashes.
  for (const std::uint64_t less : {bytes / 2, bytes - 1, std::uint64_t{100}, std::uint64_t{0}}) {
    const Descriptor in = open_for_reading(path);
    CHECK_THROWS_AS(numbers_of(h5::File::open_on(in.get(), less)), h5::Error);
  }
}

TEST_CASE("a full disk is told of when the file is closed, and the library goes on") {
  for (int again = 0; again < 3; ++again) {
    const Descriptor full(::open("/dev/full", O_RDWR));
    REQUIRE(full);
    h5::File file = h5::File::create_on(full.get());
    fill(file);
    CHECK(file.close() == ENOSPC);
  }
  const Scratch scratch;
  const FileSizeLimit limit(300'000);
  AtomicFile out(scratch / "file.h5");
  h5::File file = h5::File::create_on(out.descriptor());
  fill(file);
  CHECK(file.close() == EFBIG);
  h5::File other = h5::File::create();
  fill(other);
  CHECK(numbers_of(other) == kNumbers);
}

TEST_CASE("a disk that cannot be read is told apart from damage") {
  const Scratch scratch;
  AtomicFile out(scratch / "file.h5");
  h5::File file = h5::File::create_on(out.descriptor());
  fill(file);
  REQUIRE(file.close() == 0);
  const auto bytes = static_cast<std::uint64_t>(::lseek(out.descriptor(), 0, SEEK_END));
  Descriptor in(::dup(out.descriptor()));
  const h5::File reading = h5::File::open_on(in.get(), bytes);
  const h5::Dataset dataset = reading.root().dataset("number");
  // The descriptor goes bad under it, as if the disk did.
  const Descriptor writing_only(::open((scratch / "other").c_str(), O_WRONLY | O_CREAT, 0666));
  REQUIRE(::dup2(writing_only.get(), in.get()) == in.get());
  std::vector<std::int64_t> numbers(kNumbers.size());
  CHECK_THROWS_AS(dataset.read_rows(0, numbers.size(), std::span(numbers)), h5::Error);
  CHECK(reading.disk()->read_error == EBADF);
}

}  // namespace disk_driver_test
