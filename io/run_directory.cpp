#include "io/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/lock.h"
#include "io/posix.h"
#include "io/run_files.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostParts = 64;  // more are compacted into one

/// Runs an operation on files, turning the standard library's errors into ours.
template <class Operation>
auto with_files(Operation operation) {
  try {
    return operation();
  } catch (const fs::filesystem_error& e) {
    throw io_error("use", e.path1(), e.code().value());
  }
}

bool is_temporary(const fs::path& path) { return path.filename().string().starts_with(kTemporaryPrefix); }

/// Without a plan, a directory is taken only if nothing in it is anyone else's: it is empty, was left by a
/// run that died while it began, or has lost its plan.
void require_ours(const RunFiles& files) {
  if (fs::exists(files.plan())) return;
  const bool has_parts = fs::exists(files.parts());
  for (const auto& entry : fs::directory_iterator(files.directory)) {
    const fs::path& path = entry.path();
    const bool ours = path == files.lock() || path == files.parts() || is_temporary(path) ||
                      (has_parts && (path == files.sweep() || path == files.cost() ||
                                     path == files.status() || path == files.results()));
    if (!ours)
      throw DataError(fmt::format(
          "{}: not a run directory: it holds {} but no plan.txt; choose an empty or new directory",
          files.directory.string(), path.filename().string()));
  }
}

void create_run_directory(const RunFiles& files) {
  if (fs::exists(files.directory) && !fs::is_directory(files.directory))
    throw DataError(fmt::format("{}: a file, not a run directory; choose another -o directory",
                                files.directory.string()));
  if (fs::create_directories(files.directory)) sync_directory(fs::canonical(files.directory).parent_path());
  require_ours(files);
}

void remove_leftovers(const fs::path& directory) {
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(directory))
    if (is_temporary(entry.path())) leftovers.push_back(entry.path());
  for (const fs::path& path : leftovers) fs::remove(path);
}

void require_same_plan(const RunFiles& files, const Plan& plan) {
  if (!fs::exists(files.plan())) return;
  const Plan there = files.read_plan();
  if (there.hash() != plan.hash())
    throw DataError(fmt::format("{} holds a run of another plan: {}; choose another -o directory",
                                files.directory.string(), describe_difference(there, plan)));
}

void write_if_changed(const fs::path& path, const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  if (fs::exists(path) && std::ranges::equal(read_bytes(path), bytes)) return;
  write_atomically(path, bytes);
}

std::string text_if_any(const fs::path& path) {
  try {
    const auto bytes = read_bytes(path);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } catch (const IoError&) {
    return "";
  }
}

std::vector<Source> parts_of(const RunFiles& files) {
  std::vector<Source> sources;
  const RunFiles::Listing listing = files.list();
  if (!listing.strangers.empty())
    throw DataError(fmt::format(
        "{}: not a part of this run (a part is called 000001.<16 hexadecimal digits>.h5); move it "
        "elsewhere",
        listing.strangers[0].string()));
  for (const fs::path& path : listing.parts) sources.push_back({path, files.directory, "", {}});
  return sources;
}

/// The parts; or results.h5 when they have been cleared away.
std::vector<Source> sources_of(const RunFiles& files) {
  std::vector<Source> sources = parts_of(files);
  if (sources.empty() && fs::exists(files.results()))
    sources.push_back({files.results(), files.directory, "", {}});
  return sources;
}

}  // namespace

// ---- writing

struct RunDirectory::State {
  RunFiles files;
  Lock lock;
  Record record;
  std::vector<Source> parts;
  std::vector<Source> superseded;  ///< parts that a compaction replaced, as far as they could not be removed
  std::uint64_t last_number = 0;

  void load() {
    parts = sources_of(files);
    for (const Source& source : parts)
      if (const auto name = PartName::parse(source.path.filename().string()))
        last_number = std::max(last_number, name->number);
    scan(parts);
    superseded = take_out_superseded(parts);
    add_sources(record, parts);
    remove_superseded();
    if (parts.size() == 1 && parts[0].path == files.results()) {
      parts.clear();
      add_part(record, {});  // once there are parts, results.h5 is not read
    }
  }

  void add_part(const Record& part, const std::vector<std::string>& replaces) {
    if (part.ledger.count() == 0) return;
    const std::vector<std::byte> bytes = encode_part(part, replaces);
    const PartName name{last_number + 1, content_hash(bytes)};
    const fs::path path = files.parts() / name.text();
    lock.check_held();
    try {
      write_atomically(path, bytes);
    } catch (const IoError&) {
      // It may be there, but not durably. Its chunks come again in a later part, so it must not stay.
      std::error_code ignored;
      fs::remove(path, ignored);
      throw;
    }
    last_number = name.number;
    parts.push_back({path, files.directory, name.hash, replaces});
  }

  /// One part in place of all. It is written first and names those that it replaces, so nothing is lost or
  /// counted twice whenever this dies.
  void compact() {
    std::vector<std::string> replaced;
    for (const auto* list : {&parts, &superseded})
      for (const Source& part : *list) replaced.push_back(part.hash);
    add_part(record, replaced);
    superseded.insert(superseded.end(), parts.begin(), parts.end() - 1);
    parts.erase(parts.begin(), parts.end() - 1);
    remove_superseded();
  }

  void remove_superseded() {
    if (superseded.empty()) return;
    std::erase_if(superseded, [](const Source& part) {
      std::error_code error;
      fs::remove(part.path, error);
      return !error;
    });
    sync_directory(files.parts());
  }
};

RunDirectory::RunDirectory() = default;
RunDirectory::~RunDirectory() = default;
RunDirectory::RunDirectory(RunDirectory&&) noexcept = default;
RunDirectory& RunDirectory::operator=(RunDirectory&&) noexcept = default;

RunDirectory RunDirectory::open_for_writing(const fs::path& directory, const Plan& plan,
                                            const LockTiming& timing) {
  const ReadingSession session;
  return with_files([&] {
    const RunFiles files{directory};
    create_run_directory(files);
    files.require_plain_files();
    files.require_within();
    RunDirectory run;
    run.state_ =
        std::make_unique<State>(State{files, Lock::acquire(files.lock(), timing), Record(plan), {}, {}, 0});
    remove_leftovers(directory);
    require_same_plan(files, plan);
    if (fs::create_directory(files.parts())) sync_directory(directory);
    remove_leftovers(files.parts());
    run.state_->load();
    // The plan is the same, but its title and sweep may be worded anew: the last command describes the run.
    write_if_changed(files.plan(), plan.text());
    write_if_changed(files.sweep(), plan.sweep_text());
    return run;
  });
}

const Record& RunDirectory::record() const { return state_->record; }

void RunDirectory::write_part(const Record& delta) {
  if (delta.ledger.count() == 0) return;
  if (delta.plan.hash() != state_->record.plan.hash() || !delta.ledger.disjoint(state_->record.ledger))
    throw std::logic_error("a part of another plan, or with chunks that are in a part already");
  with_files([&] {
    state_->add_part(delta, {});
    state_->record.merge(delta);
    try {
      if (state_->parts.size() > kMostParts) state_->compact();
    } catch (const IoError&) {
      // The chunks are safe in their parts; a later flush tries again.
    }
  });
}

fs::path RunDirectory::results_path() const { return state_->files.results(); }

std::string RunDirectory::cost_text() const { return text_if_any(state_->files.cost()); }

void RunDirectory::write_status(const std::string& text) {
  state_->lock.check_held();
  with_files([&] { write_if_changed(state_->files.status(), text); });
}

void RunDirectory::write_cost(const std::string& text) {
  with_files([&] { write_if_changed(state_->files.cost(), text); });
}

// ---- reading

RunView look_at_run(const fs::path& directory) {
  return with_files([&] {
    if (!fs::is_directory(directory))
      throw IoError(fmt::format("{}: no such directory; check the path", directory.string()));
    const RunFiles files{directory};
    files.require_plain_files();
    return RunView{look_at_lock(files.lock()), text_if_any(files.status()), fs::exists(files.plan()),
                   fs::is_regular_file(files.results())};
  });
}

namespace {

/// The sources of all paths, and the plan where a directory says it.
struct Inputs {
  std::vector<Source> sources;
  std::optional<Plan> plan;
  fs::path plan_path;  ///< where the plan comes from

  void require(const Plan& other, const fs::path& path) {
    if (!plan) {
      plan = other;
      plan_path = path;
    } else if (plan->hash() != other.hash()) {
      throw DataError(fmt::format("{} and {} are of different plans: {}; merge them one by one",
                                  plan_path.string(), path.string(), describe_difference(*plan, other)));
    }
  }

  void add(const fs::path& path) {
    if (!fs::exists(path))
      throw IoError(fmt::format("{}: no such file or directory; check the path", path.string()));
    if (!fs::is_directory(path)) return sources.push_back({path, "", "", {}});
    const RunFiles files{path};
    require(files.read_plan(), path);
    const std::vector<Source> listed = sources_of(files);
    sources.insert(sources.end(), listed.begin(), listed.end());
  }
};

void read_plans_of_files(Inputs& inputs) {
  for (const Source& source : inputs.sources) {
    if (!source.run.empty()) continue;
    std::optional<Plan> plan;
    with_record_file(source, [&](const RecordFile& file, const auto&) {
      if (!inputs.plan || file.plan_hash() != fmt::format("{:016x}", inputs.plan->hash())) plan = file.plan();
    });
    if (plan) inputs.require(*plan, source.path);
  }
}

Record unite(Inputs& inputs) {
  scan(inputs.sources);
  take_out_superseded(inputs.sources);
  read_plans_of_files(inputs);
  Record record(std::move(*inputs.plan));
  add_sources(record, inputs.sources);
  return record;
}

/// Whether a run has compacted its parts since they were listed.
bool has_vanished(const std::vector<Source>& sources) {
  return std::ranges::any_of(sources, [](const Source& s) { return !s.run.empty() && !fs::exists(s.path); });
}

Inputs list_inputs(const std::vector<fs::path>& paths) {
  Inputs inputs;
  for (const fs::path& path : paths) inputs.add(path);
  return inputs;
}

}  // namespace

Record read_record(const std::vector<fs::path>& paths) {
  if (paths.empty())
    throw DataError("nothing to read: no run directory or file was given; name at least one");
  const ReadingSession session;
  return with_files([&] {
    constexpr int kAttempts = 10;
    for (int attempt = 1;; ++attempt) {
      Inputs inputs = list_inputs(paths);
      const std::vector<Source> listed = inputs.sources;
      try {
        return unite(inputs);
      } catch (const IoError&) {
        if (attempt == kAttempts || !has_vanished(listed)) throw;
      }
    }
  });
}

}  // namespace leafcast::io
