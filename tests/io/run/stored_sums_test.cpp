#include "io/run/stored_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "io/file/atomic_file.h"
#include "tests/io/fixtures.h"

namespace stored_sums_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

/// Many small cells.
Plan wide_plan(int cells) {
  std::vector<Cell> list;
  for (int i = 0; i < cells; ++i) list.push_back(ising_cell(fmt::format("{}", 0.5 + 0.4 * i / cells), "64"));
  return Plan("", list, "");
}

/// Every third of the chunks in a file, and all of them in memory.
struct Files {
  Scratch scratch;
  Record whole;
  std::vector<Source> sources;

  explicit Files(const Plan& plan, std::uint32_t count = 3) : whole(random_record(plan, 1)) {
    // A chunk has a bin of its own here.
    for (std::uint32_t k = 0; k < count; ++k) {
      Record part(plan);
      for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
        for (std::uint32_t i = k; i < plan.chunks(c); i += count)
          part.add({c, i}, whole.tallies(c)[static_cast<std::size_t>(plan.bin({c, i}))]);
      const fs::path path = scratch / fmt::format("{}.h5", k);
      write_atomically(path, encode_part(part));
      sources.push_back({path, "", "", {}});
    }
  }
};

}  // namespace

TEST_CASE("sums in files are those in memory, in whatever order cells are asked for") {
  const Plan plan = wide_plan(200);
  const Files files(plan);
  const Record stored = record_of(plan, files.sources);
  CHECK(stored.ledger == files.whole.ledger);
  CHECK(stored.held() == 0);
  std::vector<std::size_t> order(plan.cells().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int turn = 0; turn < 4; ++turn) {
    bool same = true;
    for (const std::size_t c : order) same = same && stored.tallies(c) == files.whole.tallies(c);
    CHECK(same);
    Random random(static_cast<std::uint64_t>(turn));
    if (turn == 2)
      std::ranges::reverse(order);
    else
      std::ranges::shuffle(order, random);
  }
  CHECK(stored.held() == 0);
  CHECK(stored.samples(7) == 64);
}

TEST_CASE("more files than stay open are opened again") {
  const Plan plan("", {ising_cell("0.9", "640"), ising_cell("0.8", "640")}, "");
  Scratch scratch;
  StoredSums sums(plan);
  Record whole(plan);
  Random random(1);
  for (std::uint32_t c = 0; c < 2; ++c)
    for (std::uint32_t i = 0; i < plan.chunks(c); ++i) {
      const Chunk chunk{c, i};
      const Tally tally = simulated_tally(plan.cells()[c], plan.samples(chunk), random);
      Record part(plan);
      part.add(chunk, tally);
      whole.add(chunk, tally);
      const fs::path path = scratch / fmt::format("{}-{}.h5", c, i);
      write_atomically(path, encode_part(part));
      sums.add({path, "", "", {}}, StoredSums::Depth::sums);
    }
  REQUIRE(plan.total_chunks() == 128);
  for (int turn = 0; turn < 2; ++turn)
    for (std::uint32_t c = 0; c < 2; ++c) CHECK(sums.tallies(c) == whole.tallies(c));
}

TEST_CASE("a file that is removed stays readable, one takes the place of others, and changes are seen") {
  const Plan plan = wide_plan(10);
  const Files files(plan);
  StoredSums sums(plan);
  for (const Source& source : files.sources) sums.add(source, StoredSums::Depth::ledger);
  for (const Source& source : files.sources) fs::remove(source.path);
  CHECK(sums.tallies(3) == files.whole.tallies(3));
  CHECK_NOTHROW(sums.check_unchanged());
  // One file in place of two, and none that has what others have.
  Record both = record_of(plan, {});
  for (std::size_t k : {0, 1}) {
    Record part(plan);
    for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
      for (std::uint32_t i = static_cast<std::uint32_t>(k); i < plan.chunks(c); i += 3)
        part.add({c, i}, files.whole.tallies(c)[static_cast<std::size_t>(plan.bin({c, i}))]);
    both.merge(part);
  }
  const fs::path united = files.scratch / "united.h5";
  write_atomically(united, encode_part(both));
  CHECK_THROWS_AS(sums.replace({files.sources[0]}, {united, "", "", {}}), DataError);
  CHECK(sums.ledger() == files.whole.ledger);
  CHECK_THROWS_AS(sums.replace({files.sources[0]}, {files.scratch / "none.h5", "", "", {}}), IoError);
  CHECK(sums.tallies(3) == files.whole.tallies(3));
  sums.replace({files.sources[0], files.sources[1]}, {united, "", "", {}});
  CHECK(sums.ledger() == files.whole.ledger);
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) CHECK(sums.tallies(c) == files.whole.tallies(c));
  // A disk that changes what has been written, under an open file.
  std::fstream(united, std::ios::in | std::ios::out | std::ios::binary).seekp(5000).put('x').put('y');
  CHECK_THROWS_AS(sums.check_unchanged(), DamagedFile);
}

TEST_CASE("damage and overlap are told of by the file's name") {
  const Plan plan = wide_plan(10);
  const Files files(plan);
  StoredSums sums(plan);
  sums.add(files.sources[0], StoredSums::Depth::ledger);
  const auto message = [&](const Source& source, StoredSums::Depth depth) {
    try {
      sums.add(source, depth);
    } catch (const DataError& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  const fs::path copy = files.scratch / "copy.h5";
  fs::copy_file(files.sources[0].path, copy);
  CHECK(message({copy, "", "", {}}, StoredSums::Depth::ledger).find("would count twice") !=
        std::string::npos);
  auto bytes = read_bytes(files.sources[1].path);
  bytes[bytes.size() / 2] ^= std::byte{1};
  write_atomically(files.sources[1].path, bytes);
  CHECK(message(files.sources[1], StoredSums::Depth::ledger)
            .starts_with(files.sources[1].path.string() + ": damaged"));
  // A whole seal over sums that contradict themselves: found when they are read.
  Record wrong = random_record(plan, 5, [](Chunk chunk) { return chunk.index % 3 == 2; });
  wrong.held_tallies(4)[5].samples += 1;
  write_atomically(files.sources[2].path, encode_part(wrong));
  CHECK(message(files.sources[2], StoredSums::Depth::sums).find("not those of its chunks") !=
        std::string::npos);
  CHECK(message(files.sources[2], StoredSums::Depth::ledger) == "none");
  CHECK_NOTHROW(sums.tallies(3));
  CHECK_THROWS_AS(sums.tallies(4), DamagedFile);
  CHECK(sums.ledger().count() > 0);
}

TEST_CASE("records unite without reading their files") {
  const Plan plan = wide_plan(20);
  const Files files(plan);
  Record one = record_of(plan, {files.sources[0]}), held(plan);
  const Record two = record_of(plan, {files.sources[1]}), three = record_of(plan, {files.sources[2]});
  SECTION("files only") {
    one.merge(two);
    one.merge(three);
    CHECK(one.held() == 0);
    CHECK(same(one, files.whole));
  }
  SECTION("files and memory, either first") {
    held.merge(three);
    held.held_tallies(3);
    one.merge(two);
    one.held_tallies(4);
    Record both = one;
    both.merge(held);
    CHECK(same(both, files.whole));
    held.merge(one);
    CHECK(same(held, files.whole));
  }
}

}  // namespace stored_sums_test
