#include "io/run/verify.h"

#include "io/record/results.h"
#include "tests/io/run_fixtures.h"

namespace verify_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

void write_bytes(const fs::path& path, std::span<const std::byte> bytes) {
  std::ofstream(path).write(reinterpret_cast<const char*>(bytes.data()),
                            static_cast<std::streamsize>(bytes.size()));
}

std::vector<fs::path> damaged_files(const fs::path& path) {
  std::vector<fs::path> list;
  for (const Damage& damage : verify(path).damages) list.push_back(damage.file);
  return list;
}

}  // namespace

TEST_CASE("verify finds nothing in a whole run, and names what is damaged") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 3);
  write_results(run / "results.h5", share(plan, 0, 1), {}, {}, {});
  const auto files = [&] {
    std::vector<fs::path> list;
    for (const Damage& damage : verify(run).damages) list.push_back(damage.file);
    return list;
  };
  REQUIRE(files().empty());
  CHECK(verify(run / "results.h5").damages.empty());
  const std::vector<fs::path> parts = parts_in(run);

  SECTION("flipped bytes, in two parts") {
    flip_byte(parts[0], 100);
    flip_byte(parts[2], 5000);
    CHECK(files() == std::vector<fs::path>{parts[0], parts[2]});
    CHECK(verify(parts[0]).damages.size() == 1);
  }
  SECTION("a truncated part, and an empty one") {
    fs::resize_file(parts[0], 1000);
    fs::resize_file(parts[1], 0);
    CHECK(files() == std::vector<fs::path>{parts[0], parts[1]});
  }
  SECTION("a plan") {
    flip_byte(run / "plan.txt", 100);
    CHECK(files() == std::vector<fs::path>{run / "plan.txt"});
  }
  SECTION("results") {
    flip_byte(run / "results.h5", 3000);
    CHECK(files() == std::vector<fs::path>{run / "results.h5"});
  }
  SECTION("results that are not the parts'") {
    write_results(run / "results.h5", random_record(plan, 99), {}, {}, {});
    CHECK(files() == std::vector<fs::path>{run / "results.h5"});
  }
  SECTION("an overlapping part, a part of another plan, and a file that is no part") {
    const auto add = [&](std::uint64_t number, const std::vector<std::byte>& bytes) {
      const fs::path path = run / "parts" / PartName{number, content_hash(bytes)}.text();
      write_atomically(path, bytes);
      return path;
    };
    const fs::path overlap = add(7, encode_part(share(plan, 0, 2)));
    const fs::path foreign = add(8, encode_part(random_record(Plan("", {ising_cell("0.1")}, ""), 1)));
    write_text(run / "parts/notes", "");
    CHECK(files() == std::vector<fs::path>{run / "parts/notes", overlap, foreign});
  }
  SECTION("nothing is changed") {
    flip_byte(parts[0], 100);
    const auto before = read_bytes(parts[0]);
    verify(run);
    CHECK(read_bytes(parts[0]) == before);
  }
}

TEST_CASE("verify of what is no run is an error") {
  const Scratch scratch;
  CHECK_THROWS_AS(verify(scratch / "none"), IoError);
  CHECK_THROWS_AS(verify(scratch.path()), DataError);
}

TEST_CASE("verify finds every truncation and every flipped bit that was tried") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 2);
  write_results(run / "results.h5", share(plan, 0, 1), {}, {}, {});
  std::vector<fs::path> files = parts_in(run);
  files.push_back(run / "results.h5");
  Random random(5);
  for (const fs::path& file : files) {
    const std::vector<std::byte> whole = read_bytes(file);
    const auto check = [&](const std::vector<std::byte>& bytes) {
      write_bytes(file, bytes);
      REQUIRE(damaged_files(file) == std::vector<fs::path>{file});
    };
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 20)
      check({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    for (std::size_t cut = 1; cut < 40; ++cut)
      check({whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut)});
    for (int flip = 0; flip < 200; ++flip) {
      std::vector<std::byte> bytes = whole;
      bytes[random() % bytes.size()] ^= std::byte{1} << (random() % 8);
      check(bytes);
    }
    REQUIRE(damaged_files(run) == std::vector<fs::path>{file});
    write_bytes(file, whole);
    REQUIRE(damaged_files(run).empty());
  }
}

TEST_CASE("verify finds parts whose names were swapped, and other files in their place") {
  const Scratch scratch;
  const fs::path run = make_run(scratch / "run", small_plan(), 2, 2);
  const std::vector<fs::path> parts = parts_in(run);
  SECTION("swapped") {
    fs::rename(parts[0], run / "x");
    fs::rename(parts[1], parts[0]);
    fs::rename(run / "x", parts[1]);
    CHECK(damaged_files(run) == parts);
  }
  SECTION("another file") {
    fs::copy_file(run / "plan.txt", parts[0], fs::copy_options::overwrite_existing);
    CHECK(damaged_files(run) == std::vector<fs::path>{parts[0]});
  }
}

TEST_CASE("verify says how much is done, and what a damage affects") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  Verification found = verify(run);
  CHECK(found.damages.empty());
  CHECK(found.done == 86);
  CHECK(found.chunks == 128);
  REQUIRE(found.missing.size() == 2);
  CHECK(describe(found.missing[0]).starts_with("21 of 64 chunks of cell 0 (ising"));
  CHECK(found.notes.empty());

  const std::vector<fs::path> parts = parts_in(run);
  flip_byte(parts[0], 3000);
  found = verify(run);
  REQUIRE(found.damages.size() == 1);
  CHECK(contains(found.damages[0].affected, "at most the 86 of 128 chunks that no whole file holds"));
  CHECK(found.done == 42);

  write_results(run / "results.h5", share(plan, 0, 1), {}, {}, {});
  flip_byte(run / "results.h5", 3000);
  found = verify(run);
  REQUIRE(found.damages.size() == 2);
  CHECK(contains(found.damages[1].affected, "the 86 of 128 chunks that no part holds"));
}

TEST_CASE("what is no damage is noted: a lock, unfinished files, a missing number, files set aside") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 4);
  fs::remove(parts_in(run)[1]);
  write_text(run / "parts/.leafcast-tmp-1-0", "half");
  fs::create_directory(run / "damaged");
  write_text(run / "damaged/000009.0123456789abcdef.h5", "");
  write_text(run / "lock", "host=far\npid=12\nsince=2026-01-01T00:00:00Z\nend\n");
  const Verification found = verify(run);
  CHECK(found.damages.empty());
  REQUIRE(found.notes.size() == 4);
  CHECK(contains(found.notes[0], "there is no part 2"));
  CHECK(contains(found.notes[1], ".leafcast-tmp-1-0: unfinished"));
  CHECK(contains(found.notes[2], "1 damaged file(s)"));
  CHECK(contains(found.notes[3], "process 12 on host far since 2026-01-01"));
}

}  // namespace verify_test
