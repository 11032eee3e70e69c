#pragma once
#include <string>
#include <vector>

#include "jobs/commands/inputs.h"
#include "jobs/commands/options.h"

/// What of a run's results a command is about.
namespace leafcast::jobs {

/// The values of an option that takes a list, NAME,…; throws UsageError if there are none.
std::vector<std::string> list_of(const Options& options, const std::string& name);

/// --law NAME,…: only fits of these laws. Throws UsageError for a law that does not exist.
void add_law(Options& options);
void keep_laws(const Options& options, std::vector<Fit>& fits);

/// --languages TEXT,…: only what is of languages whose name has one of the texts in it; fits are made anew. Throws UsageError for
/// a text that no name has.
void add_languages(Options& options);
void keep_languages(const Options& options, Analysed& all);

}  // namespace leafcast::jobs
