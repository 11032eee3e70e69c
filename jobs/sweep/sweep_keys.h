#pragma once
#include <string>
#include <vector>

#include "engine/parameters/parameter_table.h"
#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

/// How the values of a known key are written.
ValueForm value_form(const std::string& key);
/// The words that a key of form `words` takes.
std::vector<std::string> word_choices(const std::string& key);
/// "language", "generator", …: what may stand in brackets.
std::vector<std::string> sweep_sections();
/// Throws UsageError with the nearest known key unless sweep_keys() has this one.
void check_key(const Setting& setting);

}  // namespace leafcast::jobs
