#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>

#include "analysis/score/score_report.h"
#include "engine/printable.h"
#include "engine/values.h"
#include "io/run/output_path.h"
#include "io/sequences/sequences.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/output.h"
#include "jobs/commands/program.h"
#include "jobs/commands/progress.h"
#include "jobs/commands/say.h"
#include "jobs/sweep/language_file.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

constexpr std::size_t kBlockTokens = 1 << 22;
constexpr double kTellSeconds = 2;
constexpr std::int64_t kMostContext = std::int64_t{1} << 40;
constexpr std::int64_t kMostReferenceSamples = 1'000'000'000'000;

/// What the options say, or else the file: a language given on the command line replaces that of the file,
/// and so does a generator; without any the sequences are compared with the language itself.
Parameters reference_parameters(const Parameters& of_file, const Options& options) {
  Parameters given;
  for (const Setting& setting : options.overrides()) given[setting.key] = setting.value;
  if (const auto file = given.extract("language.file")) {
    const std::string kind = given.contains("language.kind") ? given["language.kind"] : "";
    given[file_key(kind)] = read_language_file(kind, file.mapped());
  }
  const auto speaks_of = [&](const std::string& section) {
    return std::ranges::any_of(given, [&](const auto& entry) { return entry.first.starts_with(section); });
  };
  Parameters all;
  if (!speaks_of("language."))
    for (const auto& [key, value] : of_file)
      if (key.starts_with("language.")) all[key] = value;
  for (const auto& [key, value] : given) all[key] = value;
  if (all.contains("language.kind") && all["language.kind"] == "rhm")
    throw UsageError(
        "score knows the laws of broadcast processes; of a grammar's sequences `leafcast run` with "
        "observe.entropy = on, or "
        "`leafcast grammar`, tell more");
  if (!all.contains("language.d") || !all.contains("language.height"))
    throw UsageError(
        "no language: the file does not say of which language its sequences are; say --language.kind, "
        "--language.d, --language.height and its parameters");
  return all;
}

Cell reference_cell(const Parameters& parameters) {
  try {
    const Cell cell = Cell::make(parameters);
    if (cell.method() != Method::sequence || cell.is_adaptive())
      throw UsageError(
          "the reference writes sentences, so many: leave generator.method, sampling.target-* and sampling.crossing out");
    return cell;
  } catch (const CellError& e) {
    throw UsageError(fmt::format("--{}{}{}: {}", e.key, e.value.empty() ? "" : " ", e.value, e.reason));
  }
}

std::vector<std::int64_t> contexts(const Options& options, const Language& language, ContextUnit unit) {
  std::vector<std::int64_t> list;
  const std::int64_t most =
      unit == ContextUnit::tokens ? sentence_tokens(language.d, language.height) : language.leaves() - 1;
  if (!options.has("contexts")) {  // powers of d, below the whole sentence
    for (std::int64_t k = 1; k < most; k *= language.d) list.push_back(k);
    list.push_back(most);
    return list;
  }
  list = options.wholes("contexts", static_cast<std::uint64_t>(language.height), 0, kMostContext,
                        "contexts of k-grams");
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
  return list;
}

StreamKind stream_of(const io::SequenceReader& first, const Options& options, const std::string& file) {
  if (options.has("stream")) {
    const std::string name = options.get<std::string>("stream");
    const auto stream = stream_of_name(name);
    if (!stream)
      throw UsageError(
          fmt::format("--stream {}: it is one of leaves, punctuated, segment, path; did you mean {}?", name,
                      find_nearest(name, {"leaves", "punctuated", "segment", "path"})));
    return *stream;
  }
  if (first.header().stream) return *first.header().stream;
  if (first.format() == io::SequenceFormat::text) return StreamKind::leaves;
  throw UsageError(fmt::format(
      "{}: it does not say what its sequences are made of; say --stream leaves, punctuated, segment "
      "or path",
      file));
}

/// A file of one long stream holds many sentences, each from its begin mark to the next.
bool is_one_stream(const io::SequenceReader& reader, const analysis::ScoreSettings& settings) {
  const Language& language = settings.reference.language();
  return settings.stream != StreamKind::leaves && reader.header().samples == 1 &&
         reader.header().length >
             2 * static_cast<std::uint64_t>(sentence_tokens(language.d, language.height));
}

/// Files of one set speak of one language.
void require_same(const io::SequenceHeader& header, const io::SequenceHeader& first,
                  const std::filesystem::path& file) {
  const auto language_of = [](const io::SequenceHeader& h) {
    Parameters language;
    for (const auto& [key, value] : h.parameters)
      if (key.starts_with("language.")) language[key] = value;
    return language;
  };
  if (header.stream != first.stream || language_of(header) != language_of(first))
    throw DataError(fmt::format("{}: of another language or stream than the first file; score them apart",
                                file.string()));
}

/// Calls use(tokens) for every sequence, in order.
template <class Use>
void each_sequence(const Paths& files, const io::SequenceHeader& first,
                   const analysis::ScoreSettings& settings, Use use) {
  for (const auto& file : files) {
    const auto reader = io::SequenceReader::open(file);
    require_same(reader->header(), first, file);
    const bool split = is_one_stream(*reader, settings);
    for (io::Sequences some = reader->read(kBlockTokens); some.size() > 0; some = reader->read(kBlockTokens))
      for (std::size_t i = 0; i < some.size(); ++i) {
        std::span<const std::int32_t> rest = some[i];
        while (split && !rest.empty()) {
          const auto next = std::find(rest.begin() + 1, rest.end(), 0);
          use(rest.first(static_cast<std::size_t>(next - rest.begin())));
          rest = rest.subspan(static_cast<std::size_t>(next - rest.begin()));
        }
        if (!split) use(rest);
      }
  }
}

/// How many sequences there are. Those of text, and of one stream, are counted by reading.
std::uint64_t count_sequences(const Paths& files, const io::SequenceHeader& first,
                              const analysis::ScoreSettings& settings) {
  std::uint64_t all = 0;
  for (const auto& file : files) {
    const auto reader = io::SequenceReader::open(file);
    if (reader->header().samples > 0 && !is_one_stream(*reader, settings))
      all += reader->header().samples;
    else
      each_sequence({file}, first, settings, [&](std::span<const std::int32_t>) { ++all; });
  }
  return all;
}

/// A row per sequence, as CSV.
class ScoreFile {
 public:
  ScoreFile(const std::string& name, const analysis::ScoreSettings& settings)
      : name_(name), file_(name), write_(file_, analysis::Format::csv, columns(settings)) {}
  void add(const analysis::SequenceScore& score) {
    using analysis::Entry;
    const auto nats = [](double x) { return std::isinf(x) ? Entry("inf") : Entry(x); };
    analysis::Row row = {number_++,
                         score.fault ? fault_name(*score.fault) : "",
                         score.fault ? Entry(score.place) : Entry(),
                         score.sum,
                         score.impossible_leaf >= 0 ? Entry(score.impossible_leaf) : Entry(),
                         score.lowest_inconsistency > 0 ? Entry(score.lowest_inconsistency) : Entry(),
                         nats(score.language)};
    for (const double x : score.kgrams) row.push_back(nats(x));
    write_(row);
  }
  void close() {
    file_.flush();
    if (!file_)
      throw IoError(
          fmt::format("cannot write {}: check the folder, its permissions and the space left", name_));
  }

 private:
  static std::vector<analysis::Column> columns(const analysis::ScoreSettings& settings) {
    std::vector<analysis::Column> list = {
        {"sequence"},     {"fault"}, {"place"}, {"s"}, {"first_impossible_leaf"}, {"lowest_inconsistency"},
        {"nats_language"}};
    for (const std::int64_t k : settings.contexts) list.push_back({fmt::format("nats_{}", k)});
    return list;
  }

  std::string name_;
  std::ofstream file_;
  analysis::RowWriter write_;
  std::uint64_t number_ = 0;
};

/// Progress on the error stream, every few seconds of long work.
class Teller {
 public:
  explicit Teller(std::uint64_t total) : total_(total) {}
  void tell(std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (std::chrono::duration<double>(now - told_).count() < kTellSeconds) return;
    told_ = now;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double rate = static_cast<double>(done) / seconds;
    say("scored {} of {} sequences, {}/s, {} left\n", done, total_, format_count(rate),
        format_duration(static_cast<double>(total_ - done) / rate));
  }

 private:
  std::uint64_t total_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now(), told_ = begin_;
};

/// A file that is given twice would count twice.
void require_distinct(const Paths& files) {
  for (std::size_t i = 0; i < files.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      std::error_code error;
      if (std::filesystem::equivalent(files[i], files[j], error))
        throw UsageError(
            fmt::format("{} and {} are one file, whose sequences would count twice; leave one out",
                        files[j].string(), files[i].string()));
    }
}

bool is_page(const Options& options) {
  return options.has("output") && options.get<std::string>("output").ends_with(".html");
}

}  // namespace

ExitCode score_command(const Arguments& arguments, const Arguments&) {
  Options options("score", "FILE…",
                  "Scores sequences of anybody: their structure, their statistics beside the language's or a "
                  "generator's, "
                  "their probability under k-grams, and where they depart from the language. FILE as sample "
                  "writes it, or any "
                  ".npy, or text. The keys of language and generator say what to compare with.",
                  true);
  add_format(options);
  options.add()("stream", po::value<std::string>()->value_name("KIND"),
                "leaves, punctuated, segment or path, if the file does not say");
  options.add()("contexts", po::value<std::string>()->value_name("K,…"),
                "k-grams to score by, e.g. 1,9,81 or 2^0..2^8 (powers of d)");
  options.add()("context-unit",
                po::value<std::string>()->default_value("leaves")->value_name("leaves|tokens"),
                "what these contexts count; tokens: the begin mark and marks too");
  options.add()("patch", "write the true marks over what stands where marks belong");
  options.add()("reference-samples", po::value<std::string>()->value_name("N"),
                "sentences sampled of each writer to compare with (as many as are scored)");
  options.add()("scores", po::value<std::string>()->value_name("FILE"),
                "the scores of each sequence, as CSV");
  if (!parsed(options, arguments)) return ExitCode::done;
  const Paths files = paths(options, "score");
  require_distinct(files);
  const bool page = is_page(options);
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));

  const auto first = io::SequenceReader::open(files.front());
  const std::string unit = options.get<std::string>("context-unit");
  if (unit != "leaves" && unit != "tokens")
    throw UsageError(fmt::format("--context-unit {}: leaves or tokens", unit));
  analysis::ScoreSettings settings{reference_cell(reference_parameters(first->header().parameters, options))};
  settings.stream = stream_of(*first, options, files.front().string());
  settings.patch = options.has("patch");
  settings.unit = unit == "tokens" ? ContextUnit::tokens : ContextUnit::leaves;
  settings.contexts = contexts(options, settings.reference.language(), settings.unit);
  if (options.has("reference-samples")) {
    settings.reference_samples = static_cast<std::uint64_t>(options.whole(
        "reference-samples", kJackknifeBins, kMostReferenceSamples, "sentences of each writer"));
  }
  const std::uint64_t total = count_sequences(files, first->header(), settings);
  if (total == 0)
    throw DataError(fmt::format("{}: no sequences in it; nothing to score", files.front().string()));

  std::optional<ScoreFile> scores;
  if (options.has("scores")) {
    io::require_harmless_output(options.get<std::string>("scores"), files);
    scores.emplace(options.get<std::string>("scores"), settings);
  }
  analysis::ScoreBook book(settings, total);
  Teller teller(total);
  std::uint64_t done = 0;
  each_sequence(files, first->header(), settings, [&](std::span<const std::int32_t> tokens) {
    const analysis::SequenceScore score = book.add(tokens);
    if (scores) scores->add(score);
    teller.tell(++done);
  });
  if (scores) scores->close();
  const analysis::Score score = book.finish();
  if (page) {
    const std::filesystem::path html = options.get<std::string>("output");
    io::require_harmless_output(html, files);
    analysis::write_score_page(html, score, "Sequences of " + files.front().filename().string());
    say("page: {}\n", html.string());
    return ExitCode::done;
  }
  const std::size_t columns = output_columns(options);
  write_output(options, "score",
               [&](std::ostream& out) { analysis::write_score(out, format, score, columns); });
  return ExitCode::done;
}

}  // namespace leafcast::jobs
