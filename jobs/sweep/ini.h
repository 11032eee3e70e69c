#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

/// Reads the text of a sweep file: "[section]" lines put "section." before the keys that follow, "key =
/// value" lines are settings, "#" and ";" at the start of a line or after a blank begin a comment. `name` is
/// the file's, for messages. Throws UsageError with the line: neither of these, a section that is not among
/// `sections`, a key without a value, or a key that stands twice.
std::vector<Setting> parse_ini(const std::string& text, const std::string& name,
                               const std::vector<std::string>& sections);

/// Throws UsageError "rho = 1.2 (sweeps/ising.ini:9): reason".
[[noreturn]] void refuse(const Setting& setting, const std::string& reason);

std::string_view trim(std::string_view text);

}  // namespace leafcast::jobs
