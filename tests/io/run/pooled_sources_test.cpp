#include "io/run/pooled_sources.h"

#include <fmt/format.h>

#include "io/file/atomic_file.h"
#include "io/record/results.h"
#include "io/run/run_directory.h"
#include "io/run/verify.h"
#include "tests/io/fixtures.h"

namespace pooled_sources_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

/// mixed_plan() with another seed and this many times the samples.
Plan seeded(std::uint64_t seed, std::uint64_t factor = 1) {
  std::vector<Cell> cells;
  const Plan mixed = mixed_plan();
  for (const Cell& cell : mixed.cells()) cells.push_back(cell.with_shares({{seed, factor * cell.samples()}}));
  return Plan("mixed", std::move(cells), fmt::format("seed = {}\n", seed));
}

fs::path write_part(const fs::path& path, const Record& record) {
  write_atomically(path, encode_part(record));
  return path;
}

fs::path write(const fs::path& path, const Record& record) {
  write_results(path, record, {}, {}, {{"host", path.filename().string()}});
  return path;
}

Record pooled(const std::vector<fs::path>& paths) { return read_record(paths, Seeds::pooled); }

std::string refusal(const std::vector<fs::path>& paths) {
  return message_of<DataError>([&] { pooled(paths); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool even(Chunk chunk) { return chunk.index % 2 == 0; }
bool odd(Chunk chunk) { return chunk.index % 2 == 1; }

std::vector<std::byte> bytes_of(const Record& record) {
  return RecordImage(h5::File::create(), FileType::results, record).finish();
}

}  // namespace

TEST_CASE("pooled results come back from files, and pool on, to the same bytes in any order and grouping") {
  const Scratch scratch;
  const fs::path a = write(scratch / "a.h5", random_record(seeded(1), 1));
  const fs::path b = write(scratch / "b.h5", random_record(seeded(70, 3), 2, even));
  const fs::path c = write_part(scratch / "c.h5", random_record(seeded(3, 2), 3));
  const Record all = pooled({a, b, c});
  REQUIRE(all.plan.cells().size() == mixed_plan().cells().size());
  CHECK(all.plan.cells()[0].is_pooled());
  CHECK(!all.complete());
  const fs::path ab = write(scratch / "ab.h5", pooled({a, b})), bc = write(scratch / "bc.h5", pooled({c, b}));
  const std::vector<std::byte> expected = bytes_of(all);
  CHECK(bytes_of(read_record({write(scratch / "all.h5", all)})) == expected);
  CHECK(bytes_of(pooled({c, a, b})) == expected);
  CHECK(bytes_of(pooled({ab, c})) == expected);
  CHECK(bytes_of(pooled({a, bc})) == expected);
  CHECK(bytes_of(pooled({c, ab})) == expected);
  CHECK(bytes_of(pooled({scratch / "all.h5"})) == expected);
  CHECK(bytes_of(pooled({a, a, b, c, b})) == expected);
  const fs::path rest = write_part(scratch / "rest.h5", random_record(seeded(70, 3), 4, odd));
  CHECK(pooled({scratch / "all.h5", rest}).complete());
  CHECK(verify(scratch / "all.h5").damages.empty());
  CHECK(verify(ab).damages.empty());
}

TEST_CASE("a pooled part is a part like any other") {
  const Scratch scratch;
  const Plan plan =
      pooled({write(scratch / "a.h5", Record(seeded(1))), write(scratch / "b.h5", Record(seeded(2)))}).plan;
  const Record some = random_record(plan, 1, even), others = random_record(plan, 2, odd);
  write_part(scratch / "some.h5", some);
  write_part(scratch / "others.h5", others);
  Record expected = some;
  expected.merge(others);
  CHECK(same(read_record({scratch / "some.h5", scratch / "others.h5"}), expected));
  CHECK(same(pooled({scratch / "some.h5", scratch / "others.h5"}), expected));
}

TEST_CASE("only files with pooled cells need the newer format") {
  const auto version = [](const Record& record) {
    const std::vector<std::byte> bytes = encode_part(record);
    return h5::File::open(std::span(bytes).first(bytes.size() - 32)).root().integer_attribute("version");
  };
  const Record one(seeded(1));
  CHECK(version(one) == 1);
  const Scratch scratch;
  const fs::path a = write(scratch / "a.h5", one), b = write(scratch / "b.h5", Record(seeded(2)));
  CHECK(version(pooled({a})) == 1);
  CHECK(version(pooled({a, b})) == 2);
}

TEST_CASE("run directories pool, with slices and parts of either seed") {
  const Scratch scratch;
  const Plan one = seeded(1), two = seeded(2, 5);
  const Record first = random_record(one, 1), second = random_record(two, 2);
  RunDirectory::open_for_writing(scratch / "one", one).write_part(first);
  RunDirectory::open_for_writing(scratch / "two", two).write_part(random_record(two, 3, even));
  RunDirectory::open_for_writing(scratch / "rest", two).write_part(random_record(two, 4, odd));
  const Record all = pooled({scratch / "one", scratch / "two", scratch / "rest"});
  CHECK(all.complete());
  CHECK(same(all, pooled({scratch / "rest", scratch / "one", scratch / "two", scratch / "one"})));
  // A part of one seed among the parts of the other is foreign, whatever else is given.
  const auto bytes = encode_part(random_record(one, 5));
  const fs::path stray = scratch / "two/parts" / PartName{7, content_hash(bytes)}.text();
  write_atomically(stray, bytes);
  CHECK(contains(refusal({scratch / "two", scratch / "rest"}), stray.string() + ": of another plan"));
}

TEST_CASE("samples that are in two pooled files are refused with both names") {
  const Scratch scratch;
  const fs::path a = write(scratch / "a.h5", random_record(seeded(1), 1));
  const fs::path b = write(scratch / "b.h5", random_record(seeded(2), 2));
  const fs::path c = write(scratch / "c.h5", random_record(seeded(3), 3));
  const fs::path ab = write(scratch / "ab.h5", pooled({a, b})), bc = write(scratch / "bc.h5", pooled({b, c}));
  const std::string twice = refusal({ab, bc});
  CHECK(contains(twice, ab.string() + " and " + bc.string() + " both hold chunk 0 of seed 2 of cell 0 ("));
  CHECK(contains(twice, "would count twice; leave one of the two out"));
  CHECK(contains(refusal({ab, c, a}),
                 ab.string() + " and " + a.string() + " both hold chunk 0 of seed 1 of cell 0"));
  const fs::path again = write(scratch / "again.h5", pooled({a, b}));  // other provenance
  CHECK(contains(refusal({ab, again}),
                 ab.string() + " and " + again.string() + " both hold chunk 0 of seed 1"));
  fs::copy_file(ab, scratch / "copy.h5");
  CHECK(same(pooled({ab, scratch / "copy.h5", c}), pooled({a, b, c})));
}

TEST_CASE("plans that do not pool are refused with both names and the reason") {
  const Scratch scratch;
  const fs::path a = write(scratch / "a.h5", random_record(seeded(1), 1));
  const fs::path more = write(scratch / "more.h5", random_record(seeded(1, 2), 2));
  const std::string same_seed = refusal({a, more});
  CHECK(contains(same_seed, a.string() + " and " + more.string() + " cannot be pooled"));
  CHECK(contains(same_seed,
                 "has seed 1 with 1000 samples and with 2000: they begin with the same random numbers"));
  const fs::path foreign = write(scratch / "foreign.h5", random_record(Plan("", {ising_cell("0.1")}, ""), 1));
  CHECK(contains(refusal({a, foreign}),
                 a.string() + " and " + foreign.string() + " cannot be pooled: no cell of one"));
  const Plan old("", seeded(2).cells(), "", 1);
  const fs::path streams = write(scratch / "streams.h5", random_record(old, 1));
  CHECK(contains(refusal({a, streams}), "version 2 of the random streams in one and 1 in the other"));
  const fs::path itself =
      write(scratch / "itself.h5",
            random_record(Plan("", {ising_cell("0.9", "100"), ising_cell("0.9", "200")}, ""), 1));
  CHECK(contains(refusal({itself}), itself.string() + " cannot be pooled"));
}

TEST_CASE("without the option, other seeds are another plan") {
  const Scratch scratch;
  const fs::path a = write(scratch / "a.h5", random_record(seeded(1), 1));
  const fs::path b = write(scratch / "b.h5", random_record(seeded(2), 2));
  const auto message = [](const std::vector<fs::path>& paths) {
    return message_of<DataError>([&] { read_record(paths); });
  };
  CHECK(contains(message({a, b}),
                 a.string() + " and " + b.string() + " are of different plans: cell 0: seed is 1 "));
  CHECK(contains(message({a, b}), "`leafcast merge --combine-seeds`"));
  const fs::path ab = write(scratch / "ab.h5", pooled({a, b}));
  CHECK(contains(message({ab, write(scratch / "c.h5", Record(seeded(3)))}),
                 "`leafcast merge --combine-seeds`"));
  // Where it would not help it is not named.
  const fs::path foreign = write(scratch / "foreign.h5", random_record(Plan("", {ising_cell("0.1")}, ""), 1));
  CHECK(contains(message({a, foreign}), "are of different plans"));
  CHECK(!contains(message({a, foreign}), "--combine-seeds"));
  CHECK(!contains(message({a, write(scratch / "more.h5", Record(seeded(1, 2)))}), "--combine-seeds"));
}

}  // namespace pooled_sources_test
