#pragma once
#include <string>
#include <vector>

#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

enum class ValueForm {
  text,   ///< one free text: the title
  names,  ///< a list of file names
  words,  ///< a list of the words in the placeholder
  whole,  ///< a list of whole numbers, ranges and powers
  depth,  ///< as whole, and may speak of the tree's height
  real,   ///< a list of numbers, and ranges with a step
  goals,  ///< as real, and of targets by statistic: variance:0.01 + valid_rate:0.05
};

/// How the values of a known key are written.
ValueForm value_form(const std::string& key);
/// The words that a key of form `words` takes.
std::vector<std::string> word_choices(const std::string& key);
/// "language", "generator", …: what may stand in brackets.
std::vector<std::string> sweep_sections();
/// Throws UsageError with the nearest known key unless sweep_keys() has this one.
void check_key(const Setting& setting);

}  // namespace leafcast::jobs
