#include "io/run/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/contract.h"
#include "io/file/atomic_file.h"
#include "io/file/lock.h"
#include "io/file/posix.h"
#include "io/run/pooled_sources.h"
#include "io/run/run_files.h"
#include "io/run/stored_sums.h"

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

bool is_corpus(const fs::path& path) { return path.filename().string().starts_with("corpus"); }

bool has_whole_results(const RunFiles& files) {
  if (!fs::is_regular_file(files.results())) return false;
  try {
    static_cast<void>(open_record_file(files.results()));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Without a plan, a directory is taken only if nothing in it is anyone else's: it is empty, was left by a
/// run that died while it began, or has lost its plan.
void require_ours(const RunFiles& files) {
  if (fs::exists(files.plan())) return;
  const bool has_parts = fs::exists(files.parts()), has_results = has_whole_results(files);
  for (const auto& entry : fs::directory_iterator(files.directory)) {
    const fs::path& path = entry.path();
    const bool ours = path == files.lock() || path == files.parts() || is_temporary(path) ||
                      path == files.damaged() ||
                      ((has_parts || has_results) &&
                       (path == files.sweep() || path == files.cost() || path == files.status() ||
                        path == files.results() || is_corpus(path)));
    // Another run may have begun here since: the lock will tell.
    if (!ours && !fs::exists(files.plan()))
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

constexpr std::string_view kPlanHeader = "leafcast plan ";  // followed by the version of the streams

bool is_of_newer_program(const std::string& plan_text) {
  int streams = 0;
  std::from_chars(plan_text.data() + kPlanHeader.size(), plan_text.data() + plan_text.size(), streams);
  return streams > kStreams;
}

/// Why plan.txt is damaged, or nothing. Throws DataError if it is whole but of another plan or of a newer
/// program, or was never a plan of ours.
std::optional<std::string> check_plan(const RunFiles& files, const Plan& plan) {
  if (!fs::exists(files.plan())) return std::nullopt;
  const auto bytes = read_bytes(files.plan());
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Plan there;
  try {
    there = Plan::from_text(text, "");
  } catch (const Error& e) {
    const bool has_header = text.starts_with(kPlanHeader);
    if (!has_header && !fs::exists(files.parts()) && !has_whole_results(files))
      throw DataError(fmt::format(
          "{}: not a run directory: its plan.txt is none of leafcast; choose an empty or new directory",
          files.directory.string()));
    const bool same_hash = text.find(fmt::format("hash={:016x}", plan.hash())) != std::string::npos;
    if (has_header && is_of_newer_program(text) && !same_hash)
      throw DataError(fmt::format("{}: {}", files.plan().string(), e.what()));
    return e.what();
  }
  if (there.hash() != plan.hash())
    throw DataError(fmt::format("{} holds a run of another plan: {}; choose another -o directory",
                                files.directory.string(), describe_difference(there, plan)));
  return std::nullopt;
}

/// Moves a file to DIR/damaged so that it stays there.
fs::path move_aside(const RunFiles& files, const fs::path& path) {
  if (fs::create_directory(files.damaged())) sync_directory(files.directory);
  const std::string name = path.filename().string();
  fs::path to = files.damaged() / name;
  for (int n = 1; fs::exists(fs::symlink_status(to)); ++n)
    to = files.damaged() / fmt::format("{}.{}", name, n);
  fs::rename(path, to);
  sync_directory(files.damaged());
  sync_directory(path.parent_path());
  return to;
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
  std::shared_ptr<StoredSums> sums;
  Record record;  ///< of the sums
  std::vector<Source> parts;
  std::vector<Source> superseded;  ///< parts that a compaction replaced, as far as they could not be removed
  std::uint64_t last_number = 0;
  std::size_t most_parts = kMostParts;
  std::vector<SetAside> aside;
  static constexpr const char* kComputedAnew = "what no other file holds of it is computed anew";

  State(RunFiles of, Lock held, const Plan& plan) : files(std::move(of)), lock(std::move(held)) {
    forget(plan);
  }

  void forget(const Plan& plan) {
    sums = std::make_shared<StoredSums>(plan);
    record = Record(plan, sums);
  }

  void load() {
    parts = parts_of(files);
    for (const Source& source : parts)
      if (const auto name = PartName::parse(source.path.filename().string()))
        last_number = std::max(last_number, name->number);
    // What does not belong is refused before anything is moved.
    std::vector<DamagedFile> damaged;
    std::erase_if(parts, [&](Source& part) {
      try {
        with_record_file(part, [&](const RecordFile& file) {
          static_cast<void>(file.ledger(record.plan));
          part.hash = file.content_hash();
          part.replaces = file.replaces();
        });
        return false;
      } catch (const DamagedFile& e) {
        damaged.push_back(e);
        return true;
      }
    });
    for (const DamagedFile& file : damaged) set_aside(file, kComputedAnew);
    add_parts();
    read_results();
    remove_superseded();
    for (SetAside& file : aside) say_if_replaced(file);
  }

  /// Adds the parts to the record, and begins again whenever one turns out to contradict itself.
  void add_parts() {
    for (;;) {
      superseded = take_out_superseded(parts);
      try {
        for (const Source& part : parts) sums->add(part, StoredSums::Depth::sums);
        record.ledger = sums->ledger();
        return;
      } catch (const DamagedFile& e) {
        set_aside(e, kComputedAnew);
        forget(record.plan);
        parts.insert(parts.end(), superseded.begin(), superseded.end());
        std::erase_if(parts, [&](const Source& part) { return part.path == e.path; });
      }
    }
  }

  /// Results hold what parts have lost, or all of it when they were cleared away: it becomes a part again.
  void read_results() {
    if (!fs::exists(files.results())) return;
    const Source results{files.results(), files.directory, "", {}};
    auto of_results = std::make_shared<StoredSums>(record.plan);
    try {
      bool has_more = false;
      with_record_file(results, [&](const RecordFile& file) {
        const Ledger ledger = file.ledger(record.plan);
        has_more = !(ledger == record.ledger) && ledger.includes(record.ledger);
      });
      if (!has_more) return;
      of_results->add(results, StoredSums::Depth::sums);
    } catch (const DamagedFile& e) {
      return set_aside(e, "it is written anew when all is done");
    } catch (const DataError&) {
      if (parts.empty()) throw;
      return;  // foreign: nothing is to be had from it, and the parts have what there is
    }
    Record more(record.plan, of_results);
    more.ledger = of_results->ledger();
    more.hashes = sums->hashes();  // which results do not have
    replace(parts, more);
  }

  void set_aside(const DamagedFile& file, const std::string& consequence) {
    lock.check_held();
    aside.push_back({file.path, move_aside(files, file.path), file.problem, consequence});
  }

  /// A damaged part may have been replaced by a whole one.
  void say_if_replaced(SetAside& file) const {
    const auto name = PartName::parse(file.file.filename().string());
    if (!name) return;
    for (const Source& part : parts)
      if (std::ranges::find(part.replaces, name->hash) != part.replaces.end())
        file.consequence = fmt::format("nothing is lost: {} holds its chunks", part.path.filename().string());
  }

  /// Writes a part, and does not count it yet.
  Source write_part(const Record& part, const std::vector<std::string>& replaces) {
    lock.check_held();
    Source source{{}, files.directory, "", replaces};
    try {
      write_record(
          files.parts() / fmt::format("{:06}.h5", last_number + 1), FileType::part, part, {},
          [&](RecordImage& image) { add_part_columns(image, part.all_hashes(), replaces); },
          [&](const std::string& hash) {
            source.hash = hash;
            return source.path = files.parts() / PartName{last_number + 1, hash}.text();
          });
      lock.check_held();  // a disk that stood still may have made others believe that this run is dead
    } catch (...) {
      take_back(source);
      throw;
    }
    ++last_number;
    return source;
  }
  /// A part may be there, but not durably, or it cannot be read. Its chunks come again in a later one, so it must not
  /// stay.
  void take_back(const Source& part) {
    std::error_code ignored;
    if (!part.path.empty() && fs::remove(part.path, ignored)) sync_if_possible(files.parts());
  }

  void add_part(const Record& part) {
    const Source source = write_part(part, {});
    try {
      sums->add(source, StoredSums::Depth::ledger);
    } catch (...) {
      take_back(source);
      throw;
    }
    parts.push_back(source);
    record.ledger = sums->ledger();
  }

  /// Many parts become one: the small ones. A part that is larger than all smaller ones together stays, so that in the
  /// end nothing is written more than a few times.
  void compact() {
    std::vector<std::pair<std::uintmax_t, Source>> by_size;
    for (const Source& part : parts) {
      std::error_code unknown;  // then it counts as large
      by_size.emplace_back(fs::file_size(part.path, unknown), part);
    }
    std::ranges::sort(by_size, {},
                      [](const auto& entry) { return std::pair(entry.first, entry.second.path); });
    std::uintmax_t smaller = 0;
    std::size_t small = 0;
    for (std::size_t i = 0; i < by_size.size(); ++i) {
      if (i == 0 || by_size[i].first <= smaller) small = i + 1;
      smaller += by_size[i].first;
    }
    std::vector<Source> some;
    for (std::size_t i = 0; i < small; ++i) some.push_back(by_size[i].second);
    if (some.size() > 1) replace(some, record_of(record.plan, some));
  }

  /// One part in place of some, which holds all that they hold. It is written first and names those that it replaces, so
  /// nothing is lost or counted twice whenever this dies.
  void replace(const std::vector<Source> some, const Record& by) {
    if (by.ledger.count() == 0) return;
    std::vector<std::string> replaced;
    for (const auto* list : {&some, &std::as_const(superseded)})
      for (const Source& part : *list) replaced.push_back(part.hash);
    const Source part = write_part(by, replaced);
    try {
      sums->replace(some, part);
    } catch (...) {
      take_back(part);
      throw;
    }
    for (const Source& old : some) {
      std::erase_if(parts, [&](const Source& other) { return other.path == old.path; });
      superseded.push_back(old);
    }
    parts.push_back(part);
    record.ledger = sums->ledger();
    remove_superseded();
  }

  static void sync_if_possible(const fs::path& directory) {
    try {
      sync_directory(directory);
    } catch (const IoError&) {
    }
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
  return with_files([&] {
    const RunFiles files{directory};
    create_run_directory(files);
    files.require_plain_files();
    files.require_within();
    RunDirectory run;
    run.state_ = std::make_unique<State>(files, Lock::acquire(files.lock(), timing), plan);
    remove_leftovers(directory);
    const std::optional<std::string> plan_damage = check_plan(files, plan);
    if (fs::create_directory(files.parts())) sync_directory(directory);
    refresh_directory(files.parts());
    remove_leftovers(files.parts());
    run.state_->load();  // whose parts are of this plan, or refused
    if (plan_damage) run.state_->set_aside({files.plan(), *plan_damage, ""}, "it is written anew");
    // The plan is the same, but its title and sweep may be worded anew: the last command describes the run.
    write_if_changed(files.plan(), plan.text());
    write_if_changed(files.sweep(), plan.sweep_text());
    return run;
  });
}

const Record& RunDirectory::record() const { return state_->record; }

void RunDirectory::write_part(const Record& delta) {
  if (delta.ledger.count() == 0) return;
  LEAFCAST_EXPECT(
      delta.plan.hash() == state_->record.plan.hash() && delta.ledger.disjoint(state_->record.ledger),
      "a part of this run", "it is of another plan, or has chunks that are in a part already",
      "write each chunk once");
  with_files([&] {
    state_->add_part(delta);
    try {
      if (state_->parts.size() > state_->most_parts) state_->compact();
    } catch (const std::exception&) {
      // The chunks are safe in their parts; a flush much later tries again. A part that was damaged meanwhile is told
      // of when all sums are needed.
      state_->most_parts *= 2;
    }
  });
}

const std::vector<SetAside>& RunDirectory::set_aside() const { return state_->aside; }

void RunDirectory::set_aside(const fs::path& file, const std::string& problem,
                             const std::string& consequence) {
  with_files([&] { state_->set_aside({file, problem, ""}, consequence); });
}

void RunDirectory::check_parts() const {
  with_files([&] { state_->sums->check_unchanged(); });
}

void RunDirectory::check_held() const { state_->lock.check_held(); }

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

/// The sources of all paths, and their plans.
struct Inputs {
  Seeds seeds;
  std::vector<Source> sources;
  std::vector<PlanOrigin> plans;  ///< distinct

  const Plan* find(const std::string& hash) const {
    const auto known = std::ranges::find_if(
        plans, [&](const PlanOrigin& origin) { return fmt::format("{:016x}", origin.plan.hash()) == hash; });
    return known == plans.end() ? nullptr : &known->plan;
  }

  void add_plan(Plan plan, const fs::path& path) {
    if (find(fmt::format("{:016x}", plan.hash()))) return;
    if (!plans.empty() && seeds == Seeds::apart) throw DataError(describe_plans(plans[0], {plan, path}));
    plans.push_back({std::move(plan), path});
  }

  void add(const fs::path& path) {
    if (!fs::exists(path))
      throw IoError(fmt::format("{}: no such file or directory; check the path", path.string()));
    if (!fs::is_directory(path)) return sources.push_back({path, "", "", {}});
    const RunFiles files{path};
    Plan plan = files.read_plan();
    std::vector<Source> listed = sources_of(files);
    for (Source& source : listed) source.plan_hash = plan.hash();
    sources.insert(sources.end(), listed.begin(), listed.end());
    add_plan(std::move(plan), path);
  }
};

void read_plans_of_files(Inputs& inputs) {
  for (Source& source : inputs.sources) {
    if (!source.run.empty()) continue;
    std::optional<Plan> unknown;
    with_record_file(source, [&](const RecordFile& file) {
      const Plan* known = inputs.find(file.plan_hash());
      if (!known) unknown = file.plan();
      source.plan_hash = known ? known->hash() : unknown->hash();
    });
    if (unknown) inputs.add_plan(std::move(*unknown), source.path);
  }
}

Record unite(Inputs& inputs) {
  scan(inputs.sources);
  take_out_superseded(inputs.sources);
  read_plans_of_files(inputs);
  if (inputs.seeds == Seeds::pooled) return pool_sources(inputs.plans, inputs.sources);
  return record_of(inputs.plans[0].plan, inputs.sources);
}

/// Whether a run has compacted its parts since they were listed.
bool has_vanished(const std::vector<Source>& sources) {
  return std::ranges::any_of(sources, [](const Source& s) { return !s.run.empty() && !fs::exists(s.path); });
}

Inputs list_inputs(const std::vector<fs::path>& paths, Seeds seeds) {
  Inputs inputs{seeds, {}, {}};
  for (const fs::path& path : paths) inputs.add(path);
  return inputs;
}

}  // namespace

Record read_record(const std::vector<fs::path>& paths, Seeds seeds) {
  if (paths.empty())
    throw DataError("nothing to read: no run directory or file was given; name at least one");
  return with_files([&] {
    for (int attempt = 1;; ++attempt) {
      Inputs inputs = list_inputs(paths, seeds);
      const std::vector<Source> listed = inputs.sources;
      try {
        return unite(inputs);
      } catch (const IoError&) {
        if (!has_vanished(listed) || !wait_for_compaction(attempt)) throw;
      }
    }
  });
}

std::map<std::string, std::string> read_provenance(const fs::path& path) {
  std::map<std::string, std::string> entries;
  try {
    const fs::path file = fs::is_directory(path) ? RunFiles{path}.results() : path;
    if (!fs::exists(file)) return entries;
    with_record_file({file, "", "", {}}, [&](const RecordFile& results) {
      if (results.type() == FileType::results) entries = results.provenance();
    });
  } catch (const Error&) {
  } catch (const fs::filesystem_error&) {
  }
  return entries;
}

}  // namespace leafcast::io
