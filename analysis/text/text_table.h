#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace leafcast::analysis {

/// A table for people, the same for the terminal and the page.
struct TextTable {
  enum class Kind { word, number, z };
  struct Column {
    std::string header;
    Kind kind = Kind::number;
    int priority = 9;          ///< columns of low priority are left out first where room is short
    std::string meaning = "";  ///< what is missed when it is left out, if the header does not say
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< UTF-8

  /// Leaves out columns with nothing in them, then those of lowest priority until the rest fits. Returns what
  /// the latter mean, the last column first.
  std::vector<std::string> fit(std::size_t width);
};

/// Two spaces between columns, words to the left and numbers to the right, no line above `width` if columns
/// can be spared. Returns what those mean that were.
std::vector<std::string> print(std::ostream& out, TextTable table, std::size_t width = 80);

/// Breaks text at spaces so that no line is longer than `width`; continued lines are indented.
std::string wrap(const std::string& text, const std::string& indent, std::size_t width = 80);

}  // namespace leafcast::analysis
