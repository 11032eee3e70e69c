#include "io/hdf5/isolated.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "io/file/atomic_file.h"
#include "io/hdf5/isolated_child.h"
#include "io/record/record_file.h"
#include "tests/io/fixtures.h"

using namespace leafcast;
using namespace leafcast::io;

namespace {

constexpr ReadingLimits kLimits{1 << 28, 1, 1 << 20};

std::vector<std::byte> part() { return encode_part(random_record(mixed_plan(), 1)); }

std::vector<std::byte> forgery(const std::string& name) {
  return read_bytes(fs::path(LEAFCAST_SOURCE_DIR) / "tests/fuzz/corpus/record_bytes" / name);
}

Record decoded(const RecordFile& file) {
  Record record(file.plan());
  file.add_to(record);
  return record;
}

std::string complaint(std::span<const std::byte> bytes) {
  return message_of<DamageError>([&] { decoded(RecordFile(bytes, kLimits)); });
}

/// An HDF5 file with what `fill` puts into it.
template <class Fill>
std::vector<std::byte> hdf5_file(Fill fill) {
  const h5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  h5::check(H5Pset_fapl_core(access, 1 << 16, false));
  const h5::Handle file(H5Fcreate("made", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
  fill(static_cast<hid_t>(file));
  h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL));
  std::vector<std::byte> image(static_cast<std::size_t>(h5::check(H5Fget_file_image(file, nullptr, 0))));
  h5::check(H5Fget_file_image(file, image.data(), image.size()));
  return image;
}

void make_dataset(hid_t file, const char* name, std::vector<hsize_t> extent, hid_t properties = H5P_DEFAULT) {
  const h5::Handle space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  h5::Handle(H5Dcreate2(file, name, H5T_STD_I32LE, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
}

/// Processes whose parent is this one.
std::vector<pid_t> children() {
  std::ifstream in("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::vector<pid_t> list;
  for (pid_t child; in >> child;) list.push_back(child);
  return list;
}

}  // namespace

TEST_CASE("a file that HDF5 does not survive is a damaged file") {
  CHECK(complaint(forgery("one-byte-that-crashes-hdf5")) ==
        "damaged, or not leafcast's (the HDF5 library does not survive it: Segmentation fault)");
  CHECK(complaint(forgery("one-byte-that-loops-in-hdf5")) ==
        "damaged, or not leafcast's (the HDF5 library does not survive it: it computes without end)");
  CHECK(children().empty());
}

TEST_CASE("what is not in the file itself is not read") {
  const Scratch scratch;
  const fs::path outside = scratch / "outside.h5";
  write_atomically(outside, hdf5_file([](hid_t file) { make_dataset(file, "data", {3}); }));
  const std::string name = outside.string();
  const auto bytes = hdf5_file([&](hid_t file) {
    make_dataset(file, "here", {3});
    H5Lcreate_external(name.c_str(), "/data", file, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/here", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/loop", file, "loop", H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t three = 3;
    const h5::Handle space(H5Screate_simple(1, &three, nullptr), H5Sclose);
    const h5::Handle raw(H5Pcreate(H5P_DATASET_CREATE), H5Pclose),
        virtuals(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    h5::check(H5Pset_external(raw, name.c_str(), 0, 12));
    make_dataset(file, "raw", {3}, raw);
    h5::check(H5Pset_virtual(virtuals, space, name.c_str(), "/data", space));
    make_dataset(file, "virtual", {3}, virtuals);
    const h5::Handle filtered(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    h5::check(H5Pset_chunk(filtered, 1, &three));
    h5::check(H5Pset_fletcher32(filtered));
    make_dataset(file, "filtered", {3}, filtered);
  });
  const IsolatedFile file = IsolatedFile::open(bytes, kLimits);
  const auto refusal = [&](const std::string& dataset) {
    return message_of<h5::Error>([&] { file.root().dataset(dataset); });
  };
  CHECK(file.root().dataset("here").extent() == h5::Extent{3});
  CHECK(refusal("external") == "external is a link to elsewhere");
  CHECK(refusal("soft") == "soft is a link to elsewhere");
  CHECK(refusal("loop") == "loop is a link to elsewhere");
  CHECK(refusal("raw") == "a dataset whose data are in another file");
  CHECK(refusal("virtual") == "a dataset whose data are elsewhere");
  CHECK(refusal("filtered") == "a dataset with a filter that is not leafcast's");
  CHECK_THROWS_AS(file.root().dataset("nowhere"), h5::Error);
}

TEST_CASE("the child can open and start nothing") {
  if (!isolated::kConfined) return;
  const IsolatedFile file = IsolatedFile::open(part(), kLimits);
  const auto child = children();
  REQUIRE(child.size() == 1);
  std::ifstream limits("/proc/" + std::to_string(child[0]) + "/limits"),
      status("/proc/" + std::to_string(child[0]) + "/status");
  std::stringstream limit_text, status_text;
  limit_text << limits.rdbuf();
  status_text << status.rdbuf();
  CHECK(limit_text.str().find("Max open files            0 ") != std::string::npos);
  CHECK(limit_text.str().find("Max file size             0 ") != std::string::npos);
  const auto mode = status_text.str().find("Seccomp:");
  if (mode != std::string::npos) CHECK(status_text.str().substr(mode, 10) == "Seccomp:\t2");
  std::size_t descriptors = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(child[0]) + "/fd")) {
    ++descriptors;
    const std::string target = fs::read_symlink(entry.path()).string();
    CHECK((target.starts_with("socket:") || target == "/dev/null"));
  }
  CHECK(descriptors == 3);
}

TEST_CASE("rows come in any order and number") {
  const auto bytes = hdf5_file([](hid_t file) {
    std::vector<std::int32_t> values(300'000 * 2);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
    const hsize_t extent[] = {300'000, 2};
    const h5::Handle space(H5Screate_simple(2, extent, nullptr), H5Sclose);
    const h5::Handle dataset(
        H5Dcreate2(file, "a", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
    h5::check(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  });
  const IsolatedFile file = IsolatedFile::open(bytes, ReadingLimits::of(bytes.size()));
  const IsolatedDataset rows = file.root().dataset("a");
  REQUIRE(rows.row_size() == 2);
  for (const auto& [first, count] : std::vector<std::pair<hsize_t, hsize_t>>{
           {0, 1}, {1, 2}, {299'999, 1}, {131'070, 5}, {7, 250'000}, {0, 300'000}, {300'000, 0}}) {
    std::vector<std::int32_t> values(2 * count);
    rows.read_rows(first, count, std::span(values));
    bool right = true;
    for (std::size_t i = 0; i < values.size(); ++i)
      right = right && values[i] == static_cast<std::int32_t>(2 * first + i);
    CHECK(right);
  }
  std::vector<std::int32_t> values(4);
  CHECK_THROWS_AS(rows.read_rows(299'999, 2, std::span(values)), std::logic_error);
  std::vector<std::int64_t> others(2);
  CHECK_THROWS_AS(rows.read_rows(0, 1, std::span(others)), h5::Error);
}

TEST_CASE("one child reads the files of a session, and is gone after it") {
  const auto bytes = part();
  {
    const ReadingSession session;
    decoded(RecordFile(bytes));
    const auto first = children();
    REQUIRE(first.size() == 1);
    decoded(RecordFile(bytes));
    CHECK(children() == first);
    // Two at once need two; a file that gave cause for doubt takes its child with it.
    const RecordFile one(bytes);
    {
      const RecordFile other(bytes);
      CHECK(children().size() == 2);
      CHECK(same(decoded(one), decoded(other)));
    }
    CHECK_THROWS_AS(decoded(RecordFile(forgery("one-byte-that-crashes-hdf5"))), DamageError);
    CHECK(same(decoded(RecordFile(bytes)), decoded(one)));
  }
  CHECK(children().empty());
  decoded(RecordFile(bytes));
  CHECK(children().empty());
}

TEST_CASE("a child that someone kills is no damage") {
  const RecordFile file(part());
  const auto child = children();
  REQUIRE(child.size() == 1);
  ::kill(child[0], SIGKILL);
  CHECK(message_of<IoError>([&] { file.plan(); }).find("was killed") != std::string::npos);
}

TEST_CASE("a child that someone stops is waited for, but not for ever") {
  ReadingLimits limits = kLimits;
  limits.silence = 0.6;
  const IsolatedFile file = IsolatedFile::open(part(), limits);
  const auto child = children();
  REQUIRE(child.size() == 1);
  ::kill(child[0], SIGSTOP);
  CHECK(message_of<IoError>([&] { file.root().text("plan"); }).find("does not answer") != std::string::npos);
  CHECK(children().empty());
}

TEST_CASE("signals to stop do not reach the child") {
  const RecordFile file(part());
  const auto child = children();
  REQUIRE(child.size() == 1);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) ::kill(child[0], signal);
  CHECK_NOTHROW(file.plan());
}

TEST_CASE("where no process can be started, nothing is read") {
  if (!isolated::kConfined) return;  // a sanitizer that can open nothing takes every object for a broken one
  const auto bytes = part();
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit none{3, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::string text = message_of<IoError>([&] { RecordFile{bytes}; });
  ::setrlimit(RLIMIT_NOFILE, &old);
  CHECK(text.find("cannot start a process that reads HDF5") == 0);
}
