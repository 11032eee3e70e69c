#include "io/sequences/sequences.h"

#include <fstream>

#include "engine/sequences/token_stream.h"
#include "io/file/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "tests/io/fixtures.h"

namespace sequences_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

SequenceHeader header_of(const Cell& cell, StreamKind stream, std::uint64_t samples) {
  const TokenStream tokens(stream, cell.language(), 5);
  SequenceHeader header;
  header.stream = stream;
  header.parameters = cell.parameters();
  header.samples = samples;
  header.length = static_cast<std::uint64_t>(tokens.row_tokens());
  header.vocabulary = tokens.vocabulary().size();
  header.segment_tokens = tokens.needs_nodes() ? 5 : 0;
  return header;
}

Cell potts(int q) {
  return Cell::make({{"language.kind", "potts"},
                     {"language.d", "3"},
                     {"language.height", "2"},
                     {"language.q", std::to_string(q)},
                     {"language.lambda", "0.5"}});
}

std::vector<std::uint16_t> random_rows(const SequenceHeader& header, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint16_t> tokens(header.samples * header.length);
  for (std::uint16_t& token : tokens)
    token = static_cast<std::uint16_t>(random() % static_cast<unsigned>(header.vocabulary));
  return tokens;
}

/// All tokens of a file, read in pieces.
std::vector<std::uint16_t> read_all(SequenceReader& reader, std::size_t piece, std::uint64_t length) {
  std::vector<std::uint16_t> tokens;
  for (Sequences some = reader.read(piece); some.size() > 0; some = reader.read(piece)) {
    for (std::size_t i = 0; i < some.size(); ++i) CHECK(some[i].size() == length);
    tokens.insert(tokens.end(), some.tokens.begin(), some.tokens.end());
  }
  return tokens;
}

std::string complaint_of(const fs::path& path) {
  return message_of<DataError>([&] {
    const auto reader = SequenceReader::open(path);
    while (reader->read(100).size() > 0) {
    }
  });
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
std::string text_of(const fs::path& path) {
  const auto bytes = read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("rows of every stream and format come back, written in any order") {
  const Scratch scratch;
  int number = 0;
  for (const Cell& cell : {ising_cell(), potts(7), potts(64)})
    for (const StreamKind stream :
         {StreamKind::leaves, StreamKind::punctuated, StreamKind::segment, StreamKind::path})
      for (const SequenceFormat format :
           {SequenceFormat::npy, SequenceFormat::raw, SequenceFormat::text, SequenceFormat::hdf5}) {
        const SequenceHeader header = header_of(cell, stream, 37);
        const std::vector<std::uint16_t> rows = random_rows(header, 3);
        fs::path path = scratch / ("f" + std::to_string(++number));
        INFO(format_name(format) << " " << stream_name(stream) << " " << cell.label());
        RowFile::create(path, format, header);
        CHECK(fs::file_size(path) == RowFile::bytes(format, header));
        RowFile file(path, format, header);
        const auto part = [&](std::uint64_t first, std::uint64_t count) {
          file.write(first, std::span(rows).subspan(first * header.length, count * header.length));
        };
        part(20, 17);
        part(0, 13);
        RowFile::create(path, format, header);  // keeps what is there
        part(13, 7);
        file.sync();
        if (format == SequenceFormat::hdf5) {
          const fs::path packed = scratch / ("p" + std::to_string(number));
          pack_hdf5(path, packed, header);
          path = packed;
        }
        const auto reader = SequenceReader::open(path);
        CHECK(reader->format() == format);
        CHECK(reader->header().stream == stream);
        CHECK(reader->header().parameters == cell.parameters());
        CHECK(reader->header().segment_tokens == header.segment_tokens);
        CHECK(read_all(*reader, 1 + static_cast<std::size_t>(number) * 50, header.length) == rows);
      }
}

TEST_CASE("what others write is read") {
  const Scratch scratch;
  put(scratch / "spins.txt", "# a model's\n+--+\n\n-++-\r\n");
  Sequences some = SequenceReader::open(scratch / "spins.txt")->read(100);
  CHECK(some.size() == 2);
  CHECK(some.tokens == std::vector<std::int32_t>{1, 0, 0, 1, 0, 1, 1, 0});
  put(scratch / "letters.txt", "ABCA");
  CHECK(SequenceReader::open(scratch / "letters.txt")->read(9).tokens ==
        std::vector<std::int32_t>{0, 1, 2, 0});
  put(scratch / "numbers.txt", "0 4 12\n 7,-3\t99999999999999999999\n");
  some = SequenceReader::open(scratch / "numbers.txt")->read(100);
  CHECK(some.starts == std::vector<std::size_t>{0, 3, 6});
  CHECK(some.tokens == std::vector<std::int32_t>{0, 4, 12, 7, -3, -1});
  const std::string dictionary = "{'fortran_order': False, 'shape': (2,), 'descr': '<i8'}";
  std::string npy("\x93NUMPY\x02\x00", 8);
  npy += static_cast<char>(dictionary.size());
  npy += std::string(3, '\0') + dictionary;
  for (const std::int64_t x : {std::int64_t{5}, std::int64_t{1} << 40})
    npy.append(reinterpret_cast<const char*>(&x), 8);
  put(scratch / "line.npy", npy);
  some = SequenceReader::open(scratch / "line.npy")->read(100);
  CHECK(some.tokens == std::vector<std::int32_t>{5, -1});
  CHECK(some.size() == 1);
}

TEST_CASE("files that are cut, or say what is not so, are refused with the reason") {
  const Scratch scratch;
  const SequenceHeader header = header_of(ising_cell(), StreamKind::punctuated, 11);
  for (const SequenceFormat format : {SequenceFormat::npy, SequenceFormat::raw, SequenceFormat::text}) {
    const fs::path path = scratch / format_name(format);
    RowFile::create(path, format, header);
    RowFile(path, format, header).write(0, random_rows(header, 1));
    const std::string whole = text_of(path);
    for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40) {
      put(path, whole.substr(0, size));
      INFO(format_name(format) << " cut to " << size);
      CHECK_FALSE(complaint_of(path).empty());
    }
    put(path, whole + "77");
    CHECK_FALSE(complaint_of(path).empty());
  }
  const fs::path rows = scratch / "rows", packed = scratch / "packed";
  RowFile::create(rows, SequenceFormat::hdf5, header);
  pack_hdf5(rows, packed, header);
  const std::string whole = text_of(packed);
  for (std::size_t size = 10; size < whole.size(); size += 1 + whole.size() / 20) {
    put(packed, whole.substr(0, size));
    CHECK_FALSE(complaint_of(packed).empty());
  }
  const auto npy = [&](const std::string& dictionary) {
    std::string file("\x93NUMPY\x01\x00", 8);
    file += static_cast<char>(dictionary.size());
    put(scratch / "forged.npy", file + '\0' + dictionary);
    return complaint_of(scratch / "forged.npy");
  };
  CHECK(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}").find("not of whole numbers") !=
        std::string::npos);
  CHECK(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1)}").find("Fortran") != std::string::npos);
  CHECK(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999999, 9999999999999)}")
            .find("absurd shape") != std::string::npos);
  CHECK(
      npy("{'descr': '<u8', 'fortran_order': False, 'shape': (1000000000000, 1)}").find("it holds 0 bytes") !=
      std::string::npos);
  CHECK(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3)}").find("3 dimensions") !=
        std::string::npos);
  put(scratch / "raw", "abc");
  put(scratch / "raw.json", "{\"filetype\": \"something\"}");
  CHECK(complaint_of(scratch / "raw").find("filetype") != std::string::npos);
}

TEST_CASE("an HDF5 file does not say more than its size allows") {
  const Scratch scratch;
  const fs::path path = scratch / "vast.h5";
  const hsize_t extent[] = {hsize_t{1} << 30, 81}, chunk[] = {1024, 81};
  const h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  h5::check(H5Pset_chunk(properties, 2, chunk));
  const h5::Handle space(H5Screate_simple(2, extent, nullptr), H5Sclose);
  {
    const h5::Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const h5::Handle dataset(
        H5Dcreate2(file, "sequences", H5T_STD_U8LE, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
  }
  CHECK(complaint_of(path).find("longer than the file can hold") != std::string::npos);
}

TEST_CASE("another file is not written over") {
  const Scratch scratch;
  const SequenceHeader header = header_of(ising_cell(), StreamKind::leaves, 5);
  put(scratch / "file", "mine");
  CHECK(message_of<DataError>([&] {
          RowFile::create(scratch / "file", SequenceFormat::npy, header);
        }).find("not the file") != std::string::npos);
  CHECK(text_of(scratch / "file") == "mine");
}

TEST_CASE("a header says all of itself again") {
  for (const StreamKind stream : {StreamKind::leaves, StreamKind::path}) {
    const SequenceHeader header = header_of(potts(5), stream, 12);
    const SequenceHeader read = header_of_json(header_json(header));
    CHECK(header_json(read) == header_json(header));
  }
}

}  // namespace sequences_test
