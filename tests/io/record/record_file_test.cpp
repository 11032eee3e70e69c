#include "io/record/record_file.h"

#include <fstream>

#include "engine/observe/entropy.h"
#include "engine/observe/own_structure.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/splitting.h"
#include "io/file/atomic_file.h"
#include "tests/io/fixtures.h"
#include "tests/support/cells.h"

namespace record_file_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

Record decoded(std::span<const std::byte> bytes) {
  const RecordFile file(bytes);
  Record record(file.plan());
  file.add_to(record);
  return record;
}

std::vector<std::byte> results_bytes(const Record& record) {
  return RecordImage(h5::File::create(), FileType::results, record).finish();
}

/// A sealed file with the given header and nothing else.
std::vector<std::byte> file_with_header(const std::string& filetype, std::int32_t version) {
  const h5::File file = h5::File::create();
  h5::Group root = file.root();
  root.set("filetype", filetype);
  root.set("version", version);
  root.set("plan_hash", std::string("0123456789abcdef"));
  return sealed(file.image());
}

bool some(Chunk chunk) { return (chunk.index * 7 + chunk.cell) % 3 == 0 && chunk.cell != 1; }

/// A part changed by `edit` in a way that its seal does not betray.
template <class Edit>
std::vector<std::byte> forged(const std::vector<std::byte>& part, Edit edit) {
  const h5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  h5::check(H5Pset_fapl_core(access, 1 << 20, false));
  h5::check(H5Pset_file_image(access, const_cast<std::byte*>(part.data()), part.size()));
  const h5::Handle file(H5Fopen("forged", H5F_ACC_RDWR, access), H5Fclose);
  edit(static_cast<hid_t>(file));
  h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL));
  std::vector<std::byte> image(static_cast<std::size_t>(h5::check(H5Fget_file_image(file, nullptr, 0))));
  h5::check(H5Fget_file_image(file, image.data(), image.size()));
  return sealed(image);
}

/// Overwrites one number, in a dataset of any rank.
template <class T>
void overwrite(hid_t file, const char* path, std::vector<hsize_t> at, T value) {
  const h5::Handle dataset(H5Dopen2(file, path, H5P_DEFAULT), H5Dclose);
  const h5::Handle space(H5Dget_space(dataset), H5Sclose), one(H5Screate(H5S_SCALAR), H5Sclose);
  h5::check(H5Sselect_elements(space, H5S_SELECT_SET, 1, at.data()));
  h5::check(H5Dwrite(dataset, h5::Number<T>::memory(), one, space, H5P_DEFAULT, &value));
}

/// Puts a dataset of another shape in the place of one; its data are not written.
void reshape(hid_t file, const char* path, std::vector<hsize_t> extent, std::vector<hsize_t> chunk,
             hid_t type = H5T_STD_U64LE) {
  h5::check(H5Ldelete(file, path, H5P_DEFAULT));
  const h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (!chunk.empty()) h5::check(H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data()));
  const h5::Handle space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  h5::Handle(H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
}

std::string complaint(const std::vector<std::byte>& bytes) {
  return message_of<DamageError>([&] { decoded(bytes); });
}

/// Records of a plan, whole, in part and empty, come back from parts and results, and add up.
void check_that_records_come_back(const Plan& plan, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Record all = random_record(plan, seed), part = random_record(plan, seed, some), none(plan);
    for (const Record* record : {&all, &part, &none}) {
      CHECK(same(decoded(encode_part(*record)), *record));
      CHECK(same(decoded(results_bytes(*record)), *record));
    }
    Record other = random_record(plan, seed, [](Chunk chunk) { return !some(chunk); });
    Record sum = part;
    sum.merge(other);
    RecordFile(encode_part(part)).add_to(other);
    CHECK(same(other, sum));
  }
}

}  // namespace

TEST_CASE("any record comes back from a part or results file") {
  check_that_records_come_back(mixed_plan(), 5);
}

TEST_CASE("splitting runs come back, from files that have a version of their own") {
  const Plan plan = splitting_plan();
  check_that_records_come_back(plan, 3);
  const auto version = [](const Plan& of) {
    return RecordImage(h5::File::create(), FileType::part, random_record(of, 1))
        .root()
        .integer_attribute("version");
  };
  CHECK(version(plan) == 3);
  CHECK(version(mixed_plan()) == 1);

  Record wrong = random_record(plan, 1);
  add(wrong.held_tallies(0)[3], fields::free_weight, 0,
      wide(wrong.held_tallies(0)[3], fields::valid_weight) + 1);
  CHECK(message_of<DamageError>([&] { decoded(encode_part(wrong)); }) == "damaged: weights that cannot be");
  wrong = random_record(plan, 1);
  wrong.held_tallies(0)[3].counts(fields::runs)[0] = 0;
  CHECK(message_of<DamageError>([&] { decoded(encode_part(wrong)); }) ==
        "damaged: its splitting runs cannot be");
  const auto part = encode_part(random_record(plan, 1));
  CHECK(complaint(forged(part, [](hid_t f) {
          overwrite<std::uint64_t>(f, "moments/splitting/runs", {1, 3}, 1);
        })) == "damaged: sums where nothing is tallied");
}

TEST_CASE(
    "entropies and counts of well-formed sentences come back, from files that have a version of their own") {
  const Plan plan = entropy_plan();
  check_that_records_come_back(plan, 3);
  CHECK(RecordImage(h5::File::create(), FileType::part, random_record(plan, 1))
            .root()
            .integer_attribute("version") == 5);

  const auto damage = [&](auto spoil) {
    Record wrong = random_record(plan, 1);
    spoil(wrong);
    return complaint(encode_part(wrong));
  };
  CHECK(damage([](Record& r) {
          add_to(r.held_tallies(1)[3].limbs(fields::own_entropy), -Int128{1} << 60);
        }) == "damaged: entropies that cannot be");
  CHECK(damage([](Record& r) {
          add_to(r.held_tallies(1)[3].limbs(fields::cross_entropy, 2), Int128{1} << 62);
        }) == "damaged: entropies that cannot be");
  CHECK(damage([](Record& r) {
          r.held_tallies(3)[3].counts(fields::impossible)[0] = r.held_tallies(3)[3].samples + 1;
        }) == "damaged: more impossible sentences than sentences");
  CHECK(damage([](Record& r) {
          r.held_tallies(0)[3].counts(fields::well_formed)[0] = r.held_tallies(0)[3].samples + 1;
        }) == "damaged: more well-formed sentences than sentences");
  const auto part = encode_part(random_record(plan, 1));
  CHECK(complaint(forged(part, [](hid_t f) {
          overwrite<std::uint64_t>(f, "moments/entropy/own", {2, 3, 0}, 1);
        })) == "damaged: sums where nothing is tallied");
  CHECK(complaint(forged(part, [](hid_t f) {
          overwrite<std::uint64_t>(f, "moments/well_formed", {1, 3}, 1);
        })) == "damaged: sums where nothing is tallied");
}

TEST_CASE("sums of every observable come back") {
  const Plan plan("", test::cells_of_every_observable(), "");
  check_that_records_come_back(plan, 2);
  Record wrong = random_record(plan, 1);
  Tally& bin = wrong.held_tallies(0)[3];
  const int height = plan.cells()[0].language().height;
  add(bin, fields::sum_s[1], height, -1 - wide(bin, fields::sum_s[1], height));
  CHECK(complaint(encode_part(wrong)) == "damaged: a sum of even powers below zero");
}

TEST_CASE("title, sweep and plan come back") {
  const Plan plan = mixed_plan();
  const Plan read = RecordFile(encode_part(Record(plan))).plan();
  CHECK(read.title() == plan.title());
  CHECK(read.sweep_text() == plan.sweep_text());
  CHECK(read.text() == plan.text());
  const Plan untitled("", {ising_cell()}, "");
  CHECK(RecordFile(encode_part(Record(untitled))).plan().text() == untitled.text());
}

TEST_CASE("adding files gives the sum of their records") {
  const Plan plan = mixed_plan();
  const Record some_chunks = random_record(plan, 1, some);
  const Record others = random_record(plan, 2, [](Chunk chunk) { return !some(chunk); });
  Record expected = some_chunks;
  expected.merge(others);
  Record read(plan);
  RecordFile(encode_part(some_chunks)).add_to(read);
  RecordFile(results_bytes(others)).add_to(read);
  CHECK(same(read, expected));
  CHECK_THROWS_AS(RecordFile(encode_part(some_chunks)).add_to(read), DataError);
  CHECK(same(read, expected));
}

TEST_CASE("equal records give equal bytes, however they came about") {
  const Plan plan = mixed_plan();
  const Record first = random_record(plan, 1, some);
  const Record second = random_record(plan, 2, [](Chunk chunk) { return !some(chunk); });
  Record one = first, other = second;
  one.merge(second);
  other.merge(first);
  CHECK(encode_part(one) == encode_part(other));
  CHECK(results_bytes(one) == results_bytes(decoded(results_bytes(other))));
}

TEST_CASE("a part names the parts that it replaces") {
  const Record record = random_record(mixed_plan(), 1);
  CHECK(RecordFile(encode_part(record)).replaces().empty());
  const std::vector<std::string> hashes = {"00112233445566aa", "ffeeddccbbaa9988"};
  CHECK(RecordFile(encode_part(record, hashes)).replaces() == hashes);
}

TEST_CASE("a tally of another shape than its cell's is a mistake of the program") {
  Record record = random_record(mixed_plan(), 1);
  record.held_tallies(0)[5] = Tally(record.plan.cells()[1]);
  CHECK_THROWS_AS(encode_part(record), std::logic_error);
}

TEST_CASE("every flipped byte is found") {
  std::vector<std::byte> bytes = encode_part(random_record(mixed_plan(), 1, some));
  for (std::size_t i = 0; i < bytes.size(); i += i < 600 || i + 100 > bytes.size() ? 1 : 97) {
    bytes[i] ^= std::byte{0x10};
    REQUIRE_THROWS_AS(RecordFile(bytes), DataError);
    bytes[i] ^= std::byte{0x10};
  }
  CHECK_NOTHROW(RecordFile(bytes));
}

TEST_CASE("every truncation is found") {
  const std::vector<std::byte> bytes = encode_part(random_record(mixed_plan(), 1, some));
  for (std::size_t size = 0; size < bytes.size(); size += size < 100 || size + 100 > bytes.size() ? 1 : 131)
    REQUIRE_THROWS_AS(RecordFile(std::span(bytes).first(size)), DamageError);
}

TEST_CASE("damage says what it is") {
  const auto says = [](std::span<const std::byte> bytes) {
    return message_of<DataError>([&] { RecordFile file(bytes); });
  };
  const std::string text = "cell,language\n0,ising\n";
  CHECK(says({}) == "empty");
  CHECK(says(std::as_bytes(std::span(text))) == "not an HDF5 file");
  CHECK(says(h5::File::create().image()).find("without leafcast's seal") == 0);
  CHECK(says(sealed(h5::File::create().image())).find("damaged, or not leafcast's") == 0);
  CHECK(says(file_with_header("openmc-statepoint", 1)).find("of another kind of file") == 0);
  CHECK(says(file_with_header("leafcast-part", kFormatVersion + 1))
            .find("written by a newer leafcast (format " + std::to_string(kFormatVersion + 1)) == 0);
  CHECK(says(file_with_header("leafcast-part", 0)).find("damaged") == 0);
}

TEST_CASE("a header without a record is damage, not a crash") {
  const RecordFile file(file_with_header("leafcast-part", kFormatVersion));
  CHECK_THROWS_AS(file.plan(), DamageError);
  Record record(mixed_plan());
  CHECK_THROWS_AS(file.add_to(record), DataError);
}

TEST_CASE("a file of another plan is refused") {
  Record record(Plan("", {ising_cell("0.8")}, ""));
  const RecordFile file(encode_part(random_record(mixed_plan(), 1)));
  CHECK(message_of<DataError>([&] { file.add_to(record); }).find("of another plan") == 0);
}

TEST_CASE("a forged file is found out by what contradicts its plan or itself") {
  constexpr auto kMost = std::uint64_t{1} << 50;
  const std::vector<std::byte> part = encode_part(random_record(mixed_plan(), 1, some));
  const auto says = [&](const auto& edit) { return complaint(forged(part, edit)); };
  using std::int32_t, std::uint32_t, std::uint64_t;
  REQUIRE_NOTHROW(decoded(forged(part, [](hid_t) {})));

  CHECK(says([](hid_t f) {
          overwrite<uint64_t>(f, "moments/samples", {0, 0}, 3);
        }) == "damaged: its numbers of samples are not those of its chunks");
  CHECK(says([](hid_t f) {
          overwrite<uint64_t>(f, "moments/sum_s3", {0, 1, 4, 0}, 3);
        }) == "damaged: sums where nothing is tallied");
  CHECK(says([](hid_t f) {
          overwrite<uint64_t>(f, "moments/sum_s3", {0, 0, 7, 0}, 3);
        }) == "damaged: sums where nothing is tallied");
  CHECK(says([](hid_t f) {
          overwrite<uint64_t>(f, "moments/valid", {0, 0, 0}, 3);
        }) == "damaged: sums where nothing is tallied");
  CHECK(says([](hid_t f) {
          overwrite<uint64_t>(f, "moments/memory_bits", {0, 1}, 3);
        }) == "damaged: sums where nothing is tallied");
  CHECK(says([](hid_t f) { overwrite<uint32_t>(f, "ledger/last", {0}, 64); }) ==
        "damaged: its ledger holds chunks that the plan has not");
  CHECK(says([](hid_t f) { overwrite<uint32_t>(f, "ledger/cell", {0}, 4); }) ==
        "damaged: its ledger holds chunks that the plan has not");
  CHECK(says([](hid_t f) { overwrite<uint32_t>(f, "ledger/last", {0}, 30); }) ==
        "damaged: its ledger is not in order");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "cell", {0}, 2); }) ==
        "damaged: its cells are not in the order of the plan");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "cell", {2}, 77); }) ==
        "damaged: its cells are not in the order of the plan");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "cell", {0}, -1); }) ==
        "damaged: its cells are not in the order of the plan");
  CHECK(says([](hid_t f) { overwrite<int64_t>(f, "moments/histogram/width", {0}, 0); }) ==
        "damaged: its histogram has other bins than this program");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "moments/histogram/histogram_bin", {0}, 1 << 30); }) ==
        "damaged: a row of its histogram cannot be");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "moments/histogram/bin", {0}, 64); }) ==
        "damaged: a row of its histogram cannot be");
  CHECK(says([](hid_t f) { overwrite<int32_t>(f, "moments/histogram/bin", {0}, 63); }) ==
        "damaged: its histogram is not in order");
  CHECK(says([](hid_t f) {
          H5Ldelete(f, "moments/sum_s2", H5P_DEFAULT);
        }).find("damaged, or not leafcast's") == 0);

  CHECK(says([](hid_t f) { reshape(f, "cell", {kMost}, {64}, H5T_STD_I32LE); }) ==
        "damaged: more cells than its plan has");
  CHECK(says([](hid_t f) {
          reshape(f, "moments/samples", {kMost, 64}, {1, 64});
        }) == "damaged: a dataset's shape is not that of its dimensions");
  CHECK(says([](hid_t f) {
          reshape(f, "moments/valid", {3, 64}, {});
        }) == "damaged: a dataset's shape is not that of its dimensions");
  CHECK(says([](hid_t f) {
          reshape(f, "moments/samples", {3, 64}, {}, H5T_IEEE_F64LE);
        }).find("another type") != std::string::npos);
  CHECK(says([](hid_t f) {
          reshape(f, "ledger/first", {1 << 30}, {1 << 29}, H5T_STD_U32LE);
        }).find("absurd size") != std::string::npos);
  CHECK(says([](hid_t f) { reshape(f, "ledger/first", {kMost}, {64}, H5T_STD_U32LE); }) ==
        "damaged: columns of unequal length");
  CHECK(says([](hid_t f) {
          for (const char* name : {"ledger/cell", "ledger/first", "ledger/last"})
            reshape(f, name, {kMost}, {64}, H5T_STD_U32LE);
        }) == "damaged: a table longer than its file can hold");
  CHECK(says([](hid_t f) {
          for (const char* name : {"ledger/cell", "ledger/first", "ledger/last"})
            reshape(f, name, {1 << 22}, {1 << 16}, H5T_STD_U32LE);
        }) == "damaged: its ledger is not in order");
  CHECK(says([](hid_t f) { reshape(f, "plan", {4}, {}); }).find("a variable-length string was expected") !=
        std::string::npos);
}

}  // namespace record_file_test
