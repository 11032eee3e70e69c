#include "io/run/run_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "io/file/atomic_file.h"
#include "io/file/posix.h"

namespace leafcast::io {

namespace fs = std::filesystem;

namespace {

RunFiles::Listing list_once(const fs::path& directory) {
  RunFiles::Listing listing;
  if (!fs::exists(directory)) return listing;
  std::vector<std::pair<std::uint64_t, fs::path>> numbered;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.')) continue;
    if (const auto part = PartName::parse(name); part && entry.is_regular_file())
      numbered.emplace_back(part->number, entry.path());
    else
      listing.strangers.push_back(entry.path());
  }
  std::ranges::sort(numbered);
  for (auto& [number, path] : numbered) listing.parts.push_back(std::move(path));
  std::ranges::sort(listing.strangers);
  return listing;
}

/// "chunk 5 of cell 3 (ising d=3 …)" for a chunk that stands in both.
std::string common_chunk(const Plan& plan, const Ledger& one, const Ledger& other) {
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    const Ledger::Intervals both = one.intervals(c) & other.intervals(c);
    if (both.empty()) continue;
    const Cell& cell = plan.cells()[c];
    const std::uint32_t index = boost::icl::first(*both.begin());
    if (!cell.is_pooled()) return fmt::format("chunk {} of cell {} ({})", index, c, cell.label());
    const std::size_t share = plan.cut({c, index});
    return fmt::format("chunk {} of seed {} of cell {} ({})", index - plan.cuts(c)[share].first,
                       cell.shares()[share].seed, c, cell.label());
  }
  return "no chunk";
}

/// "language.rho is 0.9 there and 0.8 here" for every key in which the cells differ.
std::vector<std::string> differing_keys(const Parameters& there, const Parameters& here) {
  std::set<std::string> keys;
  for (const auto& [key, value] : there) keys.insert(key);
  for (const auto& [key, value] : here) keys.insert(key);
  const auto value = [](const Parameters& parameters, const std::string& key) {
    const auto found = parameters.find(key);
    return found == parameters.end() ? std::string("unset") : found->second;
  };
  std::vector<std::string> differences;
  for (const std::string& key : keys)
    if (value(there, key) != value(here, key))
      differences.push_back(
          fmt::format("{} is {} there and {} here", key, value(there, key), value(here, key)));
  return differences;
}

/// A parameter that differs in the same way in some cells.
struct Difference {
  std::string text;
  std::size_t first_cell, cells;
};

std::vector<Difference> differing_values(const Plan& there, const Plan& here) {
  std::vector<Difference> differences;
  std::map<std::string, std::size_t> index;
  for (std::size_t c = 0; c < std::min(there.cells().size(), here.cells().size()); ++c) {
    for (const std::string& text :
         differing_keys(there.cells()[c].parameters(), here.cells()[c].parameters())) {
      const auto [found, is_new] = index.emplace(text, differences.size());
      if (is_new) differences.push_back({text, c, 0});
      ++differences[found->second].cells;
    }
  }
  return differences;
}

}  // namespace

void RunFiles::require_plain_files() const {
  for (const fs::path& path : {plan(), sweep(), cost(), status(), lock(), results()})
    if (fs::exists(path) && !fs::is_regular_file(path))
      throw DataError(fmt::format("{}: not a file, which it is in every run directory; move it elsewhere",
                                  path.string()));
  if (fs::exists(parts()) && !fs::is_directory(parts()))
    throw DataError(fmt::format("{}: not a directory, which it is in every run directory; move it elsewhere",
                                parts().string()));
}

void RunFiles::require_within() const {
  const fs::path inside = fs::weakly_canonical(directory);
  for (const fs::path& path : {plan(), sweep(), cost(), status(), lock(), results(), parts(), damaged()}) {
    if (!fs::is_symlink(path)) continue;
    std::error_code dangling;
    const fs::path target = fs::canonical(path, dangling);
    if (dangling || *target.lexically_relative(inside).begin() == "..")
      throw DataError(
          fmt::format("{} is a link to {}, outside of the run directory, where a run writes nothing; remove "
                      "the link, or let "
                      "the directory itself be one",
                      path.string(), fs::read_symlink(path).string()));
  }
}

Plan RunFiles::read_plan() const {
  require_plain_files();
  if (!fs::exists(plan()))
    throw DataError(
        fmt::format("{}: not a run directory: it has no plan.txt; give the directory that `leafcast run -o` "
                    "named, or the part files themselves",
                    directory.string()));
  const std::string sweep_text = fs::exists(sweep()) ? read_text(sweep()) : "";
  try {
    Plan read = Plan::from_text(read_text(plan()), sweep_text);
    require_memory(read);
    return read;
  } catch (const IoError&) {
    throw;
  } catch (const Error& e) {
    throw DataError(
        fmt::format("{}: {}; if it is damaged, the same `leafcast run` command as before writes it anew",
                    plan().string(), e.what()));
  }
}

RunFiles::Listing RunFiles::list() const {
  // While a run compacts its parts, one pass over the directory may miss both the old parts and the new one.
  Listing listing = list_once(parts());
  for (Listing again; (again = list_once(parts())) != listing;) listing = std::move(again);
  return listing;
}

std::string PartName::text() const { return fmt::format("{:06}.{}.h5", number, hash); }

std::optional<PartName> PartName::parse(const std::string& name) {
  PartName part;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), part.number);
  const std::string rest(end, name.data() + name.size());
  if (error != std::errc() || rest.size() != 20) return std::nullopt;
  part.hash = rest.substr(1, 16);
  if (part.hash.find_first_not_of("0123456789abcdef") != std::string::npos || part.text() != name)
    return std::nullopt;
  return part;
}

RecordFile open_record_file(const fs::path& path) {
  RecordFile file(path);
  const auto name = PartName::parse(path.filename().string());
  if (name && name->hash != file.content_hash())
    throw DamageError("damaged: its content does not match the hash in its name");
  return file;
}

std::string remedy(const Source& source) {
  if (source.run.empty()) return "restore it from a copy, or leave it out";
  return fmt::format(
      "the same `leafcast run` command as before sets it aside and computes anew what is then missing; "
      "`leafcast verify {}` shows all damage",
      source.run.string());
}

bool wait_for_compaction(int attempts) {
  constexpr int kMost = 40;
  if (attempts >= kMost) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(5 * attempts));
  return true;
}

void scan(std::vector<Source>& sources) {
  for (Source& source : sources) {
    with_record_file(source, [&](const RecordFile& file) {
      source.hash = file.content_hash();
      source.replaces = file.replaces();
    });
  }
}

std::vector<Source> take_out_superseded(std::vector<Source>& sources) {
  std::set<std::string> replaced, seen;
  for (const Source& source : sources) replaced.insert(source.replaces.begin(), source.replaces.end());
  std::vector<Source> kept, superseded;
  for (Source& source : sources) {
    if (replaced.contains(source.hash))
      superseded.push_back(std::move(source));
    else if (seen.insert(source.hash).second)
      kept.push_back(std::move(source));
  }
  sources = std::move(kept);
  return superseded;
}

std::string describe_overlap(const Plan& plan, const Source& one, const Ledger& ledger, const Source& other,
                             const Ledger& other_ledger) {
  const auto is_results_beside = [](const Source& results, const Source& part) {
    return !part.run.empty() && fs::equivalent(results.path.parent_path() / ".", part.run) &&
           results.path.filename() == RunFiles{part.run}.results().filename();
  };
  std::string remedy = "leave one of the two out (more samples need another seed)";
  if (!one.run.empty() && one.run == other.run)
    remedy =
        "move one of the two elsewhere and run the same command again, which computes what is then missing";
  else if (is_results_beside(one, other) || is_results_beside(other, one))
    remedy = "leave out the results, which were made from the run's parts";
  return fmt::format("{} and {} both hold {}: its samples would count twice; {}", one.path.string(),
                     other.path.string(), common_chunk(plan, ledger, other_ledger), remedy);
}

std::string describe_overlap(const Plan& plan, std::span<const Source> earlier, const Source& later,
                             const Ledger& ledger) {
  for (const Source& other : earlier) {
    Ledger others;
    with_record_file(other, [&](const RecordFile& file) { others = file.ledger(plan); });
    if (!others.disjoint(ledger)) return describe_overlap(plan, other, others, later, ledger);
  }
  return fmt::format("{}: holds chunks that are already counted; leave it out", later.path.string());
}

std::string describe_difference(const Plan& there, const Plan& here) {
  constexpr std::size_t kShown = 4;
  if (there.streams() != here.streams())
    return fmt::format(
        "version {} of the random streams there, {} here, so that it can be merged and analysed but not "
        "continued by this program",
        there.streams(), here.streams());
  std::vector<std::string> shown;
  if (there.cells().size() != here.cells().size())
    shown.push_back(fmt::format("{} cells there, {} here", there.cells().size(), here.cells().size()));
  const std::vector<Difference> differences = differing_values(there, here);
  for (std::size_t i = 0; i < std::min(differences.size(), kShown); ++i) {
    const Difference& d = differences[i];
    const std::string others = d.cells > 1 ? fmt::format(" (and {} more)", d.cells - 1) : "";
    shown.push_back(fmt::format("cell {}: {}{}", d.first_cell, d.text, others));
  }
  if (differences.size() > kShown) shown.push_back(fmt::format("and {} more", differences.size() - kShown));
  if (shown.empty()) return "the same cells in other chunks";
  return fmt::format("{}", fmt::join(shown, ", "));
}

}  // namespace leafcast::io
