#include "io/run_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "io/atomic_file.h"
#include "io/results.h"
#include "io/run_files.h"
#include "tests/io/fixtures.h"

using namespace leafcast;
using namespace leafcast::io;

namespace {

Plan small_plan(const std::string& title = "small") {
  return Plan(title, {ising_cell("0.9"), ising_cell("0.8")}, "seed = 1\n");
}

/// Share i of n of a plan's chunks, with the contents that random_record(plan, 1) gives them.
Record share(const Plan& plan, std::uint32_t i, std::uint32_t n) {
  Random random(1);
  Record record(plan);
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t k = 0; k < plan.chunks(c); ++k) {
      const Tally tally = random_tally(plan.cells()[c], plan.samples({c, k}), random);
      if (k % n == i) record.add({c, k}, tally);
    }
  return record;
}

std::vector<fs::path> parts_in(const fs::path& run) { return RunFiles{run}.list().parts; }

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

void flip_byte(const fs::path& path, std::size_t at) {
  auto bytes = read_bytes(path);
  bytes[at] ^= std::byte{1};
  std::ofstream(path).write(reinterpret_cast<const char*>(bytes.data()),
                            static_cast<std::streamsize>(bytes.size()));
}

/// A run with shares 0 … parts − 1 of `of` done, a part each.
fs::path make_run(const fs::path& run, const Plan& plan, std::uint32_t parts, std::uint32_t of) {
  RunDirectory directory = RunDirectory::open_for_writing(run, plan);
  for (std::uint32_t i = 0; i < parts; ++i) directory.write_part(share(plan, i, of));
  return run;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is written is there when the directory is opened again") {
  const Scratch scratch;
  const Plan plan = small_plan();
  {
    RunDirectory run = RunDirectory::open_for_writing(scratch / "a/run", plan);
    CHECK(run.record().ledger.count() == 0);
    run.write_part(share(plan, 0, 3));
    run.write_part(Record(plan));  // nothing: no file
    run.write_part(share(plan, 1, 3));
    CHECK(parts_in(scratch / "a/run").size() == 2);
    CHECK(run.results_path() == scratch / "a/run/results.h5");
  }
  RunDirectory run = RunDirectory::open_for_writing(scratch / "a/run", plan);
  run.write_part(share(plan, 2, 3));
  CHECK(same(run.record(), share(plan, 0, 1)));
  CHECK(same(read_record({scratch / "a/run"}), share(plan, 0, 1)));
  CHECK(PartName::parse(parts_in(scratch / "a/run").back().filename())->number == 3);
}

TEST_CASE("a chunk cannot be written twice") {
  const Scratch scratch;
  const Plan plan = small_plan();
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  run.write_part(share(plan, 0, 2));
  CHECK_THROWS_AS(run.write_part(share(plan, 0, 4)), std::logic_error);
}

TEST_CASE("another plan is refused, and the difference shown") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan(), 1, 2);
  const Plan other("small", {ising_cell("0.9"), ising_cell("0.7"), ising_cell("0.6")}, "");
  const std::string message =
      message_of<DataError>([&] { RunDirectory::open_for_writing(scratch / "run", other); });
  CHECK(contains(message, "2 cells there, 3 here"));
  CHECK(contains(message, "cell 1: language.rho is 0.8 there and 0.7 here"));
  CHECK(contains(message, "another -o directory"));
  CHECK(!fs::exists(scratch / "run/lock"));
}

TEST_CASE("the same plan under another title goes on, and the new title counts") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan("old title"), 1, 2);
  make_run(scratch / "run", small_plan("new title"), 0, 2);
  CHECK(read_record({scratch / "run"}).plan.title() == "new title");
  CHECK(read_record({scratch / "run"}).ledger.count() == 64);
}

TEST_CASE("a directory has one writer") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  const std::string message =
      message_of<IoError>([&] { RunDirectory::open_for_writing(scratch / "run", plan); });
  CHECK(contains(message, "in use by process"));
  CHECK(same(read_record({scratch / "run"}), Record(plan)));  // reading needs no lock
}

TEST_CASE("a writer whose lock was removed stops before it writes") {
  const Scratch scratch;
  const Plan plan = small_plan();
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  fs::remove(scratch / "run/lock");
  CHECK_THROWS_AS(run.write_part(share(plan, 0, 2)), IoError);
  CHECK(parts_in(scratch / "run").empty());
}

TEST_CASE("a foreign directory is left alone") {
  const Scratch scratch;
  fs::create_directory(scratch / "home");
  write_text(scratch / "home/sweep.ini", "mine");
  CHECK(
      contains(message_of<DataError>([&] { RunDirectory::open_for_writing(scratch / "home", small_plan()); }),
               "it holds sweep.ini but no plan.txt"));
  CHECK(contains(message_of<DataError>([&] { read_record({scratch / "home"}); }), "not a run directory"));
  CHECK_THROWS_AS(RunDirectory::open_for_writing(scratch / "home/sweep.ini", small_plan()), DataError);
  CHECK(std::distance(fs::directory_iterator(scratch / "home"), fs::directory_iterator()) == 1);
}

TEST_CASE("an empty directory, and one that a dying run left, are taken; leftovers are swept away") {
  const Scratch scratch;
  const fs::path run = scratch / "run";
  fs::create_directories(run / "parts");
  write_text(run / ".leafcast-tmp-1-0", "half");
  write_text(run / "parts/.leafcast-tmp-1-0", "half");
  make_run(run, small_plan(), 2, 2);
  CHECK(!fs::exists(run / ".leafcast-tmp-1-0"));
  CHECK(!fs::exists(run / "parts/.leafcast-tmp-1-0"));
  CHECK(read_record({run}).complete());
}

TEST_CASE("a lost plan is written anew if the parts are of it") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan(), 1, 2);
  fs::remove(scratch / "run/plan.txt");
  CHECK_THROWS_AS(read_record({scratch / "run"}), DataError);
  const Plan other("", {ising_cell("0.1")}, "");
  CHECK_THROWS_AS(RunDirectory::open_for_writing(scratch / "run", other), DataError);
  make_run(scratch / "run", small_plan(), 0, 2);
  CHECK(read_record({scratch / "run"}).ledger.count() == 64);
}

TEST_CASE("a damaged part is named, with the remedy") {
  const Scratch scratch;
  const Plan plan = small_plan();
  make_run(scratch / "run", plan, 3, 3);
  const fs::path part = parts_in(scratch / "run")[1];
  flip_byte(part, 2000);
  for (const std::string& message :
       {message_of<DataError>([&] { RunDirectory::open_for_writing(scratch / "run", plan); }),
        message_of<DataError>([&] { read_record({scratch / "run"}); })}) {
    CHECK(contains(message, part.string() + ": damaged: its content does not match the hash in its name"));
    CHECK(contains(message, "leafcast verify " + (scratch / "run").string()));
    CHECK(contains(message, "delete the part and run the same command again"));
  }
  CHECK(!fs::exists(scratch / "run/lock"));
  fs::remove(part);
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  CHECK(run.record().ledger.count() == 128 - 42);
  run.write_part(share(plan, 1, 3));
  CHECK(same(run.record(), share(plan, 0, 1)));
}

TEST_CASE("a file in parts/ that is no part is not passed over") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan(), 1, 2);
  write_text(scratch / "run/parts/copy.h5", "");
  CHECK(contains(message_of<DataError>([&] { read_record({scratch / "run"}); }), "copy.h5: not a part"));
}

TEST_CASE("many parts are compacted into one") {
  const Scratch scratch;
  const Plan plan = small_plan();
  {
    RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
    for (std::uint32_t c = 0; c < 2; ++c)
      for (std::uint32_t i = 0; i < 64; ++i) {
        Record one(plan);
        Random random(c * 64 + i);
        one.add({c, i}, random_tally(plan.cells()[c], plan.samples({c, i}), random));
        run.write_part(one);
      }
    CHECK(parts_in(scratch / "run").size() < 66);
    CHECK(run.record().complete());
    CHECK(same(read_record({scratch / "run"}), run.record()));
  }
  CHECK(RunDirectory::open_for_writing(scratch / "run", plan).record().complete());
  CHECK(verify(scratch / "run").empty());
}

TEST_CASE("parts that a compaction replaced count once, even if it died before it removed them") {
  const Scratch scratch;
  const Plan plan = small_plan();
  make_run(scratch / "run", plan, 3, 3);
  std::vector<std::string> hashes;
  for (const fs::path& part : parts_in(scratch / "run")) hashes.push_back(content_hash(read_bytes(part)));
  const auto bytes = encode_part(share(plan, 0, 1), hashes);
  write_atomically(scratch / "run/parts" / PartName{4, content_hash(bytes)}.text(), bytes);
  CHECK(same(read_record({scratch / "run"}), share(plan, 0, 1)));
  CHECK(same(read_record(parts_in(scratch / "run")), share(plan, 0, 1)));
  CHECK(verify(scratch / "run").empty());
  const RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  CHECK(same(run.record(), share(plan, 0, 1)));
  CHECK(parts_in(scratch / "run").size() == 1);
}

TEST_CASE("a reader beside a writer that compacts sees no less than before") {
  const Scratch scratch;
  const Plan plan = small_plan();
  make_run(scratch / "run", plan, 1, 64);
  const pid_t child = ::fork();
  if (child == 0) {
    RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
    for (std::uint32_t round = 1; round < 64; ++round) {
      Record one(plan);
      Random random(round);
      for (std::uint32_t c = 0; c < 2; ++c) {
        one = Record(plan);
        one.add({c, round}, random_tally(plan.cells()[c], plan.samples({c, round}), random));
        run.write_part(one);
      }
    }
    ::_exit(0);
  }
  std::uint64_t last = 0;
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    const std::uint64_t count = read_record({scratch / "run"}).ledger.count();
    REQUIRE(count >= last);
    last = count;
  }
  CHECK(read_record({scratch / "run"}).complete());
}

TEST_CASE("a full disk loses the part that is being written and nothing else") {
  const Scratch scratch;
  const Plan plan = small_plan();
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  run.write_part(share(plan, 0, 2));
  {
    const FileSizeLimit limit(4096);
    CHECK_THROWS_AS(run.write_part(share(plan, 1, 2)), IoError);
  }
  CHECK(std::distance(fs::directory_iterator(scratch / "run/parts"), fs::directory_iterator()) == 1);
  CHECK(same(run.record(), share(plan, 0, 2)));
  run.write_part(share(plan, 1, 2));
  CHECK(same(read_record({scratch / "run"}), share(plan, 0, 1)));
}

TEST_CASE("killed at any moment, a run goes on from whole parts") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const Record all = share(plan, 0, 1);
  Random random(1);
  std::uint64_t done = 0;
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
      for (std::uint32_t i = 0; i < 128; ++i)
        if (const Record one = share(plan, i, 128); run.record().ledger.disjoint(one.ledger))
          run.write_part(one);
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(random() % 50'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (!fs::exists(scratch / "run/plan.txt")) continue;
    REQUIRE(verify(scratch / "run").empty());
    const Record record = read_record({scratch / "run"});
    REQUIRE(record.ledger.count() >= done);
    done = record.ledger.count();
  }
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  for (std::uint32_t i = 0; i < 64; ++i)
    if (const Record one = share(plan, i, 64); run.record().ledger.disjoint(one.ledger)) run.write_part(one);
  CHECK(same(run.record(), all));
}

TEST_CASE("results stand in for parts that were cleared away, for readers and writers") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  write_results(run / "results.h5", read_record({run}), {}, {}, {});
  fs::remove_all(run / "parts");
  CHECK(read_record({run}).ledger.count() == 86);
  {
    RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    CHECK(directory.record().ledger.count() == 86);
    directory.write_part(share(plan, 2, 3));
  }
  CHECK(same(read_record({run}), share(plan, 0, 1)));
}

TEST_CASE("directories, parts and results files mix") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path slice0 = make_run(scratch / "slice0", plan, 1, 3);
  const auto part = encode_part(share(plan, 1, 3));
  write_atomically(scratch / "part.h5", part);
  write_results(scratch / "results.h5", share(plan, 2, 3), {}, {}, {});
  const std::vector<fs::path> all = {slice0, scratch / "part.h5", scratch / "results.h5"};
  CHECK(same(read_record(all), share(plan, 0, 1)));
  CHECK(same(read_record({all[2], all[1], all[0]}), share(plan, 0, 1)));

  SECTION("the same part given twice counts once") {
    fs::copy_file(scratch / "part.h5", scratch / "copy.h5");
    CHECK(same(
        read_record({slice0, slice0, parts_in(slice0)[0], scratch / "part.h5", scratch / "copy.h5", all[2]}),
        share(plan, 0, 1)));
  }
  SECTION("an overlap is an error that names both files") {
    write_atomically(scratch / "other.h5", encode_part(share(plan, 0, 2)));
    const std::string message = message_of<DataError>([&] { read_record({slice0, scratch / "other.h5"}); });
    CHECK(contains(message, parts_in(slice0)[0].string() + " and " + (scratch / "other.h5").string()));
    CHECK(contains(message, "chunk 0 of cell 0"));
  }
  SECTION("different plans do not mix") {
    write_atomically(scratch / "other.h5", encode_part(random_record(Plan("", {ising_cell("0.1")}, ""), 1)));
    const std::string message = message_of<DataError>([&] { read_record({slice0, scratch / "other.h5"}); });
    CHECK(contains(message, "are of different plans"));
    CHECK(contains(message, (scratch / "other.h5").string()));
  }
  SECTION("what is not there, and nothing at all, are errors") {
    CHECK_THROWS_AS(read_record({scratch / "none"}), IoError);
    CHECK_THROWS_AS(read_record({}), DataError);
  }
}

TEST_CASE("a directory with a plan and no parts is an empty record") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan(), 0, 1);
  CHECK(same(read_record({scratch / "run"}), Record(small_plan())));
}

TEST_CASE("verify finds nothing in a whole run, and names what is damaged") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 3);
  write_results(run / "results.h5", share(plan, 0, 1), {}, {}, {});
  const auto files = [&] {
    std::vector<fs::path> list;
    for (const Damage& damage : verify(run)) list.push_back(damage.file);
    return list;
  };
  REQUIRE(files().empty());
  CHECK(verify(run / "results.h5").empty());
  const std::vector<fs::path> parts = parts_in(run);

  SECTION("flipped bytes, in two parts") {
    flip_byte(parts[0], 100);
    flip_byte(parts[2], 5000);
    CHECK(files() == std::vector<fs::path>{parts[0], parts[2]});
    CHECK(verify(parts[0]).size() == 1);
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

TEST_CASE("nothing is written through a link that leaves the run directory") {
  const Scratch scratch;
  const Plan plan = small_plan();
  write_text(scratch / "precious", "precious");
  fs::create_directory(scratch / "elsewhere");
  for (const char* name :
       {"plan.txt", "sweep.ini", "cost.json", "status.json", "results.h5", "lock", "parts"}) {
    const fs::path run = scratch / ("run of " + std::string(name));
    make_run(run, plan, 1, 3);
    fs::remove_all(run / name);
    const fs::path target = name == std::string("parts") ? "../elsewhere" : "../precious";
    fs::create_symlink(target, run / name);
    const std::string message = message_of<DataError>([&] { RunDirectory::open_for_writing(run, plan); });
    CHECK(contains(message, std::string(name) + " is a link to " + target.string()));
    fs::remove(run / name);
    fs::create_symlink("nowhere", run / name);
    CHECK_THROWS_AS(RunDirectory::open_for_writing(run, plan), DataError);
  }
  const auto bytes = read_bytes(scratch / "precious");
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == "precious");
  CHECK(fs::is_empty(scratch / "elsewhere"));
}

TEST_CASE("a run directory may be a link, and links within it are followed") {
  const Scratch scratch;
  const Plan plan = small_plan();
  make_run(scratch / "real", plan, 1, 3);
  fs::create_directory_symlink("real", scratch / "link");
  fs::rename(scratch / "real" / "sweep.ini", scratch / "real" / "my sweep.ini");
  fs::create_symlink("my sweep.ini", scratch / "real" / "sweep.ini");
  RunDirectory directory = RunDirectory::open_for_writing(scratch / "link", plan);
  directory.write_part(share(plan, 1, 3));
  CHECK(parts_in(scratch / "real").size() == 2);
}

TEST_CASE("pipes and devices in the place of files are refused, not waited for") {
  const Scratch scratch;
  const Plan plan = small_plan();
  for (const char* name : {"plan.txt", "sweep.ini", "cost.json", "status.json", "results.h5", "lock"}) {
    const fs::path run = scratch / ("run of " + std::string(name));
    make_run(run, plan, 1, 3);
    fs::remove(run / name);
    REQUIRE(::mkfifo((run / name).c_str(), 0666) == 0);
    CHECK(contains(message_of<DataError>([&] { RunDirectory::open_for_writing(run, plan); }), "not a file"));
    CHECK(contains(message_of<DataError>([&] { read_record({run}); }), "not a file"));
  }
  const fs::path run = make_run(scratch / "run", plan, 1, 3);
  REQUIRE(::mkfifo((run / "parts" / "000009.0123456789abcdef.h5").c_str(), 0666) == 0);
  CHECK(contains(message_of<DataError>([&] { read_record({run}); }), "not a part of this run"));
}

TEST_CASE("files without end, and larger than memory, are refused") {
  const Scratch scratch;
  CHECK(contains(message_of<IoError>([] { read_bytes("/dev/zero", 1 << 16); }), "too much for such a file"));
  write_text(scratch / "vast.h5", "");
  fs::resize_file(scratch / "vast.h5", std::uintmax_t{1} << 42);  // without taking any room
  CHECK(contains(message_of<DataError>([&] { read_record({scratch / "vast.h5"}); }), "memory cannot hold"));
  const fs::path run = make_run(scratch / "run", small_plan(), 1, 3);
  fs::resize_file(run / "plan.txt", std::uintmax_t{1} << 42);
  CHECK(contains(message_of<IoError>([&] { read_record({run}); }), "too much for such a file"));
}
