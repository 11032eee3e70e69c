// Sweep files and overrides. The input: one or two files and lines "key = value" for the command line, each
// part from the next by a line "%". `kernel.txt` is there for language.file.
#include "jobs/sweep/sweep.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "engine/plan/plan.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;
namespace fs = std::filesystem;

namespace {

/// A folder with a kernel; removed at the end.
class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "leafcast-fuzz-XXXXXX").string()) {
    fuzz::require(::mkdtemp(path_.data()) != nullptr, "no temporary folder");
    write("kernel.txt", "0.5 0.25 0.25\n0 0.5 0.5\n0.125 0.125 0.75\n");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  std::string path_;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line == "%" && parts.size() < 3)
      parts.emplace_back();
    else
      parts.back() += line + "\n";
  return parts;
}

std::vector<jobs::Setting> overrides(const std::string& text) {
  std::vector<jobs::Setting> settings;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (const auto equals = line.find('='); equals != line.npos)
      settings.push_back({line.substr(0, equals), line.substr(equals + 1), ""});
  return settings;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::vector<std::string> parts = split(fuzz::text_of(data, size));
  std::vector<std::string> files{folder.write("a.ini", parts[0])};
  if (parts.size() > 1 && !parts[1].empty()) files.push_back(folder.write("b.ini", parts[1]));
  fuzz::refusing<Error>([&] {
    const Plan plan = jobs::read_sweeps(files, overrides(parts.size() > 2 ? parts[2] : ""));
    fuzz::require(!plan.cells().empty() && plan.cells().size() <= jobs::kMaxCells,
                  "a plan of too many cells");
    fuzz::require(is_printable(plan.title()), "a title that is no line of text");
    if (plan.cells().size() > 1000) return;
    // Ranks get the plan as text.
    const Plan read = Plan::from_text(plan.text(), plan.sweep_text());
    fuzz::require(read.hash() == plan.hash() && read.text() == plan.text(),
                  "a plan that its text does not give");
  });
  return 0;
}
