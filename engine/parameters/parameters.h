#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/error.h"

namespace leafcast {

/// Fully resolved sweep keys of one cell ("language.d" → "3"): the one textual form of a cell, in plans and
/// files.
using Parameters = std::map<std::string, std::string>;

/// "key=value", separated by tabs: the line of a cell in a plan.
std::string to_line(const Parameters& parameters);
/// Throws DataError.
Parameters from_line(std::string_view line);

/// A parameter that no cell can have. `key` names it, so that the sweep's reader can add file and line;
/// `impossible_combination` is true when the value is fine by itself but not in this tree (context-depth >
/// height): such cells are left out of ranges.
struct CellError : UsageError {
  CellError(std::string of_key, std::string of_value, std::string why, bool of_combination = false)
      : UsageError(of_key + (of_value.empty() ? "" : " " + of_value) + ": " + why),
        key(std::move(of_key)),
        value(std::move(of_value)),
        reason(std::move(why)),
        impossible_combination(of_combination) {}
  std::string key, value, reason;
  bool impossible_combination;
};

}  // namespace leafcast
