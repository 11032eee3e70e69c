#pragma once
#include <filesystem>
#include <string>

namespace leafcast::analysis {

// What a report leaves behind. Files are made under names that nobody can foresee and then renamed, so that a
// symbolic link that stands in the way is replaced, never followed, and no reader sees half a file.

/// Makes the folder, with its parents. Throws IoError; also if it is a symbolic link, behind which may lie
/// anything.
void make_figure_folder(const std::filesystem::path& folder);

/// Replaces the file; writes into a device or pipe. Throws IoError.
void write_file(const std::filesystem::path& path, const std::string& text);
std::string read_file(const std::filesystem::path& path);  ///< throws IoError

/// A folder inside another, where nobody else writes, that goes with its files when the object does.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent);  ///< throws IoError
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Moves a file up to the parent, in place of what is there. Throws IoError.
  void publish(const std::string& name) const;

 private:
  std::filesystem::path parent_, path_;
};

}  // namespace leafcast::analysis
