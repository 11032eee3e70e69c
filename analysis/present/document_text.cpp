#include <algorithm>
#include <ostream>
#include <sstream>

#include "analysis/present/document.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kGap = 2;  // between columns

/// A table as it is printed: texts and widths by column.
struct Columns {
  struct One {
    Column column;
    std::vector<std::string> texts;  ///< heading first
    std::size_t width = 0;
  };
  std::vector<One> list;

  explicit Columns(const Table& table) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      One one{table.columns[c], {table.columns[c].name}};
      for (const Row& row : table.rows)
        if (row.size() > 1 || table.columns.size() == 1) one.texts.push_back(row[c].text(one.column.kind));
      for (const std::string& text : one.texts) one.width = std::max(one.width, display_width(text));
      list.push_back(std::move(one));
    }
  }

  /// Leaves out columns of lowest priority until the rest fits; what they mean, the last column first.
  std::vector<std::string> fit(std::size_t width) {
    std::vector<std::string> spared;
    while (list.size() > 1 && total_width() > width) {
      const auto least = std::min_element(list.rbegin(), list.rend(), [](const One& a, const One& b) {
        return a.column.priority < b.column.priority;
      });
      if (least->column.priority >= 9) break;
      spared.push_back(least->column.meaning.empty() ? least->column.name : least->column.meaning);
      list.erase(std::next(least).base());
    }
    return spared;
  }

  /// Words to the left, numbers to the right.
  std::string line(std::size_t row) const {
    std::string line;
    for (const One& one : list) {
      const std::string padding(one.width - display_width(one.texts[row]), ' ');
      if (&one != &list.front()) line.append(kGap, ' ');
      line += one.column.kind == Column::Kind::word ? one.texts[row] + padding : padding + one.texts[row];
    }
    return line.erase(line.find_last_not_of(' ') + 1) + '\n';
  }

 private:
  std::size_t total_width() const {
    std::size_t sum = 0;
    for (const One& one : list) sum += one.width + kGap;
    return sum - std::min(sum, kGap);
  }
};

/// Prints blocks, a blank line between them.
class TextWriter {
 public:
  TextWriter(std::ostream& out, std::size_t width) : out_(out), width_(width) {}

  void operator()(const Document& document) {
    for (const Document::Block& block : document.shown_blocks()) std::visit(*this, block);
  }
  void operator()(const Heading& heading) {
    part();
    out_ << wrap(heading.text, "", width_);
    tight_ = true;
  }
  void operator()(const Paragraph& paragraph) {
    const bool soft = paragraph.look == Paragraph::Look::soft;
    if (!soft) part();
    out_ << wrap(paragraph.opening + (paragraph.opening.empty() ? "" : " ") + paragraph.text,
                 soft ? "  " : "", width_);
    first_ = tight_ = false;
  }
  void operator()(const List& list) {
    part();
    for (const std::string& item : list.items) out_ << wrap(item, "  ", width_);
  }
  void operator()(const Table& table) {
    part();
    Columns columns(table.without_empty_columns());
    for (std::string& what : columns.fit(width_))
      if (std::ranges::find(left_out_, what) == left_out_.end()) left_out_.push_back(std::move(what));
    if (table.has_headings()) out_ << columns.line(0);
    std::size_t printed = 1;
    for (const Row& row : table.rows)
      out_ << (row.size() == 1 && table.columns.size() > 1 ? wrap(row[0].text(), "  ", width_)
                                                           : columns.line(printed++));
  }
  void operator()(const Verbatim& verbatim) {
    part();
    out_ << verbatim.text << (verbatim.text.ends_with('\n') ? "" : "\n");
  }
  void operator()(const Section& section) {
    (*this)(Heading{section.title, 2});
    (*this)(section.content.front());
  }
  void operator()(const Tiles&) {}
  void operator()(const Figures&) {}
  void operator()(const Links&) {}

  void end(const std::string& elsewhere) {
    std::string list;
    for (const std::string& what : left_out_) list += (list.empty() ? "" : ", ") + what;
    if (!list.empty())
      (*this)(Paragraph{"left out for want of room: " + list + "; " + elsewhere +
                        ", and so has a wider terminal (or COLUMNS=200)"});
  }

 private:
  void part() {
    if (!first_ && !tight_) out_ << '\n';
    first_ = tight_ = false;
  }

  std::ostream& out_;
  std::size_t width_;
  bool first_ = true, tight_ = false;  ///< nothing yet; after a heading
  std::vector<std::string> left_out_;
};

}  // namespace

void write_text(std::ostream& out, const Document& document, std::size_t width,
                const std::string& elsewhere) {
  TextWriter write(out, width);
  write(document);
  write.end(elsewhere);
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
