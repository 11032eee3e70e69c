#include "jobs/commands/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "analysis/fit/fits.h"
#include "analysis/fit/laws/registry.h"
#include "analysis/text/cell_text.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

std::vector<std::string> list_of(const Options& options, const std::string& name) {
  std::vector<std::string> list;
  std::istringstream words(options.get<std::string>(name));
  for (std::string word; std::getline(words, word, ',');) list.push_back(word);
  if (list.empty()) throw UsageError(fmt::format("--{}: it names none", name));
  return list;
}

void add_law(Options& options) {
  options.add()("law", po::value<std::string>()->value_name("NAME,…"),
                "only fits of these laws, e.g. variance-context-depth");
}

void keep_laws(const Options& options, std::vector<Fit>& fits) {
  if (!options.has("law")) return;
  std::vector<std::string> known;
  for (const analysis::Law& law : analysis::laws()) known.push_back(law.name);
  const std::vector<std::string> wanted = list_of(options, "law");
  for (const std::string& name : wanted)
    if (std::ranges::find(known, name) == known.end())
      throw UsageError(
          fmt::format("--law {}: no such law; did you mean {}?", name, find_nearest(name, known)));
  std::erase_if(fits, [&](const Fit& fit) { return std::ranges::find(wanted, fit.law) == wanted.end(); });
}

void add_languages(Options& options) {
  options.add()("languages", po::value<std::string>()->value_name("TEXT,…"),
                "only languages whose name has one of these in it, e.g. 'h=8' or 'ising d=3'");
}

void keep_languages(const Options& options, Analysed& all) {
  if (!options.has("languages")) return;
  std::vector<std::string> known;
  for (const Estimate& estimate : all.estimates) {
    const std::string name = analysis::language_text(all.record.plan.cells()[estimate.cell]);
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  }
  const std::vector<std::string> wanted = list_of(options, "languages");
  for (const std::string& part : wanted)
    if (std::ranges::none_of(known,
                             [&](const std::string& name) { return name.find(part) != std::string::npos; }))
      throw UsageError(fmt::format("--languages {}: no language is called so; did you mean '{}'?", part,
                                   find_nearest(part, known)));
  std::erase_if(all.estimates, [&](const Estimate& estimate) {
    const std::string name = analysis::language_text(all.record.plan.cells()[estimate.cell]);
    return std::ranges::none_of(
        wanted, [&](const std::string& part) { return name.find(part) != std::string::npos; });
  });
  all.fits = analysis::fits(all.record, all.estimates);
}

}  // namespace leafcast::jobs
