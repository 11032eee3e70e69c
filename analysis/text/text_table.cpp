#include "analysis/text/text_table.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kGap = 2;

std::vector<std::size_t> widths(const TextTable& table) {
  std::vector<std::size_t> list;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t widest = display_width(table.columns[c].header);
    for (const auto& row : table.rows) widest = std::max(widest, display_width(row[c]));
    list.push_back(widest);
  }
  return list;
}

std::size_t total_width(const TextTable& table) {
  std::size_t sum = 0;
  for (const std::size_t width : widths(table)) sum += width + kGap;
  return sum - std::min(sum, kGap);
}

void erase_column(TextTable& table, std::size_t c) {
  table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
  for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
}

void print_line(std::ostream& out, const std::vector<std::string>& texts, const TextTable& table,
                const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t c = 0; c < texts.size(); ++c) {
    const std::string padding(widths[c] - display_width(texts[c]), ' ');
    const bool left = table.columns[c].kind == TextTable::Kind::word;
    if (c > 0) line.append(kGap, ' ');
    line += left ? texts[c] + padding : padding + texts[c];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << '\n';
}

}  // namespace

std::vector<std::string> TextTable::fit(std::size_t width) {
  std::vector<std::string> spared;
  for (std::size_t c = columns.size(); c-- > 0;)
    if (std::all_of(rows.begin(), rows.end(), [c](const auto& row) { return row[c].empty(); }))
      erase_column(*this, c);
  while (columns.size() > 1 && total_width(*this) > width) {
    const auto least =
        std::min_element(columns.rbegin(), columns.rend(),
                         [](const Column& a, const Column& b) { return a.priority < b.priority; });
    if (least->priority >= 9) break;
    spared.push_back(least->meaning.empty() ? least->header : least->meaning);
    erase_column(*this, static_cast<std::size_t>(std::distance(least, columns.rend()) - 1));
  }
  return spared;
}

std::vector<std::string> print(std::ostream& out, TextTable table, std::size_t width) {
  std::vector<std::string> spared = table.fit(width);
  const std::vector<std::size_t> column_widths = widths(table);
  std::vector<std::string> headers;
  for (const auto& column : table.columns) headers.push_back(column.header);
  print_line(out, headers, table, column_widths);
  for (const auto& row : table.rows) print_line(out, row, table, column_widths);
  return spared;
}

std::string wrap(const std::string& text, const std::string& indent, std::size_t width) {
  std::istringstream words(text);
  std::string lines, line = indent;
  bool empty = true;
  for (std::string word; words >> word;) {
    if (!empty && display_width(line) + 1 + display_width(word) > width) {
      lines += line + '\n';
      line = indent;
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  return lines + line + '\n';
}

}  // namespace leafcast::analysis
