#pragma once
#include <string>
#include <vector>

namespace leafcast {

/// How the values of a key are written.
enum class ValueForm {
  text,   ///< one free text: the title
  names,  ///< a list of file names
  words,  ///< a list of the words in the placeholder
  whole,  ///< a list of whole numbers, ranges and powers
  depth,  ///< as whole, and may speak of the tree's height
  real,   ///< a list of numbers, and ranges with a step
  goals,  ///< as real, and of targets by statistic: variance:0.01 + valid_rate:0.05
  given,  ///< none of the sweep language: what language.file holds
};

/// Type of a key's column of /cells in results.h5.
enum class ColumnType { none, text, integer, real };

/// Which plans have a key's column of /cells: all, those of which some cell says the key, or those that have
/// some cell of a kind.
enum class StoredWith { all, users, grammars, learners, splitting, pooled_seeds, goals };

/// How a value reads among the parts of a cell's description: "ρ={}". Parts stand in the order of their
/// places, languages before generators.
struct Reading {
  int place = 0;  ///< 0: not among them
  std::string format = {};
  std::string silent = {};  ///< the value that goes without saying
};

/// A key used only with one choice of another: language.zipf-level with language.rules = zipf.
struct Condition {
  std::string key = {}, choice = {};
};

/// A key of the sweep language. Which kinds of languages and generators use it say their registries.
struct Parameter {
  std::string key;
  ValueForm form;
  std::string placeholder;  ///< "R", or the words "leaves|tokens"; the registries have the kinds
  std::string help;         ///< one line; the default in parentheses
  Reading reading = {};
  ColumnType stored = ColumnType::none;
  std::string stored_name = {};  ///< of the column in results.h5, if not column()
  StoredWith stored_with = StoredWith::all;
  Condition only_with = {};
  std::string unsaid = {};  ///< the value of a cell whose canonical form leaves the key out
  bool tabled = true;       ///< a column of `table --format csv`

  /// "zipf_level": the key's last part, as a column.
  std::string column() const;
};

/// All keys, in the order in which lists multiply: the first varies slowest.
const std::vector<Parameter>& parameter_table();
/// Null if there is none.
const Parameter* find_parameter(const std::string& key);

}  // namespace leafcast
