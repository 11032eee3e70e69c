// Commands that read what runs have left: table, fit, verify.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analysis/estimate/goal_check.h"
#include "analysis/present/fit_tables.h"
#include "analysis/present/grammar_tables.h"
#include "analysis/present/required_table.h"
#include "analysis/present/table.h"
#include "engine/printable.h"
#include "engine/values.h"
#include "io/run/output_path.h"
#include "io/run/run_directory.h"
#include "io/run/run_files.h"
#include "io/run/verify.h"
#include "jobs/commands/corpus.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/output.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/resample.h"
#include "jobs/commands/say.h"
#include "jobs/commands/selection.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

ExitCode table_command(const Arguments& arguments, const Arguments&) {
  Options options("table", "DIR|FILE…",
                  "Prints estimates with standard errors, beside exact values where they are known.", false);
  add_format(options);
  options.add()(
      "over-grammars",
      "average over grammars that differ in their seeds alone, with the error that their spread gives");
  options.add()(
      "required",
      "the least context and memory with which writers match the language within 10%, and between which sizes they lie");
  if (!parsed(options, arguments)) return ExitCode::done;
  if (options.has("required") && options.has("over-grammars"))
    throw UsageError("--required: not with --over-grammars; they are tables of their own");
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Analysed all = analyse(options, "table");
  const std::size_t columns = output_columns(options);
  const bool average = options.has("over-grammars");
  const auto averages = analysis::averages_over_grammars(all.record, all.estimates);
  if (average && averages.empty())
    throw UsageError("there are no grammars to average over: only cells of language.kind = rhm have them");
  write_output(options, "table", [&](std::ostream& out) {
    if (options.has("required"))
      return analysis::write_required(out, format, all.record, analysis::EstimateIndex(all.estimates),
                                      columns);
    if (average) return analysis::write_averages(out, format, all.record, averages, columns);
    analysis::write_table(out, format, all.record, all.estimates, columns);
  });
  return ExitCode::done;
}

ExitCode fit_command(const Arguments& arguments, const Arguments&) {
  Options options("fit", "DIR|FILE…", "Fits the asymptotic laws, beside their predicted coefficients.",
                  false);
  add_format(options);
  add_law(options);
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  Analysed all = analyse(options, "fit");
  keep_laws(options, all.fits);
  write_output(options, "fit", [&](std::ostream& out) { analysis::write_fits(out, format, all.fits); });
  return ExitCode::done;
}

namespace {

void print_text(const std::filesystem::path& path, const io::Verification& found) {
  for (const io::Damage& damage : found.damages)
    fmt::print("{}: {}\n  affected: {}\n", printable(damage.file.string()), printable(damage.problem),
               printable(damage.affected));
  if (!found.damages.empty())
    for (const io::MissingChunks& missing : found.missing)
      fmt::print("  missing: {}\n", printable(describe(missing)));
  for (const std::string& note : found.notes) fmt::print("note: {}\n", printable(note));
  const auto unreadable = std::ranges::count_if(found.damages, &io::Damage::is_unreadable);
  const auto damaged = static_cast<std::ptrdiff_t>(found.damages.size()) - unreadable;
  if (found.damages.empty())
    return fmt::print("no damage found in {}: {} of {} chunks are done\n", path.string(), found.done,
                      found.chunks);
  fmt::print("{} damage{} found in {}{}: {} of {} chunks are in whole files\n", damaged,
             damaged == 1 ? "" : "s", path.string(),
             unreadable ? fmt::format(", and {} file(s) cannot be read", unreadable) : "", found.done,
             found.chunks);
}

nlohmann::json as_json(const std::filesystem::path& path, const io::Verification& found) {
  nlohmann::json damages = nlohmann::json::array(), missing = nlohmann::json::array();
  for (const io::Damage& damage : found.damages)
    damages.push_back({{"file", damage.file.string()},
                       {"problem", damage.problem},
                       {"affected", damage.affected},
                       {"unreadable", damage.is_unreadable}});
  for (const io::MissingChunks& cell : found.missing) {
    nlohmann::json intervals = nlohmann::json::array();
    for (const auto& interval : cell.missing)
      intervals.push_back({boost::icl::first(interval), boost::icl::last(interval)});
    missing.push_back(
        {{"cell", cell.cell}, {"label", cell.label}, {"chunks", cell.chunks}, {"missing", intervals}});
  }
  return {{"path", path.string()},  {"damages", damages}, {"done", found.done},
          {"chunks", found.chunks}, {"missing", missing}, {"notes", found.notes}};
}

constexpr const char* kSampleAgain = "the same `leafcast sample` command as before";

/// The record, if all of it can be read: what cannot has been told of already.
std::optional<Record> whole_record(const io::Verification& found, const std::filesystem::path& path) {
  if (!found.damages.empty() || found.done == 0) return std::nullopt;
  return io::read_record({path});
}

/// What a directory's corpus is, if it has one; damage is noted.
std::optional<CorpusSettings> corpus_settings(io::Verification& found,
                                              const std::filesystem::path& directory) {
  try {
    return read_corpus_settings(directory);
  } catch (const IoError& e) {
    found.damages.push_back({directory / "corpus.json", e.what(), "not known until it can be read", true});
  } catch (const Error& e) {
    found.damages.push_back(
        {directory / "corpus.json", e.what(), fmt::format("{} writes it anew", kSampleAgain)});
  }
  return std::nullopt;
}

/// The rows of a corpus, against the hashes that parts keep of them.
void add_corpus(io::Verification& found, const std::filesystem::path& directory) {
  const auto record = whole_record(found, directory);
  const std::optional<CorpusSettings> settings = corpus_settings(found, directory);
  if (!record) {
    if (settings && found.done > 0)
      found.notes.push_back("the corpus was not checked, since parts or results are damaged");
    return;
  }
  const bool has_written =
      std::ranges::any_of(record->all_hashes(), [](const ChunkHash& hash) { return hash.rows != 0; });
  if (!settings) {
    if (has_written && found.damages.empty())
      found.damages.push_back(
          {directory / "corpus.json", "missing", fmt::format("{} writes it anew", kSampleAgain)});
    return;
  }
  std::optional<Corpus> corpus;
  try {
    corpus.emplace(record->plan, *settings, directory);
  } catch (const UsageError& e) {
    found.damages.push_back({directory / "corpus.json",
                             fmt::format("it cannot be of this plan: {}", e.what()),
                             fmt::format("{} writes it anew", kSampleAgain)});
    return;
  }
  const Corpus::Check check = corpus->check(record->plan, *record, Corpus::Depth::rows);
  if (const auto pending = corpus->pending(record->plan); !pending.empty())
    found.damages.push_back(
        {directory / "corpus.again",
         fmt::format("the rows of {} chunks are being written again, or were when a run ended",
                     pending.size()),
         fmt::format("{} writes them", kSampleAgain)});
  for (const Corpus::Damage& damage : check.damages) {
    const auto count = boost::icl::cardinality(damage.chunks);
    const std::string affected = damage.is_unreadable ? std::string("not known until it can be read")
                                 : count == 0         ? fmt::format("no rows; {} mends it", kSampleAgain)
                                              : fmt::format("the rows of {} chunk{}: {} writes them again",
                                                            count, count == 1 ? "" : "s", kSampleAgain);
    found.damages.push_back({damage.file, damage.problem, affected, damage.is_unreadable});
  }
  if (check.unknown > 0)
    found.notes.push_back(fmt::format(
        "the rows of {} chunks could not be compared with anything: no part says what was written",
        check.unknown));
}

void add_resampled(io::Verification& found, const std::filesystem::path& path, std::uint64_t count) {
  const auto record = whole_record(found, path);
  if (!record) {
    found.notes.push_back("nothing was sampled again, since there is nothing whole to compare with");
    return;
  }
  Resampling again;
  try {
    again = resample(*record, count);
  } catch (const UsageError& e) {
    found.notes.push_back(e.what());
    return;
  }
  for (const Chunk& chunk : again.different)
    found.damages.push_back(
        {path,
         fmt::format("chunk {} of cell {} ({}), sampled again here, gives other sums", chunk.index,
                     chunk.cell, record->plan.cells()[chunk.cell].label()),
         "the estimates of this cell: the machine that sampled it first, or this one, computes wrongly, or another "
         "version of leafcast did; sample it into another directory on a third machine"});
  found.notes.push_back(fmt::format(
      "{} chunk{} sampled again: {} differ{}", again.compared, again.compared == 1 ? "" : "s",
      again.different.size(),
      again.unknown ? fmt::format("; of {} more no file says what they gave", again.unknown) : ""));
}

}  // namespace

ExitCode verify_command(const Arguments& arguments, const Arguments&) {
  Options options(
      "verify", "DIR|FILE…",
      "Reads every part, results file and corpus, names whatever is damaged, and says what that affects.",
      false);
  options.add()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                "how to print");
  options.add()("resample", po::value<std::string>()->value_name("N"),
                "also sample N chunks, taken at random, once more and compare: finds what no seal can");
  if (!parsed(options, arguments)) return ExitCode::done;
  const std::string format = options.get<std::string>("format");
  if (format != "text" && format != "json")
    throw UsageError(fmt::format("--format {}: verify prints text or json", format));
  const std::optional<std::uint64_t> resample =
      options.has("resample") ? std::optional<std::uint64_t>(
                                    options.whole("resample", 1, 1'000'000'000, "chunks to sample again"))
                              : std::nullopt;
  bool damaged = false, unreadable = false;
  nlohmann::json list = nlohmann::json::array();
  for (const std::filesystem::path& path : paths(options, "verify")) {
    io::Verification found = io::verify(path, analysis::check_goal);
    if (std::filesystem::is_directory(path)) add_corpus(found, path);
    if (resample) add_resampled(found, path, *resample);
    for (const io::Damage& damage : found.damages) (damage.is_unreadable ? unreadable : damaged) = true;
    if (format == "text")
      print_text(path, found);
    else
      list.push_back(as_json(path, found));
  }
  if (format == "json")
    fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return damaged ? ExitCode::bad_data : unreadable ? ExitCode::io_error : ExitCode::done;
}

}  // namespace leafcast::jobs
