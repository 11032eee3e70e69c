#pragma once
#include <string>
#include <vector>

#include "engine/plan/record.h"
#include "engine/plan/search.h"

/// Searches (engine/plan/search.h) in words.
namespace leafcast::jobs {

/// "valid_rate crosses 0.9"; of searches with different levels, from which to which. Needs a search.
std::string crossings_text(const std::vector<Search>& searches);

/// Between which neighbouring candidates each level of each search was crossed, a line each; or that it was not.
std::vector<std::string> crossings_found(const Record& record);

}  // namespace leafcast::jobs
