#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "engine/error.h"
#include "io/file/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/sequences/sequence_layout.h"
#include "io/sequences/sequences.h"

static_assert(std::endian::native == std::endian::little, "sequence files are little-endian");

namespace leafcast::io {

namespace fs = std::filesystem;

std::string npy_header(const std::string& type, std::uint64_t rows, std::uint64_t length) {
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", type, rows, length);
  const std::size_t preamble = 10;
  dictionary.resize((preamble + dictionary.size() + 1 + 63) / 64 * 64 - preamble - 1, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

RowLayout::RowLayout(SequenceFormat format, const SequenceHeader& header) {
  const bool leaves = header.stream == StreamKind::leaves;
  const auto length = header.length;
  token_bytes = leaves || header.vocabulary <= 256 ? 1 : 2;
  if (format == SequenceFormat::npy)
    file_header = npy_header(leaves ? "|i1" : token_bytes == 1 ? "|u1" : "<u2", header.samples, length);
  if (format == SequenceFormat::text) {
    if (leaves) characters = leaf_characters(header);
    text_width = static_cast<int>(fmt::format_int(header.vocabulary - 1).size()) + 1;
    row_bytes = characters.empty() ? length * static_cast<std::uint64_t>(text_width) : length + 1;
  } else {
    row_bytes = length * static_cast<std::uint64_t>(token_bytes);
  }
}

/// One character a leaf: - + of Ising, digits of up to ten symbols; else numbers.
std::string leaf_characters(const SequenceHeader& header) {
  const auto kind = header.parameters.find("language.kind");
  if (kind != header.parameters.end() && kind->second == "ising") return "-+";
  return header.vocabulary <= 10
             ? std::string("0123456789").substr(0, static_cast<std::size_t>(header.vocabulary))
             : "";
}

/// Of bytes that come one after the other.
class RowHash {
 public:
  RowHash() : state_(XXH3_createState(), XXH3_freeState) { reset(); }
  void add(std::span<const std::byte> bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  /// Never 0. Begins anew.
  std::uint64_t take() {
    const std::uint64_t hash = XXH3_64bits_digest(state_.get());
    reset();
    return std::max<std::uint64_t>(hash, 1);
  }

 private:
  void reset() { XXH3_64bits_reset(state_.get()); }
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

namespace {

constexpr std::size_t kReadBytes = 8 << 20;

/// Bytes [at, at + size) of a file, a block at a time. False if the file is shorter.
bool add_to_hash(RowHash& hash, const Descriptor& fd, const fs::path& path, std::uint64_t at,
                 std::uint64_t size) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadBytes)));
  while (size > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size()));
    const ssize_t got =
        repeat_if_interrupted([&] { return ::pread(fd.get(), buffer.data(), want, static_cast<off_t>(at)); });
    if (got < 0) throw io_error("read", path, errno);
    if (got == 0) return false;
    hash.add(std::span(buffer).first(static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
    size -= static_cast<std::uint64_t>(got);
  }
  return true;
}

Descriptor open_to_read(const fs::path& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) throw io_error("read", path, errno);
  return fd;
}

fs::path side_path(const fs::path& path) { return fs::path(path).concat(".json"); }

void write_side_file(const fs::path& path, const SequenceHeader& header) {
  const std::string text = header_json(header);
  write_atomically(side_path(path), std::as_bytes(std::span(text)));
}

bool write_at(int fd, std::span<const std::byte> bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = repeat_if_interrupted(
        [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)); });
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

}  // namespace

std::uint64_t RowFile::bytes(SequenceFormat format, const SequenceHeader& header) {
  const RowLayout layout(format, header);
  return layout.file_header.size() + header.samples * layout.row_bytes;
}

namespace {

/// Whether a JSON file says the same as the header, in whatever words.
bool says(const fs::path& path, const SequenceHeader& header) try {
  const auto bytes = read_bytes(path, kReadBytes);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return header_json(header_of_json(text)) == header_json(header);
} catch (const Error&) {
  return false;
}

}  // namespace

std::string RowFile::problem(const fs::path& path, SequenceFormat format, const SequenceHeader& header) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return "missing";
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  const RowLayout layout(format, header);
  const std::uint64_t size = bytes(format, header);
  if (static_cast<std::uint64_t>(status.st_size) != size)
    return fmt::format("it has {} bytes instead of {}", status.st_size, size);
  std::string there(layout.file_header.size(), '\0');
  const Descriptor fd = open_to_read(path);
  const ssize_t got = repeat_if_interrupted([&] { return ::pread(fd.get(), there.data(), there.size(), 0); });
  if (got < 0) throw io_error("read", path, errno);
  if (there != layout.file_header) return "its header is not the one that was written";
  std::error_code error;
  if (!fs::is_regular_file(side_path(path), error))
    return fmt::format("{} is missing", side_path(path).filename().string());
  if (!says(side_path(path), header))
    return fmt::format("{} does not say what was written", side_path(path).filename().string());
  return "";
}

std::uint64_t RowFile::hash(const fs::path& path, SequenceFormat format, const SequenceHeader& header,
                            std::uint64_t first, std::uint64_t rows) {
  const RowLayout layout(format, header);
  RowHash hash;
  const bool whole =
      add_to_hash(hash, open_to_read(path), path, layout.file_header.size() + first * layout.row_bytes,
                  rows * layout.row_bytes);
  return whole ? hash.take() : 0;
}

std::uint64_t file_hash(const fs::path& path) {
  RowHash hash;
  struct stat status {};
  const Descriptor fd = open_to_read(path);
  if (::fstat(fd.get(), &status) != 0) throw io_error("read", path, errno);
  if (!S_ISREG(status.st_mode))
    throw IoError(fmt::format("cannot read {}: not a regular file", path.string()));
  add_to_hash(hash, fd, path, 0, static_cast<std::uint64_t>(status.st_size));
  return hash.take();
}

namespace {

/// Gives a file of ours its size and header back. Its rows are whatever they are.
void mend(const fs::path& path, const RowLayout& layout, std::uint64_t size) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) throw io_error("write", path, errno);
  int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(std::max<std::uint64_t>(size, 1)));
  if (error == 0 &&
      (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
       !write_at(fd.get(), std::as_bytes(std::span(layout.file_header)), 0) || ::fsync(fd.get()) != 0))
    error = errno;
  if (error != 0) throw io_error("write", path, error);
}

}  // namespace

void RowFile::create(const fs::path& path, SequenceFormat format, const SequenceHeader& header, bool ours) {
  const RowLayout layout(format, header);
  const std::uint64_t size = bytes(format, header);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode) || (!ours && static_cast<std::uint64_t>(status.st_size) != size))
      throw DataError(
          fmt::format("{}: not the file that was begun here: it has {} bytes instead of {}; choose another "
                      "-o directory, or remove this one",
                      path.string(), status.st_size, size));
    if (problem(path, format, header).empty()) return;
    write_side_file(path, header);
    return mend(path, layout, size);
  }
  write_side_file(path, header);
  const fs::path temporary =
      path.parent_path() / fmt::format("{}{}-{}", kTemporaryPrefix, ::getpid(), path.filename().string());
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd) throw io_error("write", path, errno);
  int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(std::max<std::uint64_t>(size, 1)));
  if (error == 0 && !write_at(fd.get(), std::as_bytes(std::span(layout.file_header)), 0)) error = errno;
  if (error == 0 &&
      (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 || ::fsync(fd.get()) != 0 || !fd.close()))
    error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    throw io_error("write", path, error);
  }
  sync_directory(path.parent_path());
}

RowFile::RowFile(const fs::path& path, SequenceFormat format, const SequenceHeader& header)
    : path_(path),
      fd_(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)),
      layout_(std::make_unique<RowLayout>(format, header)),
      length_(header.length),
      hash_(std::make_unique<RowHash>()) {
  if (!fd_) throw io_error("write", path, errno);
}
RowFile::~RowFile() = default;
RowFile::RowFile(RowFile&&) noexcept = default;

namespace {

/// The bytes of rows as they stand in their file.
void encode(const RowLayout& layout, std::uint64_t length, std::span<const std::uint16_t> tokens,
            std::vector<std::byte>& bytes) {
  const std::size_t rows = tokens.size() / length;
  bytes.resize(rows * layout.row_bytes);
  auto* to = reinterpret_cast<char*>(bytes.data());
  if (layout.text_width == 0) {
    if (layout.token_bytes == 1)
      std::ranges::transform(tokens, to, [](std::uint16_t token) { return static_cast<char>(token); });
    else
      std::memcpy(to, tokens.data(), tokens.size_bytes());
  } else if (!layout.characters.empty()) {
    for (std::size_t row = 0, at = 0; row < rows; ++row) {
      for (std::uint64_t i = 0; i < length; ++i) *to++ = layout.characters[tokens[at++]];
      *to++ = '\n';
    }
  } else {
    const auto width = static_cast<std::size_t>(layout.text_width);
    std::fill(to, to + bytes.size(), ' ');
    for (std::size_t at = 0; at < tokens.size(); ++at, to += width) {
      const fmt::format_int number(tokens[at]);
      std::memcpy(to + width - 1 - number.size(), number.data(), number.size());
      if ((at + 1) % length == 0) to[width - 1] = '\n';
    }
  }
}

}  // namespace

std::uint64_t RowFile::hash_of(SequenceFormat format, const SequenceHeader& header,
                               std::span<const std::uint16_t> tokens) {
  std::vector<std::byte> bytes;
  encode(RowLayout(format, header), header.length, tokens, bytes);
  RowHash hash;
  hash.add(bytes);
  return hash.take();
}

void RowFile::write(std::uint64_t first, std::span<const std::uint16_t> tokens) {
  const RowLayout& layout = *layout_;
  encode(layout, length_, tokens, buffer_);
  if (!write_at(fd_.get(), buffer_, layout.file_header.size() + first * layout.row_bytes))
    throw io_error("write", path_, errno);
  hash_->add(buffer_);
}

void RowFile::sync() {
  if (::fdatasync(fd_.get()) != 0) throw io_error("write", path_, errno);
}

std::uint64_t RowFile::hash() { return hash_->take(); }

std::uint64_t pack_hdf5(const fs::path& rows, const fs::path& to, const SequenceHeader& header,
                        const Checkpoint& checkpoint) {
  constexpr hsize_t kBlockBytes = 8 << 20, kChunkBytes = 1 << 20;
  const RowLayout layout(SequenceFormat::raw, header);
  const Descriptor from(::open(rows.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from) throw io_error("read", rows, errno);
  const fs::path temporary =
      to.parent_path() / fmt::format("{}{}-{}", kTemporaryPrefix, ::getpid(), to.filename().string());
  try {
    h5::prepare_library();
    {
      const h5::Handle file(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
      const hid_t type = header.stream == StreamKind::leaves ? H5T_STD_I8LE
                         : layout.token_bytes == 1           ? H5T_STD_U8LE
                                                             : H5T_STD_U16LE;
      const hsize_t extent[] = {header.samples, header.length};
      const hsize_t chunk[] = {std::clamp<hsize_t>(kChunkBytes / layout.row_bytes, 1, header.samples),
                               std::min<hsize_t>(header.length, 16 * kChunkBytes)};
      const h5::Handle space(H5Screate_simple(2, extent, nullptr), H5Sclose);
      const h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
      h5::check(H5Pset_obj_track_times(properties, false));
      h5::check(H5Pset_chunk(properties, 2, chunk));
      h5::check(H5Pset_shuffle(properties));
      h5::check(H5Pset_deflate(properties, 4));
      const h5::Handle dataset(
          H5Dcreate2(file, "sequences", type, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
      const std::uint64_t block =
          std::max<std::uint64_t>(kBlockBytes / layout.row_bytes / chunk[0], 1) * chunk[0];
      std::vector<std::byte> buffer;
      for (std::uint64_t first = 0; first < header.samples; first += block) {
        pass(checkpoint);
        const hsize_t start[] = {first, 0},
                      count[] = {std::min(block, header.samples - first), header.length};
        buffer.resize(count[0] * layout.row_bytes);
        for (std::size_t got = 0; got < buffer.size();) {
          const ssize_t n = repeat_if_interrupted([&] {
            return ::pread(from.get(), buffer.data() + got, buffer.size() - got,
                           static_cast<off_t>(first * layout.row_bytes + got));
          });
          if (n <= 0) throw io_error("read", rows, n < 0 ? errno : EIO);
          got += static_cast<std::size_t>(n);
        }
        const h5::Handle memory(H5Screate_simple(2, count, nullptr), H5Sclose);
        h5::check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr));
        h5::check(H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, buffer.data()));
      }
      h5::Group root(h5::Handle(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose));
      root.set("filetype", std::string("leafcast-sequences"));
      root.set("version", std::int32_t{1});
      root.make_text("header", header_json(header));
      h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL));
    }
    const Descriptor written(::open(temporary.c_str(), O_RDONLY | O_CLOEXEC));
    if (!written || ::fsync(written.get()) != 0) throw io_error("write", to, errno);
    const std::uint64_t hash = file_hash(temporary);
    pass(checkpoint);
    if (::rename(temporary.c_str(), to.c_str()) != 0) throw io_error("write", to, errno);
    sync_directory(to.parent_path());
    return hash;
  } catch (const h5::Error& e) {
    ::unlink(temporary.c_str());
    throw IoError(
        fmt::format("cannot write {}: {}; free space and run the same command again", to.string(), e.what()));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace leafcast::io
