#pragma once
#include <string>
#include <vector>

namespace leafcast::jobs {

/// Edits (insert, delete, replace a character) from one word to the other: Levenshtein's distance.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// The candidate with the fewest edits from the word; the first of equals. There is at least one candidate.
const std::string& find_nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace leafcast::jobs
