// Calls a target with every file of a folder: the corpora as default tests, without clang.
//   replay TARGET FOLDER
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

extern "C" {
#define TARGET(name) int fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "targets.inc"
#undef TARGET
}

int main(int count, char** arguments) {
  namespace fs = std::filesystem;
#define TARGET(name) {#name, fuzz_##name},
  const std::map<std::string, int (*)(const std::uint8_t*, std::size_t)> targets = {
#include "targets.inc"
  };
  if (count != 3 || !targets.contains(arguments[1])) return 2;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments[2])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);  // the last line names the input that ends this
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    targets.at(arguments[1])(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
