#include "io/hdf5/table.h"

#include <catch2/catch.hpp>

namespace table_test {

using namespace leafcast::io;

namespace {

using Rows = h5::Table<std::int32_t, double, std::string>;

/// A table of so many rows, in a file in memory.
h5::File with_table(std::int32_t rows) {
  h5::File file = h5::File::create();
  Rows table(file.root().make_group("table"), "row", {"number", "half", "name"});
  for (std::int32_t i = 0; i < rows; ++i) table.append(i, i / 2.0, "row " + std::to_string(i));
  CHECK(table.rows() == static_cast<hsize_t>(rows));
  table.finish();
  return file;
}

}  // namespace

TEST_CASE("tables hold what was appended, short or long") {
  for (const std::int32_t rows : {0, 1, 16383, 16384, 16385, 50000}) {
    INFO(rows);
    const h5::File file = with_table(rows);
    const h5::Group table = file.root().group("table");
    const auto size = static_cast<std::size_t>(rows);
    REQUIRE(table.dataset("number").extent() == h5::Extent{size});
    std::vector<std::int32_t> axis(size), number(size);
    std::vector<double> half(size);
    table.dataset("row").read_rows(0, size, std::span(axis));
    table.dataset("number").read_rows(0, size, std::span(number));
    table.dataset("half").read_rows(0, size, std::span(half));
    const std::vector<std::string> names = table.strings("name", size);
    REQUIRE(names.size() == size);
    bool same = true;
    for (std::size_t i = 0; i < size; ++i)
      same = same && axis[i] == static_cast<int>(i) && number[i] == axis[i] && half[i] == axis[i] / 2.0 &&
             names[i] == "row " + std::to_string(i);
    CHECK(same);
  }
}

TEST_CASE("rows are written in whole chunks, and rows of zeros take no room") {
  const auto bytes_of = [](bool zeros) {
    h5::File file = h5::File::create();
    const h5::Axis row = file.root().make_numbered_axis("row", 5000),
                   column = file.root().make_numbered_axis("column", 64);
    h5::RowWriter<std::uint64_t> writer(file.root().make_dataset<std::uint64_t>("data", {&row, &column}));
    for (std::uint64_t i = 0; i < 5000; ++i) {
      const auto values = writer.next_row();
      for (std::uint64_t j = 0; j < 64 && !zeros; ++j) values[j] = (i * 64 + j) * 0x9e3779b97f4a7c15;
    }
    writer.flush();
    std::vector<std::uint64_t> read(64);
    const h5::Dataset data = file.root().dataset("data");
    bool same = true;
    for (std::uint64_t i = 0; i < 5000; i += 7) {
      data.read_rows(i, 1, std::span(read));
      for (std::uint64_t j = 0; j < 64; ++j)
        same = same && read[j] == (zeros ? 0 : (i * 64 + j) * 0x9e3779b97f4a7c15);
    }
    CHECK(same);
    return file.image().size();
  };
  CHECK(bytes_of(false) > 5000 * 64 * 8);
  CHECK(bytes_of(true) < 100'000);
}

TEST_CASE("planes hold what rows hold, and planes of zeros take no room") {
  constexpr std::uint64_t kRows = 5000, kColumns = 64, kDigits = 6;
  const auto value = [](std::uint64_t i, std::uint64_t j, std::uint64_t digit) {
    const std::uint64_t word = (i * kColumns + j) * 0x9e3779b97f4a7c15;
    if (digit == 0) return word;
    return i % 3 == 0 && j % 2 == 0 ? ~std::uint64_t{0} : std::uint64_t{0};  // some are negative
  };
  const auto bytes_of = [&](h5::Chunking chunking, std::uint64_t written) {
    h5::File file = h5::File::create();
    const h5::Axis row = file.root().make_numbered_axis("row", kRows),
                   column = file.root().make_numbered_axis("column", kColumns),
                   digit = file.root().make_numbered_axis("digit", kDigits);
    h5::RowWriter<std::uint64_t> writer(
        file.root().make_dataset<std::uint64_t>("data", {&row, &column, &digit}, chunking));
    for (std::uint64_t i = 0; i < kRows; ++i) {
      const auto values = writer.next_row();
      for (std::uint64_t j = 0; j < kColumns; ++j)
        for (std::uint64_t k = 0; k < written; ++k) values[j * kDigits + k] = value(i, j, k);
    }
    writer.flush();
    const h5::Dataset data = file.root().dataset("data");
    std::vector<std::uint64_t> read(kColumns * kDigits), by_library(read.size());
    bool same = true;
    for (std::uint64_t i = 0; i < kRows; i += 7) {
      data.read_rows(i, 1, std::span(read));
      const hsize_t start[] = {i, 0, 0}, block[] = {1, kColumns, kDigits};
      const h5::Handle from(H5Dget_space(data.id()), H5Sclose),
          to(H5Screate_simple(3, block, nullptr), H5Sclose);
      h5::check(H5Sselect_hyperslab(from, H5S_SELECT_SET, start, nullptr, block, nullptr));
      h5::check(H5Dread(data.id(), H5T_NATIVE_UINT64, to, from, H5P_DEFAULT, by_library.data()));
      same = same && read == by_library;
      for (std::uint64_t j = 0; j < kColumns; ++j)
        for (std::uint64_t k = 0; k < kDigits; ++k)
          same = same && read[j * kDigits + k] == (k < written ? value(i, j, k) : 0);
    }
    CHECK(same);
    return file.image().size();
  };
  CHECK(bytes_of(h5::Chunking::planes, 1) < kRows * kColumns * 8 * 11 / 10);
  CHECK(bytes_of(h5::Chunking::planes, kDigits) < bytes_of(h5::Chunking::rows, kDigits) * 11 / 10);
  CHECK(bytes_of(h5::Chunking::planes, 0) < 100'000);
}

}  // namespace table_test
