#include "io/run/run_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file/atomic_file.h"
#include "io/record/results.h"
#include "io/run/run_files.h"
#include "io/run/verify.h"
#include "tests/io/run_fixtures.h"

namespace run_directory_test {

using namespace leafcast;
using namespace leafcast::io;

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

TEST_CASE("an empty directory, and one that a dying run left, are taken, leftovers are swept away") {
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

TEST_CASE("a damaged part is refused by readers, set aside by a run, and its chunks are computed anew") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 3);
  const fs::path part = parts_in(run)[1];
  flip_byte(part, 2000);
  const auto bytes = read_bytes(part);
  const std::string message = message_of<DataError>([&] { read_record({run}); });
  CHECK(contains(message, part.string() + ": damaged: its content does not match its seal"));
  CHECK(contains(message, "leafcast verify " + run.string()));
  CHECK(contains(message, "sets it aside"));
  {
    RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    REQUIRE(directory.set_aside().size() == 1);
    const SetAside& aside = directory.set_aside()[0];
    CHECK(aside.file == part);
    CHECK(aside.now == run / "damaged" / part.filename());
    CHECK(contains(aside.problem, "does not match its seal"));
    CHECK(read_bytes(aside.now) == bytes);
    CHECK(directory.record().ledger.count() == 128 - 42);
    directory.write_part(share(plan, 1, 3));
    CHECK(same(directory.record(), share(plan, 0, 1)));
  }
  CHECK(verify(run).damages.empty());
  CHECK(RunDirectory::open_for_writing(run, plan).set_aside().empty());
}

TEST_CASE("what was set aside is never overwritten") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 1, 3);
  const fs::path part = parts_in(run)[0];
  for (std::size_t at = 100; at < 104; ++at) {
    flip_byte(part, at);
    RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    REQUIRE(directory.set_aside().size() == 1);
    directory.write_part(share(plan, 0, 3));
    REQUIRE(parts_in(run).size() == 1);
    fs::rename(parts_in(run)[0], part);  // the same sums have the same hash
  }
  CHECK(std::distance(fs::directory_iterator(run / "damaged"), fs::directory_iterator()) == 4);
}

TEST_CASE("a sealed part that contradicts its plan is set aside too, and the others are counted once") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  Record record = share(plan, 2, 3);
  record.held_tallies(1)[5].samples += 1;  // not what its chunks draw
  const auto bytes = encode_part(record);
  write_atomically(run / "parts" / PartName{3, content_hash(bytes)}.text(), bytes);
  CHECK(contains(message_of<DataError>([&] { read_record({run}).tallies(1); }), "numbers of samples"));
  RunDirectory directory = RunDirectory::open_for_writing(run, plan);
  REQUIRE(directory.set_aside().size() == 1);
  CHECK(directory.record().ledger.count() == 86);
  directory.write_part(share(plan, 2, 3));
  CHECK(same(directory.record(), share(plan, 0, 1)));
}

TEST_CASE("a damaged part of a compaction: those that it replaces count if they are still there") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  std::vector<std::string> hashes;
  const std::vector<fs::path> old = parts_in(run);
  for (const fs::path& part : old) hashes.push_back(content_hash(read_bytes(part)));
  const auto bytes = encode_part(read_record({run}), hashes);
  const fs::path united = run / "parts" / PartName{3, content_hash(bytes)}.text();
  write_atomically(united, bytes);

  SECTION("the compaction died before it removed them") {
    flip_byte(united, 3000);
    const RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    CHECK(directory.set_aside().size() == 1);
    CHECK(directory.record().ledger.count() == 86);
  }
  SECTION("they are gone: all their chunks are missing") {
    for (const fs::path& part : old) fs::remove(part);
    flip_byte(united, 3000);
    RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    CHECK(directory.set_aside().size() == 1);
    CHECK(directory.record().ledger.count() == 0);
    directory.write_part(share(plan, 0, 1));
    CHECK(same(read_record({run}), share(plan, 0, 1)));
  }
  SECTION("a damaged one that is replaced: nothing is missing") {
    flip_byte(old[0], 3000);
    CHECK(contains(verify(run).damages.at(0).affected, "nothing is lost: " + united.string()));
    const RunDirectory directory = RunDirectory::open_for_writing(run, plan);
    REQUIRE(directory.set_aside().size() == 1);
    CHECK(contains(directory.set_aside()[0].consequence, "nothing is lost"));
    CHECK(directory.record().ledger.count() == 86);
    CHECK(parts_in(run) == std::vector<fs::path>{united});
  }
}

TEST_CASE("results restore what damaged or lost parts held") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 3);
  write_results(run / "results.h5", share(plan, 0, 1), {}, {}, {});
  const std::vector<fs::path> parts = parts_in(run);
  SECTION("damaged") {
    flip_byte(parts[1], 3000);
    const Verification found = verify(run);
    REQUIRE(found.damages.size() == 1);
    CHECK(contains(found.damages[0].affected, "42 of 128 chunks, which results.h5 still holds"));
    CHECK(found.missing.empty());
  }
  SECTION("lost") { fs::remove(parts[1]); }
  for (int again = 0; again < 2; ++again)
    CHECK(same(RunDirectory::open_for_writing(run, plan).record(), share(plan, 0, 1)));
  fs::remove(run / "results.h5");
  CHECK(same(read_record({run}), share(plan, 0, 1)));
}

TEST_CASE("damaged results are set aside, with parts and without") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  write_results(run / "results.h5", read_record({run}), {}, {}, {});
  flip_byte(run / "results.h5", 3000);
  std::uint64_t expected = 86;
  SECTION("with parts") {}
  SECTION("without") {
    fs::remove_all(run / "parts");
    expected = 0;
  }
  const RunDirectory directory = RunDirectory::open_for_writing(run, plan);
  REQUIRE(directory.set_aside().size() == 1);
  CHECK(directory.set_aside()[0].now == run / "damaged/results.h5");
  CHECK(directory.record().ledger.count() == expected);
}

TEST_CASE("whole files that do not belong here are refused, and nothing is set aside") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 1, 3);
  const auto add = [&](const std::vector<std::byte>& bytes) {
    write_atomically(run / "parts" / PartName{9, content_hash(bytes)}.text(), bytes);
  };
  std::string expected;
  SECTION("another plan") {
    add(encode_part(random_record(Plan("", {ising_cell("0.1")}, ""), 1)));
    expected = "of another plan";
  }
  SECTION("an overlap") {
    add(encode_part(share(plan, 0, 2)));
    expected = "both hold chunk 0 of cell 0";
  }
  CHECK(contains(message_of<DataError>([&] { RunDirectory::open_for_writing(run, plan); }), expected));
  CHECK(verify(run).damages.size() == 1);
  CHECK(!fs::exists(run / "damaged"));
  CHECK(parts_in(run).size() == 2);
}

TEST_CASE("a damaged plan is written anew if the parts are of the command's, a newer one is refused") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 1, 2);
  const std::string text = plan.text();
  SECTION("damaged") {
    const std::string damaged =
        GENERATE_COPY(std::string(), text.substr(0, 40), text.substr(0, text.size() - 30),
                      "leafcast plan 7" + text.substr(15), text + "rubbish\n", std::string("\0\0\0", 3));
    write_text(run / "plan.txt", damaged);
    CHECK_THROWS_AS(read_record({run}), DataError);
    CHECK(verify(run).damages.at(0).file == run / "plan.txt");
    const Plan other("", {ising_cell("0.1")}, "");
    CHECK_THROWS_AS(RunDirectory::open_for_writing(run, other), DataError);
    {
      const RunDirectory directory = RunDirectory::open_for_writing(run, plan);
      REQUIRE(directory.set_aside().size() == 1);
      CHECK(directory.set_aside()[0].now == run / "damaged/plan.txt");
      CHECK(directory.record().ledger.count() == 64);
    }
    CHECK(read_record({run}).ledger.count() == 64);
  }
  SECTION("without parts") {
    for (const fs::path& part : parts_in(run)) fs::remove(part);
    write_text(run / "plan.txt", text.substr(0, 40));
    CHECK(RunDirectory::open_for_writing(run, plan).set_aside().size() == 1);
    CHECK(read_record({run}).ledger.count() == 0);
  }
  SECTION("newer") {
    write_text(run / "plan.txt", "leafcast plan 7\ntitle=\nhash=0123456789abcdef\nnew=1\n");
    CHECK(contains(message_of<DataError>([&] { RunDirectory::open_for_writing(run, plan); }),
                   "use the program that wrote it"));
  }
  SECTION("never ours") {
    fs::remove_all(run / "parts");
    write_text(run / "plan.txt", "buy milk\n");
    CHECK(contains(message_of<DataError>([&] { RunDirectory::open_for_writing(run, plan); }),
                   "its plan.txt is none of leafcast"));
    CHECK(fs::exists(run / "plan.txt"));
  }
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
        one.add({c, i}, simulated_tally(plan.cells()[c], plan.samples({c, i}), random));
        run.write_part(one);
      }
    CHECK(parts_in(scratch / "run").size() < 66);
    CHECK(run.record().complete());
    CHECK(same(read_record({scratch / "run"}), run.record()));
  }
  CHECK(RunDirectory::open_for_writing(scratch / "run", plan).record().complete());
  CHECK(verify(scratch / "run").damages.empty());
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
  CHECK(verify(scratch / "run").damages.empty());
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
        one.add({c, round}, simulated_tally(plan.cells()[c], plan.samples({c, round}), random));
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
    REQUIRE(verify(scratch / "run").damages.empty());
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
    int steps[2];
    REQUIRE(::pipe(steps) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
      for (std::uint32_t i = 0; i < 128; ++i)
        if (const Record one = share(plan, i, 128); run.record().ledger.disjoint(one.ledger)) {
          [[maybe_unused]] const auto told = ::write(steps[1], "p", 1);
          run.write_part(one);
        }
      ::_exit(0);
    }
    ::close(steps[1]);
    // At any moment after so many parts.
    char byte = 0;
    for (auto parts = random() % 12; parts > 0 && ::read(steps[0], &byte, 1) == 1; --parts) {
    }
    ::usleep(static_cast<useconds_t>(random() % 3000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(steps[0]);
    if (!fs::exists(scratch / "run/plan.txt")) continue;
    REQUIRE(verify(scratch / "run").damages.empty());
    const Record record = read_record({scratch / "run"});
    REQUIRE(record.ledger.count() >= done);
    done = record.ledger.count();
  }
  RunDirectory run = RunDirectory::open_for_writing(scratch / "run", plan);
  for (std::uint32_t i = 0; i < 128; ++i)
    if (const Record one = share(plan, i, 128); run.record().ledger.disjoint(one.ledger)) run.write_part(one);
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

TEST_CASE("the same samples under any names count once") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 3, 3);
  const std::vector<fs::path> parts = parts_in(run);
  const Record all = share(plan, 0, 1);
  SECTION("one directory by several paths") {
    fs::create_directory_symlink(run, scratch / "link");
    CHECK(same(read_record({run, scratch / "link", run / ".", run / "parts/.."}), all));
  }
  SECTION("a directory and its own parts, also under other names") {
    fs::copy_file(parts[1], scratch / "copy.h5");
    fs::create_symlink(parts[2], scratch / "link.h5");
    CHECK(same(read_record({parts[0], scratch / "copy.h5", run, scratch / "link.h5"}), all));
    CHECK(same(read_record({parts[0], scratch / "copy.h5", scratch / "link.h5"}), all));
  }
  SECTION("a copy of the directory") {
    fs::copy(run, scratch / "copy", fs::copy_options::recursive);
    CHECK(same(read_record({run, scratch / "copy"}), all));
  }
  SECTION("a directory whose parts were cleared away, and its results") {
    write_results(run / "results.h5", all, {}, {}, {});
    fs::remove_all(run / "parts");
    CHECK(same(read_record({run, run / "results.h5"}), all));
  }
  SECTION("a compacted directory and copies of the parts that went into it") {
    std::vector<fs::path> copies;
    std::vector<std::string> hashes;
    for (const fs::path& part : parts) {
      copies.push_back(scratch / ("old" + std::to_string(copies.size()) + ".h5"));
      fs::rename(part, copies.back());
      hashes.push_back(content_hash(read_bytes(copies.back())));
    }
    const auto bytes = encode_part(all, hashes);
    write_atomically(run / "parts" / PartName{4, content_hash(bytes)}.text(), bytes);
    CHECK(same(read_record({run}), all));
    CHECK(same(read_record({run, copies[0], copies[1], copies[2]}), all));
    CHECK(same(read_record({copies[2], parts_in(run)[0]}), all));
  }
}

TEST_CASE("an overlap is refused with both names, and what to do about it") {
  const Scratch scratch;
  const Plan plan = small_plan();
  const fs::path run = make_run(scratch / "run", plan, 2, 3);
  const auto message = [](const std::vector<fs::path>& paths) {
    return message_of<DataError>([&] { read_record(paths); });
  };
  const auto names = [](const std::string& text, const fs::path& one, const fs::path& other) {
    return contains(text, one.string() + " and " + other.string() + " both hold chunk ");
  };
  const fs::path part = parts_in(run)[0], results = run / "results.h5";
  write_results(results, share(plan, 0, 1), {}, {}, {});

  SECTION("a directory and its own results") {
    const std::string text = message({run, results});
    CHECK(names(text, part, results));
    CHECK(contains(text, "leave out the results, which were made from the run's parts"));
    CHECK(names(message({results, run}), results, part));
  }
  SECTION("results of two slices, and one of them") {
    const fs::path slices = scratch / "slices.h5";
    write_results(slices, read_record({run}), {}, {}, {});
    CHECK(names(message({slices, run}), slices, part));
    CHECK(contains(message({slices, run}), "leave one of the two out (more samples need another seed)"));
    make_run(scratch / "third", plan, 0, 3);
    {
      RunDirectory third = RunDirectory::open_for_writing(scratch / "third", plan);
      third.write_part(share(plan, 2, 3));
    }
    CHECK(same(read_record({slices, scratch / "third"}), share(plan, 0, 1)));
    write_results(scratch / "all.h5", read_record({scratch / "third", slices}), {}, {}, {});
    CHECK(same(read_record({scratch / "all.h5"}), share(plan, 0, 1)));
    CHECK(names(message({scratch / "all.h5", scratch / "third"}), scratch / "all.h5",
                parts_in(scratch / "third")[0]));
    CHECK(names(message({slices, scratch / "all.h5"}), slices, scratch / "all.h5"));
  }
  SECTION("the same results written twice") {
    write_results(scratch / "one.h5", share(plan, 0, 1), {}, {}, {{"host", "a"}});
    write_results(scratch / "other.h5", share(plan, 0, 1), {}, {}, {{"host", "b"}});
    CHECK(
        names(message({scratch / "one.h5", scratch / "other.h5"}), scratch / "one.h5", scratch / "other.h5"));
  }
  SECTION("two runs of the same sweep") {
    const fs::path again = make_run(scratch / "again", plan, 1, 2);
    CHECK(names(message({run, again}), part, parts_in(again)[0]));
  }
  SECTION("parts of one directory") {
    const auto bytes = encode_part(share(plan, 0, 2));
    const fs::path stray = run / "parts" / PartName{9, content_hash(bytes)}.text();
    write_atomically(stray, bytes);
    const std::string text = message({run});
    CHECK(names(text, part, stray));
    CHECK(contains(text, "move one of the two elsewhere and run the same command again"));
  }
  SECTION("a part that was replaced long ago") {
    const auto old = encode_part(share(plan, 0, 64));
    write_atomically(scratch / "old.h5", old);
    CHECK(names(message({run, scratch / "old.h5"}), part, scratch / "old.h5"));
  }
}

TEST_CASE("plans that differ in their seeds alone are refused with the way to pool them") {
  const Scratch scratch;
  const auto seeded = [](const std::string& seed) {
    return Plan("",
                {Cell::from_parameters({{"language.kind", "ising"},
                                        {"language.d", "3"},
                                        {"language.height", "3"},
                                        {"language.rho", "0.9"},
                                        {"seed", seed},
                                        {"sampling.samples", "100"}})},
                "");
  };
  const fs::path one = make_run(scratch / "one", seeded("1"), 1, 1);
  const fs::path two = make_run(scratch / "two", seeded("2"), 1, 1);
  const std::string message = message_of<DataError>([&] { read_record({one, two}); });
  CHECK(contains(message, one.string() + " and " + two.string() + " are of different plans"));
  CHECK(contains(message, "seed is 1 there and 2 here"));
  CHECK(contains(message, "`leafcast merge --combine-seeds`"));
  const Record pooled = read_record({one, two}, Seeds::pooled);
  CHECK(pooled.complete());
  CHECK(pooled.plan.cells()[0].parameters().at("seed") == "1+2");
}

TEST_CASE("a directory with a plan and no parts is an empty record") {
  const Scratch scratch;
  make_run(scratch / "run", small_plan(), 0, 1);
  CHECK(same(read_record({scratch / "run"}), Record(small_plan())));
}

TEST_CASE("nothing is written through a link that leaves the run directory") {
  const Scratch scratch;
  const Plan plan = small_plan();
  write_text(scratch / "precious", "precious");
  fs::create_directory(scratch / "elsewhere");
  for (const char* name :
       {"plan.txt", "sweep.ini", "cost.json", "status.json", "results.h5", "lock", "parts", "damaged"}) {
    const fs::path run = scratch / ("run of " + std::string(name));
    make_run(run, plan, 1, 3);
    fs::remove_all(run / name);
    const fs::path target =
        name == std::string("parts") || name == std::string("damaged") ? "../elsewhere" : "../precious";
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

TEST_CASE("files without end, and larger than any memory, are refused") {
  const Scratch scratch;
  CHECK(contains(message_of<IoError>([] { read_bytes("/dev/zero", 1 << 16); }), "too much for such a file"));
  write_text(scratch / "vast.h5", "");
  fs::resize_file(scratch / "vast.h5", std::uintmax_t{1} << 42);  // without taking any room
  CHECK(contains(message_of<DataError>([&] { read_record({scratch / "vast.h5"}); }), "not an HDF5 file"));
  const fs::path run = make_run(scratch / "run", small_plan(), 1, 3);
  fs::resize_file(run / "plan.txt", std::uintmax_t{1} << 42);
  CHECK(contains(message_of<IoError>([&] { read_record({run}); }), "too much for such a file"));
}

}  // namespace run_directory_test
