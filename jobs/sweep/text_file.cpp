#include "jobs/sweep/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/error.h"

namespace leafcast::jobs {

namespace {

std::string read_bytes(const std::string& path, std::size_t most) {
  const auto refuse = [&] {
    throw IoError(
        fmt::format("{} cannot be read: {}; check the path and its permissions", path, std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) refuse();
  std::string bytes;
  char piece[1 << 16];
  while (bytes.size() <= most) {
    const std::size_t read =
        std::fread(piece, 1, std::min(sizeof piece, most + 1 - bytes.size()), file.get());
    if (read == 0) break;
    bytes.append(piece, read);
  }
  if (std::ferror(file.get())) refuse();
  return bytes;
}

bool is_text(char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n'; }

}  // namespace

std::string read_text_file(const std::string& path, std::size_t most_bytes) {
  std::string text = read_bytes(path, most_bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != text.npos;) text.erase(at, 1);

  const auto foreign = std::find_if_not(text.begin(), text.end(), is_text);
  if (foreign != text.end())
    throw UsageError(fmt::format("{}:{}: byte 0x{:02x} is no text; give a text file", path,
                                 1 + std::count(text.begin(), foreign, '\n'),
                                 static_cast<unsigned char>(*foreign)));
  if (text.size() > most_bytes)
    throw UsageError(
        fmt::format("{} is larger than {} MiB: {}", path, most_bytes >> 20,
                    most_bytes >> 20 == 1 ? "such a file is a page of text" : "no such file needs more"));
  return text;
}

}  // namespace leafcast::jobs
