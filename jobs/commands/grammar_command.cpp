// What is exactly known of random grammars, and the grammars themselves.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>

#include "analysis/present/grammar_tables.h"
#include "engine/error.h"
#include "io/file/atomic_file.h"
#include "jobs/commands/inputs.h"
#include "jobs/commands/output.h"
#include "jobs/commands/program.h"
#include "jobs/commands/say.h"
#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {

std::string file_name(const Cell& cell, std::size_t number) {
  const auto seed = cell.parameters().find("language.grammar-seed");
  return fmt::format("grammar-{}-v{}-s{}-L{}{}.txt", number, cell.language().symbols(), cell.language().d,
                     cell.language().height,
                     seed == cell.parameters().end() ? "" : fmt::format("-seed{}", seed->second));
}

/// One file for one grammar, a directory for more.
void export_grammars(const std::string& output, const std::vector<analysis::GrammarFamily>& families) {
  std::vector<const Cell*> cells;
  for (const analysis::GrammarFamily& family : families)
    cells.insert(cells.end(), family.members.begin(), family.members.end());
  const auto write = [](const std::filesystem::path& path, const Cell& cell) {
    const std::string text = fmt::format("# {}\n{}", cell.label(), cell.language().grammar().text());
    io::write_atomically(path, std::as_bytes(std::span(text)));
  };
  if (cells.size() == 1) {
    write(output, *cells.front());
    say("grammar: {}\n", output);
    return;
  }
  std::filesystem::create_directories(output);
  for (std::size_t i = 0; i < cells.size(); ++i)
    write(std::filesystem::path(output) / file_name(*cells[i], i), *cells[i]);
  say("{} grammars: {}/\n", cells.size(), output);
}

/// Of the options --contexts and --leaf, for grammars that all have the leaf.
analysis::LeafContexts asked_contexts(const Options& options, const Plan& plan) {
  analysis::LeafContexts asked{-1, {}};
  std::int64_t leaves = std::numeric_limits<std::int64_t>::max();
  for (const Cell& cell : plan.cells())
    if (cell.language().is_grammar()) leaves = std::min(leaves, cell.language().leaves());
  if (options.has("leaf")) asked.leaf = options.whole("leaf", 0, leaves - 1, "leaves are numbered from 0");
  if (!options.has("contexts")) {
    if (asked.leaf >= 0) throw UsageError("--leaf says whose contexts are asked for; add --contexts 0,1,…");
    return asked;
  }
  asked.contexts = options.wholes("contexts", 0, 0, std::int64_t{1} << 40, "leaves before it");
  return asked;
}

}  // namespace

ExitCode grammar_command(const Arguments& arguments, const Arguments&) {
  Options options("grammar", "SWEEP…",
                  "Prints what is exactly known of the grammars of a sweep: correlations, entropies, "
                  "thresholds; averages "
                  "over grammar seeds. Writes the grammars if asked to.",
                  true);
  add_format(options);
  options.add()("export", po::value<std::string>()->value_name("FILE"),
                "write the rules: a file that language.file reads, or a directory of them if there are "
                "several grammars");
  options.add()("contexts", po::value<std::string>()->value_name("K,…"),
                "also the entropy of one leaf given the k leaves before it, for these k: 0..7, 2^0..2^7");
  options.add()("leaf", po::value<std::string>()->value_name("I"), "of leaf I, from 0 (the last)");
  if (!parsed(options, arguments)) return ExitCode::done;
  const analysis::Format format = analysis::parse_format(options.get<std::string>("format"));
  const Plan plan = read_sweeps(options.positional(), options.overrides());
  const std::vector<analysis::GrammarFamily> families =
      analysis::grammar_families(plan, asked_contexts(options, plan));
  if (families.empty()) throw UsageError("no cell of the sweep is of a grammar; set language.kind = rhm");
  if (options.has("export")) export_grammars(options.get<std::string>("export"), families);
  write_output(options, "grammar",
               [&](std::ostream& out) { analysis::write_grammars(out, format, families); });
  return ExitCode::done;
}

}  // namespace leafcast::jobs
