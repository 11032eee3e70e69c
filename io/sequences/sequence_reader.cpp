#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "io/file/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/sequences/sequence_layout.h"
#include "io/sequences/sequences.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

constexpr std::int32_t kNoToken = -1;  // a number that is no token of anything
constexpr std::uint64_t kMostLength = std::uint64_t{1} << 40, kMostLine = std::uint64_t{1} << 28;
constexpr std::uint64_t kMostRow = std::uint64_t{1} << 28;  // of HDF5, whose rows are read whole
constexpr std::uint64_t kMostHdf5 = std::uint64_t{4} << 30;

[[noreturn]] void refuse(const fs::path& path, const std::string& reason, const std::string& remedy) {
  throw DataError(fmt::format("{}: {}; {}", path.string(), reason, remedy));
}
constexpr const char* kWriteAgain = "write it again, or take another copy";

/// A regular file, read at given places.
class PlainFile {
 public:
  explicit PlainFile(const fs::path& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0) throw io_error("read", path, errno);
    if (S_ISDIR(status.st_mode)) throw io_error("read", path, EISDIR);
    if (!S_ISREG(status.st_mode)) refuse(path, "not a regular file", "save the sequences in one first");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  const fs::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// As many bytes as are there, up to those asked for.
  std::size_t read(std::uint64_t at, std::span<std::byte> bytes) const {
    std::size_t got = 0;
    while (got < bytes.size()) {
      const ssize_t n = repeat_if_interrupted([&] {
        return ::pread(fd_.get(), bytes.data() + got, bytes.size() - got, static_cast<off_t>(at + got));
      });
      if (n < 0) throw io_error("read", path_, errno);
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }
  std::string text(std::uint64_t at, std::size_t size) const {
    std::string text(size, '\0');
    text.resize(read(at, std::as_writable_bytes(std::span(text))));
    return text;
  }

 private:
  fs::path path_;
  Descriptor fd_;
  std::uint64_t size_ = 0;
};

template <class Number>
std::int32_t token_of(Number number) {
  return std::in_range<std::int32_t>(number) ? static_cast<std::int32_t>(number) : kNoToken;
}

/// Calls use(a value of the type) for a type as NumPy names it; false if it is none of whole numbers.
template <class Use>
bool with_type(std::string_view type, Use use) {
  if (type.size() != 3 || (type[0] != '<' && type[0] != '|' && type[0] != '=')) return false;
  const std::string_view kind = type.substr(1);
  if (kind == "i1") return use(std::int8_t{}), true;
  if (kind == "u1" || kind == "b1") return use(std::uint8_t{}), true;
  if (type[0] == '|') return false;
  if (kind == "i2") return use(std::int16_t{}), true;
  if (kind == "u2") return use(std::uint16_t{}), true;
  if (kind == "i4") return use(std::int32_t{}), true;
  if (kind == "u4") return use(std::uint32_t{}), true;
  if (kind == "i8") return use(std::int64_t{}), true;
  if (kind == "u8") return use(std::uint64_t{}), true;
  return false;
}

std::optional<SequenceHeader> side_header(const fs::path& path) {
  const fs::path side = fs::path(path).concat(".json");
  std::error_code error;
  if (!fs::is_regular_file(side, error)) return std::nullopt;
  const auto bytes = read_bytes(side, 1 << 26);
  try {
    return header_of_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const DataError& e) {
    refuse(side, e.what(), "restore it, or remove it and say what the sequences are by options");
  }
}

/// Rows of whole numbers, one after the other.
class ArrayReader final : public SequenceReader {
 public:
  ArrayReader(PlainFile source, SequenceFormat format, SequenceHeader header, std::string type,
              std::uint64_t start)
      : source_(std::move(source)), type_(std::move(type)), at_(start) {
    header_ = std::move(header);
    format_ = format;
    with_type(type_, [this](auto zero) { token_bytes_ = sizeof(zero); });
    const std::uint64_t there = source_.size() - start, bytes = header_.length * token_bytes_;
    const bool fits =
        header_.samples == 0 || bytes == 0 || (there / bytes == header_.samples && there % bytes == 0);
    if (!fits || (header_.samples > 0 && bytes == 0))
      refuse(source_.path(),
             fmt::format("it holds {} bytes, and {} sequences of {} tokens take {}", there, header_.samples,
                         header_.length, static_cast<double>(header_.samples) * static_cast<double>(bytes)),
             kWriteAgain);
  }

  Sequences read(std::size_t tokens) override {
    Sequences some;
    if (header_.length == 0) return some;
    const std::uint64_t rows =
        std::min(std::max<std::uint64_t>(tokens / header_.length, 1), header_.samples - done_);
    if (rows == 0) return some;
    with_type(type_, [&](auto zero) { take<decltype(zero)>(rows, some); });
    done_ += rows;
    return some;
  }

 private:
  template <class Number>
  void take(std::uint64_t rows, Sequences& some) {
    std::vector<Number> numbers(rows * header_.length);
    if (source_.read(at_, std::as_writable_bytes(std::span(numbers))) != numbers.size() * sizeof(Number))
      refuse(source_.path(), "it has become shorter while it was read", kWriteAgain);
    at_ += numbers.size() * sizeof(Number);
    some.tokens.reserve(numbers.size());
    for (const Number number : numbers) some.tokens.push_back(token_of(number));
    for (std::uint64_t row = 1; row <= rows; ++row) some.starts.push_back(row * header_.length);
  }

  PlainFile source_;
  std::string type_;
  std::uint64_t at_, done_ = 0;
  std::size_t token_bytes_ = 1;
};

/// The value of a key in the dictionary of a NumPy header: what stands up to the next comma outside of
/// parentheses.
std::string dictionary_value(const std::string& dictionary, const std::string& key) {
  const std::size_t found = dictionary.find("'" + key + "'");
  if (found == std::string::npos) return "";
  std::size_t at = dictionary.find(':', found);
  if (at == std::string::npos) return "";
  std::string value;
  for (int depth = 0; ++at < dictionary.size();) {
    const char c = dictionary[at];
    if (depth == 0 && (c == ',' || c == '}')) break;
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c != ' ') value += c;
  }
  return value;
}

std::unique_ptr<SequenceReader> open_npy(PlainFile source, std::optional<SequenceHeader> side) {
  constexpr std::size_t kMostHeader = 1 << 16;
  const fs::path path = source.path();
  const auto damaged = [&](const std::string& reason) {
    refuse(path, "a NumPy file " + reason, kWriteAgain);
  };
  const std::string start = source.text(0, 12);
  if (start.size() < 12) damaged("that ends in its header");
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(start[i]));
  };
  const bool old = byte(6) == 1;
  if (byte(6) < 1 || byte(6) > 3) damaged(fmt::format("of version {}, which is not known", byte(6)));
  const std::size_t size =
      old ? byte(8) + (byte(9) << 8) : byte(8) + (byte(9) << 8) + (byte(10) << 16) + (byte(11) << 24);
  const std::size_t begin = old ? 10 : 12;
  if (size > kMostHeader || begin + size > source.size()) damaged("that ends in its header");
  const std::string dictionary = source.text(begin, size);
  std::string type = dictionary_value(dictionary, "descr");
  if (type.size() >= 2 && type.front() == '\'') type = type.substr(1, type.size() - 2);
  if (!with_type(type, [](auto) {}))
    refuse(path,
           fmt::format("an array of {}, not of whole numbers in little-endian order", type.substr(0, 40)),
           "save it with .astype('uint16')");
  if (dictionary_value(dictionary, "fortran_order") != "False")
    refuse(path, "an array in Fortran's order", "save numpy.ascontiguousarray of it");
  std::vector<std::uint64_t> shape;
  const std::string text = dictionary_value(dictionary, "shape");
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    std::uint64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc{} && next != at) {
      if (number > kMostLength) damaged("of absurd shape");
      shape.push_back(number);
      at = next;
    } else {
      ++at;
    }
  }
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  if (shape.size() != 2)
    refuse(path, fmt::format("an array of {} dimensions", shape.size()),
           "save sequences as rows: [sequence][position]");
  SequenceHeader header = side.value_or(SequenceHeader{});
  header.samples = shape[0];
  header.length = shape[1];
  if (header.samples > 0 && header.length == 0) refuse(path, "an array of empty rows", kWriteAgain);
  if (header.length > 0 && header.samples > kMostLength / header.length) damaged("of absurd shape");
  return std::make_unique<ArrayReader>(std::move(source), SequenceFormat::npy, std::move(header), type,
                                       begin + size);
}

/// Runs a reader, turning HDF5's complaints into ours.
template <class Read>
auto reading(const fs::path& path, Read read) {
  try {
    return read();
  } catch (const h5::Error& e) {
    refuse(path, fmt::format("damaged, or without a dataset sequences ({})", e.what()), kWriteAgain);
  }
}

class Hdf5Reader final : public SequenceReader {
 public:
  explicit Hdf5Reader(const fs::path& path)
      : path_(path),
        file_(open_file(path)),
        dataset_(reading(path, [&] { return file_.root().dataset("sequences"); })) {
    format_ = SequenceFormat::hdf5;
    const h5::Group root = file_.root();
    const bool described = reading(path, [&] { return root.has("header"); });
    if (described) {
      try {
        header_ = header_of_json(reading(path, [&] { return root.text("header"); }));
      } catch (const DataError& e) {
        refuse(path_, e.what(), kWriteAgain);
      }
    }
    const h5::Extent extent = dataset_.extent();
    if (extent.size() != 2 || extent[1] == 0 || extent[1] > kMostRow || extent[0] > kMostLength / extent[1])
      refuse(path_, "its dataset sequences is not of the shape [sequence][position]", kWriteAgain);
    // Deflate makes a byte of at most 1032; more than that was never written.
    if (extent[0] * extent[1] > 1032 * std::uint64_t{fs::file_size(path_)})
      refuse(path_, "its dataset sequences is longer than the file can hold", kWriteAgain);
    header_.samples = extent[0];
    header_.length = extent[1];
  }

  Sequences read(std::size_t tokens) override {
    Sequences some;
    const std::uint64_t rows =
        std::min(std::max<std::uint64_t>(tokens / header_.length, 1), header_.samples - done_);
    if (rows == 0) return some;
    if (!take_any<std::uint8_t, std::int8_t, std::uint16_t, std::int32_t, std::int64_t, std::uint32_t,
                  std::uint64_t>(rows, some))
      refuse(path_, "its dataset sequences cannot be read as whole numbers (" + complaint_ + ")",
             kWriteAgain);
    done_ += rows;
    return some;
  }

 private:
  static h5::File open_file(const fs::path& path) {
    std::vector<std::byte> bytes;
    try {
      bytes = read_bytes(path, kMostHdf5);
    } catch (const IoError& e) {
      throw IoError(fmt::format("{}; or save the sequences as .npy, which is read in pieces", e.what()));
    }
    try {
      return h5::File::open(bytes);
    } catch (const h5::Error& e) {
      refuse(path, fmt::format("damaged ({})", e.what()), kWriteAgain);
    }
  }
  template <class... Number>
  bool take_any(std::uint64_t rows, Sequences& some) {
    int index = 0;
    return ((index++ >= type_ && take<Number>(rows, some, index - 1)) || ...);
  }
  template <class Number>
  bool take(std::uint64_t rows, Sequences& some, int index) {
    std::vector<Number> numbers(rows * header_.length);
    try {
      dataset_.read_rows(done_, rows, std::span(numbers));
    } catch (const h5::Error& e) {
      complaint_ = e.what();
      return false;
    }
    type_ = index;
    for (const Number number : numbers) some.tokens.push_back(token_of(number));
    for (std::uint64_t row = 1; row <= rows; ++row) some.starts.push_back(row * header_.length);
    return true;
  }

  fs::path path_;
  h5::File file_;
  h5::Dataset dataset_;
  std::uint64_t done_ = 0;
  int type_ = 0;
  std::string complaint_;
};

class TextReader final : public SequenceReader {
 public:
  TextReader(PlainFile source, std::optional<SequenceHeader> side) : source_(std::move(source)) {
    format_ = SequenceFormat::text;
    header_ = side.value_or(SequenceHeader{});
    expected_ = std::exchange(header_.samples, 0);
    expected_length_ = std::exchange(header_.length, 0);
  }

  Sequences read(std::size_t tokens) override {
    Sequences some;
    std::string line;
    while (some.size() == 0 || some.tokens.size() < tokens) {
      if (!next_line(line)) {
        if (expected_ > 0 && sequences_ != expected_)
          refuse(source_.path(),
                 fmt::format("it holds {} sequences, and its header says {}", sequences_, expected_),
                 kWriteAgain);
        break;
      }
      if (line.empty() || line[0] == '#') continue;
      parse(line, some);
      ++sequences_;
    }
    return some;
  }

 private:
  bool next_line(std::string& line) {
    line.clear();
    for (;;) {
      const std::size_t end = block_.find('\n', at_);
      line.append(block_, at_, end == std::string::npos ? std::string::npos : end - at_);
      if (line.size() > kMostLine)
        refuse(source_.path(), fmt::format("line {} has no end", number_ + 1), "put a sequence a line");
      if (end != std::string::npos) {
        at_ = end + 1;
        break;
      }
      block_ = source_.text(read_, 1 << 20);
      read_ += block_.size();
      at_ = 0;
      if (block_.empty()) {
        if (line.empty()) return false;
        break;
      }
    }
    ++number_;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
      line.pop_back();
    return true;
  }

  static bool separates(char c) { return c == ' ' || c == '\t' || c == ','; }

  void parse(const std::string& line, Sequences& some) {
    const std::size_t start = some.tokens.size();
    if (!style_known_) {
      numbers_ =
          std::ranges::any_of(line, separates) || (header_.stream && header_.stream != StreamKind::leaves);
      style_known_ = true;
    }
    if (numbers_)
      parse_numbers(line, some);
    else
      for (std::size_t i = 0; i < line.size(); ++i) some.tokens.push_back(symbol_of(line, i));
    if (expected_length_ > 0 && some.tokens.size() - start != expected_length_)
      bad(some.tokens.size() - start,
          fmt::format("the line has not the {} tokens of the header", expected_length_));
    some.starts.push_back(some.tokens.size());
  }
  void parse_numbers(const std::string& line, Sequences& some) {
    const char *at = line.data(), *const end = at + line.size();
    for (;;) {
      while (at < end && separates(*at)) ++at;
      if (at == end) return;
      std::int64_t number = 0;
      const auto [next, error] = std::from_chars(at + (*at == '+'), end, number);
      if (error == std::errc::result_out_of_range)
        number = kNoToken;
      else if (error != std::errc{} || (next < end && !separates(*next)))
        bad(static_cast<std::size_t>(at - line.data()), "not a number");
      some.tokens.push_back(token_of(number));
      at = next;
    }
  }
  std::int32_t symbol_of(const std::string& line, std::size_t i) const {
    const char c = line[i];
    if (c == '-') return 0;
    if (c == '+') return 1;
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'Z') return c - 'A';
    bad(i, "no symbol: symbols are - and +, digits, or letters from A on; numbers have blanks between them");
  }
  [[noreturn]] void bad(std::size_t column, const std::string& reason) const {
    refuse(source_.path(), fmt::format("line {}, column {}: {}", number_, column + 1, reason),
           "correct the file");
  }

  PlainFile source_;
  std::string block_;
  std::size_t at_ = 0;
  std::uint64_t read_ = 0, number_ = 0, sequences_ = 0, expected_ = 0, expected_length_ = 0;
  bool style_known_ = false, numbers_ = false;
};

bool is_text(const std::string& start) {
  return std::ranges::all_of(
      start, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; });
}

}  // namespace

std::unique_ptr<SequenceReader> SequenceReader::open(const fs::path& path) {
  PlainFile source(path);
  const std::string start = source.text(0, 4096);
  if (start.empty()) refuse(path, "empty", kWriteAgain);
  if (start.starts_with("\x89HDF\r\n\x1a\n")) return std::make_unique<Hdf5Reader>(path);
  std::optional<SequenceHeader> side = side_header(path);
  if (start.starts_with("\x93NUMPY")) return open_npy(std::move(source), std::move(side));
  if (side) {
    const int bytes = side->stream == StreamKind::leaves || side->vocabulary <= 256 ? 1 : 2;
    const double raw = static_cast<double>(side->samples) * static_cast<double>(side->length) * bytes;
    const char* side_type = side->stream == StreamKind::leaves ? "|i1" : "|u1";
    if (static_cast<double>(source.size()) == raw || !is_text(start))
      return std::make_unique<ArrayReader>(std::move(source), SequenceFormat::raw, std::move(*side),
                                           bytes == 2 ? "<u2" : side_type, 0);
  }
  if (is_text(start)) return std::make_unique<TextReader>(std::move(source), std::move(side));
  refuse(path,
         "neither text nor a NumPy or HDF5 file, and there is no " + path.filename().string() +
             ".json that describes it",
         "write that header (io/FORMAT.md), or save the sequences as .npy");
}

}  // namespace leafcast::io
