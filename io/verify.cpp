#include <fmt/format.h>

#include "io/atomic_file.h"
#include "io/run_directory.h"
#include "io/run_files.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

/// Collects damage instead of stopping at it.
class Verifier {
 public:
  std::vector<Damage> check_directory(const RunFiles& files) {
    check_plan(files);
    for (const fs::path& stranger : files.list().strangers)
      damage_.push_back({stranger, "not a part of this run; move it elsewhere"});
    std::vector<Source> parts = readable_parts(files);
    take_out_superseded(parts);
    for (const Source& part : parts) check_chunks(part);
    if (fs::exists(files.results())) check_results(files);
    return std::move(damage_);
  }

  /// One file by itself.
  std::vector<Damage> check_file(const fs::path& path) {
    inspect(path, [](const RecordFile& file, const auto&) {
      Record record(file.plan());
      file.add_to(record);
    });
    return std::move(damage_);
  }

 private:
  /// Calls use(RecordFile, bytes); what goes wrong is damage. True if nothing did.
  template <class Use>
  bool inspect(const fs::path& path, Use use) {
    try {
      const std::vector<std::byte> bytes = read_record_bytes(path);
      use(RecordFile(bytes), bytes);
      return true;
    } catch (const Error& e) {
      damage_.push_back({path, e.what()});
      return false;
    }
  }

  void check_plan(const RunFiles& files) {
    try {
      parts_ = Record(files.read_plan());
      has_plan_ = true;
    } catch (const Error& e) {
      damage_.push_back({files.plan(), e.what()});
    }
  }

  /// The parts that can be opened.
  std::vector<Source> readable_parts(const RunFiles& files) {
    std::vector<Source> sources;
    for (const fs::path& path : files.list().parts) {
      Source source{path, files.directory, "", {}};
      const bool opened = inspect(path, [&](const RecordFile& file, const std::vector<std::byte>& bytes) {
        source.hash = content_hash(bytes);
        source.replaces = file.replaces();
        if (!has_plan_) {  // then a part has it
          parts_ = Record(file.plan());
          has_plan_ = true;
        }
      });
      if (opened) sources.push_back(std::move(source));
    }
    return sources;
  }

  /// A part's sums, and that no other part has its chunks.
  void check_chunks(const Source& part) {
    inspect(part.path, [&](const RecordFile& file, const auto&) {
      const Ledger ledger = file.ledger(parts_.plan);
      if (!ledger.disjoint(parts_.ledger))
        throw DataError(describe_overlap(parts_.plan, checked_, part, ledger));
      Record alone(parts_.plan);
      file.add_to(alone);
      parts_.merge(alone);
      checked_.push_back(part);
    });
  }

  /// results.h5 by itself, and against the parts if it holds the same chunks.
  void check_results(const RunFiles& files) {
    inspect(files.results(), [&](const RecordFile& file, const auto&) {
      Record results(file.plan());
      file.add_to(results);
      if (!has_plan_) return;
      if (results.plan.hash() != parts_.plan.hash())
        throw DataError("of another plan than its directory; remove it and run the same command again");
      if (results.ledger == parts_.ledger && results.tallies != parts_.tallies)
        throw DataError("its sums are not those of the parts; remove it and run the same command again");
    });
  }

  std::vector<Damage> damage_;
  Record parts_;  ///< the union of the parts
  bool has_plan_ = false;
  std::vector<Source> checked_;
};

}  // namespace

std::vector<Damage> verify(const fs::path& path) try {
  const ReadingSession session;
  if (!fs::exists(path))
    throw IoError(fmt::format("{}: no such file or directory; check the path", path.string()));
  if (!fs::is_directory(path)) return Verifier().check_file(path);
  const RunFiles files{path};
  if (!fs::exists(files.parts())) static_cast<void>(files.read_plan());  // throws: no run directory
  return Verifier().check_directory(files);
} catch (const fs::filesystem_error& e) {
  throw IoError(fmt::format("cannot read {}: {}; check the path and its permissions", e.path1().string(),
                            e.code().message()));
}

}  // namespace leafcast::io
