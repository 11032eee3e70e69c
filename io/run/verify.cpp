#include "io/run/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "engine/plan/stages.h"
#include "io/file/atomic_file.h"
#include "io/file/posix.h"
#include "io/run/run_files.h"
#include "io/run/stored_sums.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAgain = "the same `leafcast run` command as before";
constexpr const char* kRefused = "commands refuse the directory until it is moved elsewhere";

std::string of_all(std::uint64_t count, std::uint64_t all) {
  return fmt::format("{} of {} chunk{}", count, all, all == 1 ? "" : "s");
}

/// "host=…" → host. Of a small text file; nothing if it cannot be read.
std::map<std::string, std::string> read_keys(const fs::path& path) {
  std::map<std::string, std::string> values;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);)
    if (const auto equals = line.find('='); equals != std::string::npos)
      values[line.substr(0, equals)] = line.substr(equals + 1);
  return values;
}

/// Collects damage instead of stopping at it.
class Verifier {
 public:
  explicit Verifier(const GoalCheck& check) : check_(check) {}

  Verification check_directory(const RunFiles& files) {
    check_plan(files);
    const RunFiles::Listing listing = files.list();
    for (const fs::path& stranger : listing.strangers) add(stranger, "not a part of this run", kRefused);
    std::vector<Source> parts = readable_parts(files, listing.parts);
    take_out_superseded(parts);
    for (const Source& part : parts) check_chunks(part);
    if (has_plan_) wanted_ = wanted_chunks(parts_, check_);
    if (fs::exists(files.results())) check_results(files);
    for (Damage& damage : found_.damages)
      if (damage.file == files.results())
        damage.affected = affected_by_results();
      else if (damage.affected.empty())
        damage.affected = affected_by_part(damage.file);
    if (has_plan_) {
      const Ledger& done = from_results_ ? from_results_->ledger : parts_.ledger;
      found_.done = done.count();
      found_.chunks = wanted();
      found_.missing = missing_chunks(parts_.plan, done, from_results_ ? from_results_->wanted : wanted_);
    }
    note_gaps(parts);
    note_others(files);
    return std::move(found_);
  }

  /// One file by itself.
  Verification check_file(const fs::path& path) {
    inspect(path, "its chunks: who has the run directory computes them anew", [&](const RecordFile& file) {
      StoredSums sums(file.plan());
      sums.add({path, "", "", {}}, StoredSums::Depth::sums);
      found_.done = sums.ledger().count();
      found_.chunks = sum(wanted_chunks(record_of(file.plan(), {{path, "", "", {}}}), check_));
    });
    return std::move(found_);
  }

 private:
  void add(const fs::path& path, const std::string& problem, const std::string& affected) {
    found_.damages.push_back({path, problem, affected});
  }

  /// Calls use(RecordFile, bytes); what goes wrong is damage. True if nothing did. Without `affected`, that
  /// of a file that is no whole one is found out when all are read.
  template <class Use>
  bool inspect(const fs::path& path, const std::string& affected, Use use) {
    try {
      use(open_record_file(path));
      return true;
    } catch (const DamagedFile& e) {
      add(path, e.problem, affected);
    } catch (const DamageError& e) {
      add(path, e.what(), affected);
    } catch (const IoError& e) {
      add(path, e.what(), "not known until it can be read");
      found_.damages.back().is_unreadable = true;
    } catch (const Error& e) {
      add(path, e.what(), affected.empty() ? kRefused : affected);
    }
    return false;
  }

  void check_plan(const RunFiles& files) {
    const std::string writes_it = fmt::format("{} writes it", kAgain);
    if (!fs::exists(files.plan())) {
      if (files.list() == RunFiles::Listing{} && !fs::exists(files.results()))
        found_.notes.push_back(fmt::format("{}: not there yet: a run begins, or died as it began; {}",
                                           files.plan().string(), writes_it));
      else
        add(files.plan(), "missing", fmt::format("no results: {}", writes_it));
      return;
    }
    try {
      begin(files.read_plan());
      const auto bytes = read_bytes(files.plan());
      const std::string text = parts_.plan.text();
      if (!std::ranges::equal(bytes, std::as_bytes(std::span(text))))
        throw DataError("its text is not as leafcast writes it");
    } catch (const IoError& e) {
      add(files.plan(), e.what(), "not known until it can be read");
      found_.damages.back().is_unreadable = true;
    } catch (const Error& e) {
      add(files.plan(), e.what(), fmt::format("no results: {} anew", writes_it));
    }
  }

  /// The parts that can be opened.
  std::vector<Source> readable_parts(const RunFiles& files, const std::vector<fs::path>& paths) {
    std::vector<Source> sources;
    for (const fs::path& path : paths) {
      Source source{path, files.directory, "", {}};
      const bool opened = inspect(path, "", [&](const RecordFile& file) {
        source.hash = file.content_hash();
        source.replaces = file.replaces();
        if (!has_plan_) {  // then a part has it
          begin(file.plan());
        }
      });
      if (opened) sources.push_back(std::move(source));
    }
    return sources;
  }

  /// A part's sums, and that no other part has its chunks.
  void check_chunks(const Source& part) {
    inspect(part.path, "", [&](const RecordFile& file) {
      const Ledger ledger = file.ledger(parts_.plan);
      if (!ledger.disjoint(parts_.ledger))
        throw DataError(describe_overlap(parts_.plan, checked_, part, ledger));
      file.check(parts_.plan);
      sums_->add(part, StoredSums::Depth::ledger);
      parts_.ledger = sums_->ledger();
      for (const std::string& hash : part.replaces) replaced_by_[hash] = part.path;
      checked_.push_back(part);
    });
  }

  /// results.h5 by itself, and against the parts if it holds the same chunks.
  void check_results(const RunFiles& files) {
    inspect(files.results(), "its sums", [&](const RecordFile& file) {
      file.check(file.plan());
      if (!has_plan_) return;
      Record results = record_of(file.plan(), {{files.results(), files.directory, "", {}}});
      if (results.plan.hash() != parts_.plan.hash()) throw DataError("of another plan than its directory");
      if (results.ledger == parts_.ledger && !results.has_sums_of(parts_))
        throw DataError("its sums are not those of the parts");
      if (!results.ledger.includes(parts_.ledger)) return;
      std::vector<std::uint32_t> wanted = wanted_chunks(results, check_);
      from_results_ = {std::move(results.ledger), std::move(wanted)};
    });
  }

  std::string affected_by_part(const fs::path& path) const {
    const auto name = PartName::parse(path.filename().string());
    if (const auto by = replaced_by_.find(name ? name->hash : ""); by != replaced_by_.end())
      return fmt::format("nothing is lost: {} replaced it and holds its chunks", by->second.string());
    if (!has_plan_) return "its chunks; of which plan cannot be told";
    if (from_results_ && from_results_->ledger.count() > parts_.ledger.count())
      return fmt::format("{}, which results.h5 still holds: {} restores them from there",
                         of_all(from_results_->ledger.count() - parts_.ledger.count(), wanted()), kAgain);
    if (parts_.ledger.count() == sum(wanted_)) return "nothing is lost: the other parts hold all chunks";
    return fmt::format("its chunks, at most the {} that no whole file holds: {} computes them anew",
                       of_all(sum(wanted_) - parts_.ledger.count(), sum(wanted_)), kAgain);
  }

  std::string affected_by_results() const {
    if (!has_plan_) return "what it held, of which plan cannot be told";
    if (parts_.ledger.count() == sum(wanted_))
      return fmt::format("nothing is lost: the parts hold all chunks, and {} writes it anew", kAgain);
    return fmt::format("the {} that no part holds, if it held them: {} computes them anew",
                       of_all(sum(wanted_) - parts_.ledger.count(), sum(wanted_)), kAgain);
  }

  /// Parts are numbered as they are written.
  void note_gaps(const std::vector<Source>& parts) {
    std::set<std::uint64_t> numbers;
    for (const Source& part : parts)
      if (const auto name = PartName::parse(part.path.filename().string())) numbers.insert(name->number);
    for (const Damage& damage : found_.damages)
      if (const auto name = PartName::parse(damage.file.filename().string())) numbers.insert(name->number);
    // Where parts were united, numbers are missing that nobody misses.
    if (std::ranges::any_of(parts, [](const Source& part) { return !part.replaces.empty(); })) return;
    if (numbers.empty() || (from_results_ && from_results_->ledger == parts_.ledger)) return;
    std::vector<std::string> gaps;
    std::uint64_t expected = *numbers.begin();
    for (const std::uint64_t number : numbers) {
      if (number > expected) gaps.push_back(fmt::format("{}{}", expected, number > expected + 1 ? " …" : ""));
      expected = number + 1;
    }
    if (!gaps.empty() && !found_.missing.empty())
      found_.notes.push_back(fmt::format(
          "there is no part {}: set aside, or removed by someone; what it alone held counts as missing",
          fmt::join(gaps, ", ")));
  }

  void note_others(const RunFiles& files) {
    for (const fs::path& folder : {files.directory, files.parts()}) {
      if (!fs::exists(folder)) continue;
      for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().filename().string().starts_with(kTemporaryPrefix))
          found_.notes.push_back(
              fmt::format("{}: unfinished; being written just now, or left by a run that died, and swept "
                          "away by the next",
                          entry.path().string()));
    }
    if (fs::exists(files.damaged()))
      found_.notes.push_back(
          fmt::format("{}: {} damaged file(s) that runs have set aside; remove them when nobody needs them",
                      files.damaged().string(),
                      std::distance(fs::directory_iterator(files.damaged()), fs::directory_iterator())));
    if (fs::exists(files.lock())) {
      auto lock = read_keys(files.lock());
      found_.notes.push_back(fmt::format("{}: a run writes here, or died: process {} on host {} since {}",
                                         files.lock().string(), lock["pid"], lock["host"], lock["since"]));
    }
  }

  /// Chunks wanted, by all that is whole.
  std::uint64_t wanted() const { return sum(from_results_ ? from_results_->wanted : wanted_); }

  /// What results.h5 holds, and what is wanted by that.
  struct Results {
    Ledger ledger;
    std::vector<std::uint32_t> wanted;
  };

  void begin(const Plan& plan) {
    sums_ = std::make_shared<StoredSums>(plan);
    parts_ = Record(plan, sums_);
    has_plan_ = true;
  }

  const GoalCheck& check_;
  Verification found_;
  std::shared_ptr<StoredSums> sums_;
  Record parts_;                       ///< the union of the parts
  std::vector<std::uint32_t> wanted_;  ///< by what the parts hold
  bool has_plan_ = false;
  std::vector<Source> checked_;
  std::map<std::string, fs::path> replaced_by_;  ///< by hash
  std::optional<Results> from_results_;          ///< if results.h5 is whole and lacks nothing that parts have
};

/// Whether a file that was complained of is gone: a run has compacted its parts meanwhile.
bool any_vanished(const Verification& found, const RunFiles& files) {
  return std::ranges::any_of(found.damages, [&](const Damage& d) {
    return d.file != files.plan() && !fs::exists(fs::symlink_status(d.file));
  });
}

}  // namespace

Verification verify(const fs::path& path, const GoalCheck& check) try {
  if (!fs::exists(path))
    throw IoError(fmt::format("{}: no such file or directory; check the path", path.string()));
  if (!fs::is_directory(path)) return Verifier(check).check_file(path);
  const RunFiles files{path};
  if (!fs::exists(files.parts())) static_cast<void>(files.read_plan());  // throws: no run directory
  for (int attempt = 1;; ++attempt) {
    Verification found = Verifier(check).check_directory(files);
    if (!any_vanished(found, files) || !wait_for_compaction(attempt)) return found;
  }
} catch (const fs::filesystem_error& e) {
  throw IoError(fmt::format("cannot read {}: {}; check the path and its permissions", e.path1().string(),
                            e.code().message()));
}

std::vector<MissingChunks> missing_chunks(const Plan& plan, const Ledger& done,
                                          const std::vector<std::uint32_t>& wanted) {
  std::vector<MissingChunks> list;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    Ledger::Intervals missing;
    missing.insert(Ledger::Intervals::interval_type::right_open(0, wanted[c]));
    missing -= done.intervals(c);
    if (!missing.empty()) list.push_back({c, plan.cells()[c].label(), wanted[c], std::move(missing)});
  }
  return list;
}

std::string describe(const MissingChunks& missing) {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> intervals;
  for (const auto& interval : missing.missing) {
    const auto first = boost::icl::first(interval), last = boost::icl::last(interval);
    if (intervals.size() == kShown) {
      intervals.emplace_back("…");
      break;
    }
    intervals.push_back(first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last));
  }
  return fmt::format("{} of cell {} ({}): {}",
                     of_all(boost::icl::cardinality(missing.missing), missing.chunks), missing.cell,
                     missing.label, fmt::join(intervals, ", "));
}

}  // namespace leafcast::io
